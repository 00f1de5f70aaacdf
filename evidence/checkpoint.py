"""C2SP signed notes and tlog checkpoints with Ed25519: the log's head, signed (c2sp.org/signed-note, c2sp.org/tlog-checkpoint)."""

import hashlib
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core.errors import IntegrityFailed
from evidence.dsse import decode_base64, encode_base64

ED25519 = b"\x01"


@dataclass(frozen=True)
class VerifierKey:
    """A named Ed25519 public key of 32 raw bytes."""

    name: str
    raw: bytes

    @property
    def log_id(self) -> bytes:
        """SHA-256 of name, newline, algorithm and key; its first four bytes are the hint in a signature line."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.raw).digest()

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key written as ``name+hint+base64``; ``IntegrityFailed`` when the hint does not belong to the key."""
        name, hint, body = [*text.split("+", 2), "", ""][:3]
        data = decode_base64(body)
        key = cls(name, data[1:])
        if data[:1] != ED25519 or len(key.raw) != 32 or not _name_ok(name) or str(key) != text or hint != key.log_id[:4].hex():
            raise IntegrityFailed(f"{text[:80]!r} is not a verifier key for Ed25519")
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.log_id[:4].hex()}+{encode_base64(ED25519 + self.raw)}"


@dataclass(frozen=True)
class Checkpoint:
    """Head of a log: its origin, number of entries and Merkle root (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the three lines of a checkpoint without extensions; ``IntegrityFailed`` on any other text."""
        origin, size, root = [*text.split("\n"), "", ""][:3]
        if not (size.isascii() and size.isdecimal() and len(size) < 20):
            raise IntegrityFailed("the size in the checkpoint is not a number")
        found = cls(origin, int(size), decode_base64(root))
        if str(found) != text or len(found.root) != 32 or not origin:
            raise IntegrityFailed("not a checkpoint of three lines: origin, size, root")
        return found


def _name_ok(name: str) -> bool:
    return bool(name) and "+" not in name and not any(mark.isspace() for mark in name)


def note_sign(text: str, name: str, key: Ed25519PrivateKey) -> str:
    """Signed note over ``text`` (which ends in a newline) with one signature line."""
    if not text.endswith("\n") or not _name_ok(name):
        raise ValueError("a note ends in a newline and its signer's name has neither spaces nor a plus sign")
    hint = VerifierKey(name, key.public_key().public_bytes_raw()).log_id[:4]
    return f"{text}\n\u2014 {name} {encode_base64(hint + key.sign(text.encode()))}\n"


def note_open(note: str, key: VerifierKey) -> str:
    """Text of a note that carries exactly one signature, by ``key``; ``IntegrityFailed`` otherwise."""
    text, separator, line = note.rpartition("\n\n")
    text += "\n"
    prefix = f"\u2014 {key.name} "
    if not separator or not line.startswith(prefix) or not line.endswith("\n") or line.count("\n") != 1:
        raise IntegrityFailed(f"the checkpoint carries no single signature line by {key.name}")
    signature = decode_base64(line[len(prefix) : -1])
    if signature[:4] != key.log_id[:4]:
        raise IntegrityFailed(f"the checkpoint is signed by another key than the trusted key of {key.name}")
    try:
        Ed25519PublicKey.from_public_bytes(key.raw).verify(signature[4:], text.encode())
    except (InvalidSignature, ValueError) as error:
        raise IntegrityFailed(f"the checkpoint's signature by {key.name} does not hold") from error
    return text


def sign(head: Checkpoint, key: Ed25519PrivateKey) -> str:
    """The checkpoint of ``head`` as a signed note; the signer's name is the origin."""
    return note_sign(str(head), head.origin, key)


def verify(note: str, key: VerifierKey) -> Checkpoint:
    """The log head in ``note`` once the signature by ``key`` holds and the origin is its name; ``IntegrityFailed`` otherwise."""
    head = Checkpoint.parse(note_open(note, key))
    if head.origin != key.name:
        raise IntegrityFailed(f"the checkpoint is of log {head.origin!r}, not of {key.name!r}")
    return head
