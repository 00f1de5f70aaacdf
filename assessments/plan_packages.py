"""A sealed plan as one file for the vendor that is to run it: the document, its seal with the proof from our log, who it is for, and our public keys."""

from dataclasses import dataclass
from typing import Any

from core.canonical import canonical_digest, canonical_json, parse_canonical
from core.errors import IntegrityFailed
from core.hashing import sha256_bytes
from evidence import bundle, statements
from evidence.bundle import Verified
from evidence.trust import TrustedRoot

MEDIA_TYPE = "application/vnd.assay.plan-package.v1+json"
FIELDS = {"mediaType", "plan", "seal", "handover", "trusted_root"}
LARGEST = 16 << 20
"""Bytes; a plan of a hundred steps is well below one megabyte."""
PLAN_FILE = "plan.json"


@dataclass(frozen=True)
class PlanPackage:
    """A package whose signatures, proofs and digests all hold. ``fingerprint``: hex SHA-256 of the sender's key file, to be compared out of band."""

    document: dict[str, Any]
    digest: str
    seal: Verified
    handover: Verified
    trust: TrustedRoot
    fingerprint: str

    @property
    def origin(self) -> str:
        """Name of the sender's log."""
        return self.seal.head.origin


def package_build(document: dict[str, Any], seal: bytes, handover: bytes, trusted_root: bytes) -> bytes:
    """The file: canonical JSON of the plan, two bundles and the public keys."""
    parts = {"seal": parse_canonical(seal), "handover": parse_canonical(handover), "trusted_root": parse_canonical(trusted_root)}
    return canonical_json({"mediaType": MEDIA_TYPE, "plan": document, **parts})


def package_read(data: bytes) -> PlanPackage:
    """Check every part of a package against the keys inside it; ``IntegrityFailed`` says which part does not hold.

    Whose keys these are only a comparison of ``fingerprint`` by another way can tell.
    """
    value = _parsed(data)
    trusted_root = canonical_json(value["trusted_root"])
    trust, digest = TrustedRoot.parse(trusted_root), canonical_digest(value["plan"])
    seal = bundle.verify(canonical_json(value["seal"]), trust)
    if seal.predicate_type != statements.PLAN_SEAL or seal.subjects != [(PLAN_FILE, digest)]:
        raise IntegrityFailed("the plan in the file is not the one that was sealed: its digest is another. Ask the sender for the file again.")
    handover = bundle.verify(canonical_json(value["handover"]), trust)
    if handover.predicate_type != statements.PLAN_HANDOVER or handover.subjects != [(PLAN_FILE, digest)] or handover.index <= seal.index:
        raise IntegrityFailed("the signed note of the handing over does not belong to this plan. Ask the sender for the file again.")
    return PlanPackage(dict(value["plan"]), digest, seal, handover, trust, sha256_bytes(trusted_root))


def _parsed(data: bytes) -> dict[str, Any]:
    if len(data) > LARGEST:
        raise IntegrityFailed(f"the file has {len(data)} bytes; a plan package has at most {LARGEST}")
    try:
        value = parse_canonical(data)
    except (ValueError, RecursionError) as error:
        raise IntegrityFailed("the file is not a plan package: it is no canonical JSON. It may have been opened and saved by an editor.") from error
    if not isinstance(value, dict) or set(value) != FIELDS or value["mediaType"] != MEDIA_TYPE or not isinstance(value["plan"], dict):
        raise IntegrityFailed("the file is not a plan package of this program")
    return value
