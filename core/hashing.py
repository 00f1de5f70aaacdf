"""SHA-256 of bytes, files and file manifests."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from core.canonical import canonical_digest


def sha256_bytes(data: bytes) -> str:
    """Hex SHA-256 of ``data``."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """Hex SHA-256 of the file at ``path``, streamed."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def file_manifest(paths: Iterable[Path], root: Path) -> list[dict[str, Any]]:
    """Sorted rows ``{name, sha256, size}`` with names relative to ``root`` (the resource list of OpenSSF Model Signing)."""
    rows = [{"name": path.relative_to(root).as_posix(), "sha256": sha256_file(path), "size": path.stat().st_size} for path in paths]
    return sorted(rows, key=lambda row: str(row["name"]))


def manifest_digest(rows: list[dict[str, Any]]) -> str:
    """Hex SHA-256 of the canonical JSON of a file manifest."""
    return canonical_digest(rows)
