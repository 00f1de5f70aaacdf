"""A complete report snapshot of made-up values, so that pages can be made and judged without a model. TEST DATA, not a result."""

import json
from pathlib import Path
from typing import Any

from core.canonical import canonical_json
from core.hashing import sha256_bytes

DATA = Path(__file__).parent / "data" / "snapshot.json"


def snapshot(**report: Any) -> dict[str, Any]:
    """The whole document, a fresh copy; ``report`` overrides fields of its heading. One step per reading that a report can carry."""
    document: dict[str, Any] = {"schema": "urn:assay:report-snapshot:v1", **json.loads(DATA.read_text(encoding="utf-8"))}
    document["report"] |= report
    rows = [(name, data) for name, data in files().items()]
    document["attachments"] = [
        {"name": name, "media_type": media_type(name), "sha256": sha256_bytes(data), "size": len(data), "title": "Test file", "embedded": True}
        for name, data in rows
    ]
    return document


def files() -> dict[str, bytes]:
    """Bytes of the attachments, by name."""
    steps = json.loads(DATA.read_text(encoding="utf-8"))["steps"]
    made = {"trusted_root.json": b'{"test":"data"}', "plan.json": b'{"test":"plan"}'}
    for step in steps:
        made[f"statement-{step['entry']}.sigstore.json"] = canonical_json({"test": "data", "entry": step["entry"]})
        made[f"{step['key']}.result.json"] = canonical_json({"test": step["key"]})
        made[f"{step['key']}.items.parquet"] = b"PAR1" + bytes(range(256)) * 7 + step["key"].encode() + b"PAR1"
    return made


def media_type(name: str) -> str:
    """Media type by file name."""
    return "application/vnd.apache.parquet" if name.endswith(".parquet") else "application/json"
