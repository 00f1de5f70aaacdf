"""What is never opened: pickles under any name, models that bring code, files that are not what they say."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from assessments.contracts import Refused
from core.model_files import PICKLES

SAFE = "Convert it to safetensors on a machine you trust."


def existing(path: Path) -> Path:
    """``path`` if there is something there."""
    if not path.exists():
        raise Refused(f"there is nothing at {path}: check the path")
    return path


def refuse_pickle(path: Path) -> None:
    """Refuse a pickle by its suffix: loading one runs whatever code it contains."""
    if path.suffix.lower() in PICKLES:
        raise Refused(f"{path.name} is a pickle file and could run code when opened: it is never loaded. {SAFE}")


def read_header(path: Path) -> dict[str, Any]:
    """The JSON header of a safetensors file (8-byte little-endian length, then JSON); refuses anything else, and truncated files."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        start, first = stream.read(8), stream.read(1)
        # The length of a proper header may begin with the very bytes of a pickle; what follows it does not.
        if first != b"{" and (start[:1] == b"\x80" or start[:2] == b"PK"):
            raise Refused(f"{path.name} is a pickle renamed to safetensors and could run code when opened: it is never loaded. {SAFE}")
        length = int.from_bytes(start, "little")
        if len(start) < 8 or length > size - 8:
            raise Refused(f"{path.name} is truncated or not a safetensors file: obtain it again from its source")
        try:
            header: dict[str, Any] = json.loads(first + stream.read(max(length - 1, 0)))
        except ValueError as error:
            raise Refused(f"{path.name} has no readable safetensors header: obtain it again from its source") from error
    header.pop("__metadata__", None)
    ends = (int(entry["data_offsets"][1]) for entry in header.values())
    if max(ends, default=0) != size - 8 - length:
        raise Refused(f"{path.name} is truncated or has bytes that no tensor uses: obtain it again from its source")
    return header


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from ``path``."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise Refused(f"{path} cannot be read as JSON: obtain it again from the model's source") from error
    if not isinstance(value, dict):
        raise Refused(f"{path} is not a JSON object: obtain it again from the model's source")
    return value


def refuse_code(settings: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Refuse configurations that name code to run (``auto_map``)."""
    for name, content in settings:
        if "auto_map" in content:
            raise Refused(f"{name} asks to run code that comes with the model (auto_map): it is never run. Use a version whose architecture the library knows.")
