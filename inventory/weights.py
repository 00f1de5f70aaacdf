"""Weights that lie in the folder ``ASSAY_MODELS_DIR``: what is there to take in, and that nothing outside it ever is."""

import os
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from core.errors import InvalidInput
from core.model_files import ADAPTER_SETTINGS
from inventory.models import Source

DEEPEST = 6
MOST = 500
"""Limits of the search, so that a folder put there by mistake does not keep a page waiting."""


@dataclass(frozen=True)
class LocalWeights:
    """A GGUF file or a folder in Hugging Face form; ``locator`` is relative to the folder for models."""

    source: str
    locator: str
    size: int


def models_dir() -> Path:
    """The folder whose content is offered."""
    return Path(settings.ASSAY_MODELS_DIR)


def local_weights() -> list[LocalWeights]:
    """Everything below the folder that looks like a model, by name; whether it can be used is for the inspection to say."""
    root, found = models_dir(), list[LocalWeights]()
    for folder, names, files in os.walk(root):
        here = Path(folder)
        names[:] = sorted(name for name in names if not name.startswith(".")) if len(here.relative_to(root).parts) < DEEPEST else []
        found += _in_folder(here, root, files)
        if len(found) >= MOST:
            break
    return sorted(found, key=lambda row: row.locator)[:MOST]


def _in_folder(here: Path, root: Path, files: list[str]) -> list[LocalWeights]:
    rows = [LocalWeights(Source.GGUF, _name(here / name, root), _size(here / name)) for name in files if name.lower().endswith(".gguf")]
    if here != root and ADAPTER_SETTINGS in files:
        rows.append(LocalWeights(Source.LORA, _name(here, root), sum(_size(here / name) for name in files)))
    elif here != root and ("config.json" in files or any(name.endswith(".safetensors") for name in files)):
        rows.append(LocalWeights(Source.SAFETENSORS, _name(here, root), sum(_size(here / name) for name in files)))
    return rows


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def local_path(locator: str) -> Path:
    """The place of ``locator`` below the folder; ``InvalidInput`` when it, or anything in it, leads outside."""
    root = models_dir().resolve()
    path = root / locator
    if not locator or "\0" in locator or Path(locator).is_absolute() or not path.resolve().is_relative_to(root) or path.resolve() == root:
        raise InvalidInput("weights", f"“{locator}” is not inside the folder for models; choose from the list")
    if not path.exists():
        raise InvalidInput("weights", f"“{locator}” is not in the folder for models any more; put it back or choose another")
    outside = next((entry for entry in path.iterdir() if not entry.resolve().is_relative_to(root)), None) if path.is_dir() else None
    if outside is not None:
        raise InvalidInput("weights", f"“{outside.name}” in “{locator}” is a link to a place outside the folder for models; put the file itself there")
    return path
