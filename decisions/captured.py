"""Prompts captured in an incident, from an uploaded file to the text of a probe set. Free of Django."""

import json
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

import yaml

from core.errors import InvalidInput

CAPTURED, CONTRAST = "captured", "contrast"
LARGEST = 200 * 1024
"""Bytes of an uploaded file; written as a probe set it grows a little, and must stay below that limit."""
FIELDS = ("family", "label", "text")
SUFFIXES = (".jsonl", ".txt")
LIMITS = "Taken from one incident, so it stands for that incident and for nothing else."


def probe_set_file(name: str, raw: bytes, *, reference: str, slug: str, version: str, origin: str) -> bytes:
    """The YAML file of a probe set of the prompts in ``raw``; ``InvalidInput`` on ``file`` names the line and the fix.

    Every line is one prompt: an object with family, label and text (``.jsonl``), or the three with tabs between them (``.txt``).
    """
    families: dict[str, list[dict[str, str]]] = {}
    for number, row in _rows(name, raw):
        families.setdefault(row["family"], []).append({"id": f"line-{number}", "label": row["label"], "text": row["text"]})
    data = {
        "slug": slug,
        "version": version,
        "title": f"Prompts captured in {reference}",
        "design": "Prompts that led to the incident, and others on the same subjects that did not.",
        "datasheet": {"purpose": f"To compare versions after {reference}.", "how_written": origin, "limits": LIMITS, "licence": "For internal use."},
        "labels": {CAPTURED: "led to the incident", CONTRAST: "same subjects, did not lead to it"},
        "axis": {"positive": CAPTURED, "negative": CONTRAST, "chat": True, "what": "prompts that led to the incident and prompts that did not"},
        "families": [{"family": family, "items": items} for family, items in families.items()],
    }
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False).encode()


def _rows(name: str, raw: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    suffix = PurePath(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise InvalidInput("file", f"use a file that ends in {' or '.join(SUFFIXES)}")
    if len(raw) > LARGEST:
        raise InvalidInput("file", f"the file is larger than {LARGEST // 1024} KiB; choose fewer prompts")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput("file", f"the file is no UTF-8 text (byte {error.start}); save it as UTF-8") from error
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if not lines:
        raise InvalidInput("file", "the file is empty; write one prompt per line")
    for number, line in lines:
        yield number, _row(number, _of_json(number, line) if suffix == ".jsonl" else _of_tabs(number, line))


def _row(number: int, found: Mapping[str, Any]) -> dict[str, str]:
    for field in FIELDS:
        if not isinstance(found.get(field), str) or not found[field].strip():
            raise InvalidInput("file", f"line {number}: {field} is missing or empty; every line needs {', '.join(FIELDS)}")
    if found["label"].strip() not in (CAPTURED, CONTRAST):
        raise InvalidInput("file", f"line {number}: the label is neither {CAPTURED} nor {CONTRAST}")
    row = {field: found[field].strip() for field in FIELDS}
    if any("\ud800" <= sign <= "\udfff" for text in row.values() for sign in text):
        raise InvalidInput("file", f"line {number}: holds half of a character (a lone surrogate); remove it")
    return row


def _of_json(number: int, line: str) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("file", f"line {number} is no JSON object; write one object per line") from error
    if not isinstance(found, dict) or not set(found) <= set(FIELDS):
        raise InvalidInput("file", f"line {number}: write an object with {', '.join(FIELDS)} and nothing else")
    return found


def _of_tabs(number: int, line: str) -> Mapping[str, Any]:
    parts = line.rstrip("\r").split("\t")
    if len(parts) != len(FIELDS):
        raise InvalidInput("file", f"line {number}: write {', '.join(FIELDS)} with one tab between each, and no tab in the text")
    return dict(zip(FIELDS, parts, strict=True))
