"""Sigstore bundle v0.3 per statement: envelope, log entry shaped as Rekor v2's, inclusion proof and checkpoint in one file."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.canonical import canonical_json, parse_canonical
from core.errors import IntegrityFailed
from evidence import checkpoint, dsse, merkle
from evidence.checkpoint import Checkpoint, VerifierKey
from evidence.dsse import decode_base64, encode_base64
from evidence.statements import STATEMENT_TYPE
from evidence.trust import TrustedRoot

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
KIND = "hashedrekord"
VERSION = "0.0.2"


@dataclass(frozen=True)
class Verified:
    """A statement whose signature, place in the log and checkpoint all hold."""

    statement: Mapping[str, Any]
    index: int
    leaf_hash: bytes
    head: Checkpoint
    note: str

    @property
    def predicate_type(self) -> str:
        """URI of the predicate."""
        return str(self.statement["predicateType"])

    @property
    def subjects(self) -> list[tuple[str, str]]:
        """(name, hex SHA-256) of each subject."""
        return [(row["name"], row["digest"]["sha256"]) for row in self.statement["subject"]]


def file_name(index: int) -> str:
    """Where the bundle of log entry ``index`` lies in a case and in a report."""
    return f"statement-{index}.sigstore.json"


def is_file_name(name: str) -> bool:
    """Whether ``name`` is one that ``file_name`` gives."""
    return re.fullmatch(r"statement-(0|[1-9]\d{0,18})\.sigstore\.json", name) is not None


def leaf(envelope: Mapping[str, Any], trust: TrustedRoot) -> bytes:
    """Canonical ``hashedrekord/0.0.2`` over SHA-256 of the envelope's PAE, with its signature and the signer's public key."""
    spki = trust.statements[envelope["signatures"][0]["keyid"]]
    digest = hashlib.sha256(dsse.pae(envelope["payloadType"], decode_base64(envelope["payload"]))).digest()
    verifier = {"keyDetails": "PKIX_ECDSA_P256_SHA_256", "publicKey": {"rawBytes": encode_base64(spki)}}
    entry = {
        "data": {"algorithm": "SHA2_256", "digest": encode_base64(digest)},
        "signature": {"content": envelope["signatures"][0]["sig"], "verifier": verifier},
    }
    return dsse.compact({"apiVersion": VERSION, "kind": KIND, "spec": {"hashedRekordV002": entry}})


def statement_of(envelope: Mapping[str, Any], trust: TrustedRoot) -> dict[str, Any]:
    """The in-toto Statement v1 in ``envelope``, parsed only after its signature held; ``IntegrityFailed`` otherwise."""
    payload = dsse.verify(envelope, trust.statement_keys)
    statement = parse_canonical(payload)
    if set(statement) != {"_type", "subject", "predicateType", "predicate"} or statement["_type"] != STATEMENT_TYPE:
        raise IntegrityFailed("the signed payload is not an in-toto Statement v1")
    return dict(statement)


def build(envelope: Mapping[str, Any], trust: TrustedRoot, index: int, proof: Sequence[bytes], note: str) -> bytes:
    """Canonical JSON of the bundle for log entry ``index`` proven against the checkpoint in ``note``."""
    key = log_key(note, trust)
    head = checkpoint.verify(note, key)
    entry = {
        "logIndex": str(index),
        "logId": {"keyId": encode_base64(key.log_id)},
        "kindVersion": {"kind": KIND, "version": VERSION},
        "canonicalizedBody": encode_base64(leaf(envelope, trust)),
        "inclusionProof": {
            "logIndex": str(index),
            "rootHash": encode_base64(head.root),
            "treeSize": str(head.size),
            "hashes": [encode_base64(sibling) for sibling in proof],
            "checkpoint": {"envelope": note},
        },
    }
    material = {"publicKey": {"hint": envelope["signatures"][0]["keyid"]}, "tlogEntries": [entry]}
    return canonical_json({"mediaType": MEDIA_TYPE, "verificationMaterial": material, "dsseEnvelope": dict(envelope)})


def verify(data: bytes, trust: TrustedRoot) -> Verified:
    """Check every byte of a bundle against ``trust``; ``IntegrityFailed`` with the reason when anything does not hold."""
    try:
        return _verify(data, parse_canonical(data), trust)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise IntegrityFailed(f"not a bundle as this software writes it ({type(error).__name__}: {str(error)[:120]})") from error


def _verify(data: bytes, value: Mapping[str, Any], trust: TrustedRoot) -> Verified:
    envelope = value["dsseEnvelope"]
    statement = statement_of(envelope, trust)
    entry = value["verificationMaterial"]["tlogEntries"][0]
    note, index = entry["inclusionProof"]["checkpoint"]["envelope"], int(entry["logIndex"])
    head = checkpoint.verify(note, log_key(note, trust))
    proof = [decode_base64(sibling) for sibling in entry["inclusionProof"]["hashes"]]
    found = Verified(statement, index, merkle.leaf_hash(leaf(envelope, trust)), head, note)
    merkle.verify_inclusion(found.leaf_hash, index, head.size, proof, head.root)
    # Rebuilding leaves no field that could be changed without notice.
    if build(envelope, trust, index, proof, note) != data:
        raise IntegrityFailed(f"log entry {index}: the bundle carries something beside what was proven")
    if not found.subjects:
        raise IntegrityFailed(f"log entry {index}: the statement has no subject")
    return found


def log_key(note: str, trust: TrustedRoot) -> VerifierKey:
    """The trusted key of the log whose origin is the first line of ``note``; ``IntegrityFailed`` when there is none."""
    origin = note.split("\n", 1)[0]
    if origin not in trust.logs:
        raise IntegrityFailed(f"the checkpoint is of log {origin[:80]!r}, which is not among the trusted logs")
    return trust.logs[origin]
