"""Folders of weights made from other files: built once into the cache, verified by hash at every use, made again when damaged."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.canonical import canonical_json
from core.hashing import file_manifest
from gpu_tasks.runtime.cache import exclusive, logger, publish

MANIFEST = "assay-manifest.json"


def derived(final: Path, recipe: Mapping[str, Any], origin: str, build: Callable[[Path], None]) -> Path:
    """``final`` when its manifest belongs to ``recipe`` and every file has its hash; else ``build`` fills an empty folder that takes its place.

    ``origin`` names in the log what it is made from.
    """
    if not _problem(final, recipe):
        return final
    with exclusive(final) as draft:
        problem = _problem(final, recipe)
        if problem:
            if final.exists():
                logger.warning("cached weights %s are damaged (%s): making them again from %s", final.name, problem, origin)
            draft.mkdir()
            build(draft)
            (draft / MANIFEST).write_bytes(canonical_json({"recipe": recipe, "files": derived_files(draft)}))
            publish(draft, final)
    return final


def derived_files(folder: Path) -> list[dict[str, Any]]:
    """Manifest of a cached folder without the manifest file itself."""
    return file_manifest([path for path in folder.iterdir() if path.is_file() and path.name != MANIFEST], folder)


def _problem(folder: Path, recipe: Mapping[str, Any]) -> str:
    """Why the cached folder cannot be used; empty when its manifest belongs to ``recipe`` and every file has its hash."""
    if not folder.is_dir():
        return "not there yet"
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        recorded = {row["name"]: row["sha256"] for row in manifest["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return f"{MANIFEST} is missing or unreadable"
    if manifest.get("recipe") != recipe:
        return f"{MANIFEST} belongs to another source"
    found = {row["name"]: row["sha256"] for row in derived_files(folder)}
    differing = sorted(name for name in recorded.keys() | found.keys() if recorded.get(name) != found.get(name))
    return f"{differing[0]}: expected {recorded.get(differing[0], 'no file')}, found {found.get(differing[0], 'no file')}" if differing else ""
