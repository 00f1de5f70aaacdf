"""Canonical JSON (RFC 8785), the one form in which anything is hashed or signed."""

import hashlib
import json
from typing import Any

import rfc8785


def canonical_json(value: Any) -> bytes:
    """Bytes of ``value`` by RFC 8785; raises ``rfc8785.CanonicalizationError`` on NaN or non-JSON types."""
    return rfc8785.dumps(value)


def canonical_digest(value: Any) -> str:
    """Hex SHA-256 of the canonical JSON of ``value``."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def parse_canonical(data: bytes) -> Any:
    """Parse JSON that must already be canonical; ``ValueError`` where any byte differs from the canonical form."""
    value = json.loads(data)
    if canonical_json(value) != data:
        raise ValueError("not in canonical form (RFC 8785)")
    return value
