"""Files that people hand in as proof: checked for kind and size, then stored under their hash."""

from dataclasses import dataclass
from pathlib import PurePath

from core.errors import InvalidInput
from evidence.services import StoredFile
from evidence.storage import blob_put_bytes

LARGEST = 10 * 1024 * 1024
"""Bytes of a proof file."""
SUFFIXES = {
    ".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".txt": "text/plain", ".eml": "message/rfc822",
    ".json": "application/json", ".xml": "application/xml",
}  # fmt: skip
"""Kinds of proof files by suffix, with their media types."""


@dataclass(frozen=True)
class Proof:
    """A file that shows that something was done, such as a receipt."""

    name: str
    data: bytes


def proof_stored(proof: Proof, *, name: str, kind: str, title: str) -> StoredFile:
    """``proof`` in the store under ``name`` with its own suffix; ``InvalidInput`` on ``proof`` where kind or size (bytes) are refused."""
    suffix = PurePath(proof.name).suffix.lower()
    if suffix not in SUFFIXES:
        raise InvalidInput("proof", f"use a file that ends in {', '.join(SUFFIXES)}")
    if not proof.data or len(proof.data) > LARGEST:
        raise InvalidInput("proof", f"use a file of at most {LARGEST // 1024 // 1024} MiB that is not empty")
    return StoredFile(blob_put_bytes(proof.data), f"{name}{suffix}", SUFFIXES[suffix], kind, title)
