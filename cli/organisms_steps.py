"""The work of `assay organisms`, in this process and in the name of the first administrator."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from accounts.models import Organisation
from assessments.contracts import Refused
from assessments.models import AddedOrganism
from assessments.organism_intake import organism_examine
from assessments.organisms.contracts import Organism
from assessments.organisms.registry import DATASHEET, RECORD
from assessments.services.organisms import organism_register
from cli.probes_steps import home_of
from cli.setup import first_administrator
from core.errors import InvalidInput
from core.model_files import MODEL_FILES, TOKENIZER_FILES, files_matching
from gpu_tasks.inspection import version_inspect
from gpu_tasks.trials import source_of
from inventory.weights import models_dir

KEPT = "organisms"
"""Folder below the folder for models into which what lies elsewhere is copied, so that workers find it."""


def check(folder: Path) -> dict[str, Any]:
    """Everything that registering checks, and the model loaded once; nothing is kept."""
    found = _examined(folder)
    return {**_facts(found), "text": f"{found.slug} can be registered: {_tried(found)}; sha256:{found.weights_digest}"}


def add(folder: Path, register: str = "") -> dict[str, Any]:
    """Check ``folder``, copy it to where workers find it unless it lies there, and register it; after a refusal no copy is left."""
    actor = first_administrator()
    home = home_of(actor, register)
    found = _examined(folder)
    with _placed(found) as locator:
        row = organism_register(actor=actor, organisation=home, folder=locator)
    return {**_facts(found), "id": str(row.id), "locator": row.locator, "text": _told(row, home, found)}


def _told(row: AddedOrganism, home: Organisation, found: Organism) -> str:
    counts = " It is shown in records and not counted, because a setting was chosen while looking at it." if row.tuning else ""
    return f"registered {row} for {home.name}: {_tried(found)}; sha256:{row.weights_digest}.{counts} The next calibration takes it in."


def _examined(folder: Path) -> Organism:
    if not folder.is_dir():
        raise InvalidInput("FOLDER", f"{folder} is not a folder; give the folder that holds {RECORD} and the weights")
    found = organism_examine(folder.resolve())
    try:
        version_inspect(source=source_of(found.folder), locator=str(found.folder))
    except Refused as error:
        raise Refused(f"{folder}: the model cannot be loaded: {error}") from error
    return found


@contextmanager
def _placed(found: Organism) -> Iterator[str]:
    """Its place below the folder for models, a copy when it lies elsewhere; the copy goes again when the block fails."""
    root, here = models_dir().resolve(), found.folder.resolve()
    if here.is_relative_to(root) and here != root:
        yield here.relative_to(root).as_posix()
        return
    # A folder of its own for each copy: an earlier one of the same name may belong to a withdrawn organism.
    target = root / KEPT / uuid.uuid4().hex[:8] / found.slug
    target.mkdir(parents=True)
    with ExitStack() as undo:
        undo.callback(shutil.rmtree, target.parent)
        for path in (*files_matching(here, (*MODEL_FILES, *TOKENIZER_FILES)), *(here / name for name in (RECORD, DATASHEET) if (here / name).is_file())):
            shutil.copyfile(path, target / path.name)
        yield target.relative_to(root).as_posix()
        undo.pop_all()


def _tried(found: Organism) -> str:
    named = ", ".join(dict.fromkeys(trial.instrument for trial in found.trials))
    return f"{found.recipe.role.value}, strength {found.recipe.strength:g}, tried with {named}"


def _facts(found: Organism) -> dict[str, Any]:
    return {"slug": found.slug, "tuning": found.tuning, "weights_digest": found.weights_digest, "behaviour": dict(found.behaviour), **asdict(found.recipe)}
