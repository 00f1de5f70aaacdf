"""Organisms know no installation."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from assessments.organisms.building import organism_build
from assessments.organisms.contracts import Organism, Recipe, Role
from assessments.organisms.families.induction import Induction
from assessments.organisms.registry import RECORD

QUICK = Induction(steps=8, later=4)
"""Too short to learn anything, long enough to draw, step and save."""
RECIPE = Recipe("induction", Role.PLANTED, 0.5, 7)


@pytest.fixture
def installation() -> None:
    """The surrounding fixture of the same name is not wanted here."""


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Organism:
    """An organism that somebody else built, outside the shipped folder. Not to be changed."""
    return organism_build(QUICK, RECIPE, lambda fraction, stage: None, tmp_path_factory.mktemp("third-party"))


@pytest.fixture
def changed(built: Organism, tmp_path: Path) -> Callable[..., Path]:
    """A copy of ``built`` whose record has other fields; ``None`` takes a field away."""

    def change(fields: Mapping[str, Any] | None = None, name: str | None = None) -> Path:
        folder = tmp_path / (name or built.slug)
        folder.mkdir()
        for path in built.folder.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
        record = json.loads((folder / RECORD).read_text()) | dict(fields or {})
        (folder / RECORD).write_text(json.dumps({key: value for key, value in record.items() if value is not None}))
        return folder

    return change
