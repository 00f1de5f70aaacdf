"""DSSE envelopes (secure-systems-lab/dsse): one ECDSA P-256 signature, verified before anything inside is parsed."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from core.errors import IntegrityFailed

PAYLOAD_TYPE = "application/vnd.in-toto+json"


class Signature(Protocol):
    """Key id, and the signature in hex."""

    keyid: str
    signature: str


class Signer(Protocol):
    """Any signer of securesystemslib: file, KMS or HSM. Kept a protocol so that verifying loads none of them."""

    def sign(self, payload: bytes) -> Signature:
        """Sign ``payload``."""


def encode_base64(data: bytes) -> str:
    """Standard base64 with padding, on one line."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str) -> bytes:
    """Bytes of ``text``; ``IntegrityFailed`` on anything but the one canonical spelling (no spaces, no stray trailing bits)."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise IntegrityFailed("a field is not base64") from error
    if encode_base64(data) != text:
        raise IntegrityFailed("a base64 field is not in canonical form")
    return data


def compact(value: Mapping[str, Any]) -> bytes:
    """RFC 8785 bytes of a value made of printable ASCII strings alone, as envelopes and leaves are; several times faster than the general form."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def pae(payload_type: str, payload: bytes) -> bytes:
    """Pre-authentication encoding: what is really signed, so that no signature can pass for another payload type."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, signer: Signer) -> dict[str, Any]:
    """Envelope of ``payload`` with one signature by ``signer``."""
    signature = signer.sign(pae(PAYLOAD_TYPE, payload))
    return {
        "payload": encode_base64(payload),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": signature.keyid, "sig": encode_base64(bytes.fromhex(signature.signature))}],
    }


def verify(envelope: Mapping[str, Any], keys: Mapping[str, ec.EllipticCurvePublicKey]) -> bytes:
    """Payload bytes once exactly one signature by a key of ``keys`` (by key id) holds; ``IntegrityFailed`` otherwise."""
    match envelope:
        case {"payload": str(body), "payloadType": str(kind), "signatures": [{"keyid": str(keyid), "sig": str(signature)} as row]}:
            extra = len(envelope) + len(row) - 5
        case _:
            extra = 1
    if extra:
        raise IntegrityFailed("not a DSSE envelope with exactly one signature")
    if kind != PAYLOAD_TYPE:
        raise IntegrityFailed(f"the envelope holds {kind!r}, not an in-toto statement")
    if keyid not in keys:
        raise IntegrityFailed(f"signed by key {keyid!r}, which is not among the trusted statement keys")
    payload = decode_base64(body)
    try:
        keys[keyid].verify(decode_base64(signature), pae(kind, payload), ec.ECDSA(SHA256()))
    except InvalidSignature as error:
        raise IntegrityFailed(f"the signature by key {keyid[:16]} does not match the statement") from error
    return payload
