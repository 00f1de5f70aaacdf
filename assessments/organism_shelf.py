"""Registered organisms where they are needed: the folders that could be registered, and those that calibrations use, read again from where they lie."""

import os
from collections.abc import Sequence
from pathlib import Path

from assessments.contracts import Refused
from assessments.models import AddedOrganism
from assessments.organisms.contracts import Organism
from assessments.organisms.registry import RECORD, organism_read
from core.errors import InvalidInput
from core.hashing import sha256_file
from inventory.weights import DEEPEST, MOST, local_path, models_dir

LONGEST = 500
"""Characters of a path below the folder for models."""


def organisms_waiting() -> list[str]:
    """Folders below the folder for models that hold an organism's record, relative to it and by name; whether one can be used is for the check to say."""
    root, found = models_dir(), list[str]()
    for folder, names, files in os.walk(root):
        here = Path(folder).relative_to(root)
        names[:] = sorted(name for name in names if not name.startswith(".")) if len(here.parts) < DEEPEST else []
        found += [here.as_posix()] if here.parts and RECORD in files else []
        if len(found) >= MOST:
            break
    return sorted(found)


def organism_folder(locator: str) -> Path:
    """The folder ``locator`` below the folder for models; ``InvalidInput`` when it, or anything in it, leads outside."""
    if len(locator) > LONGEST:
        raise InvalidInput("folder", f"the path has {len(locator)} characters; at most {LONGEST} are allowed: use shorter names")
    try:
        folder = local_path(locator)
    except InvalidInput as error:
        raise InvalidInput("folder", error.message) from error
    if not folder.is_dir():
        raise InvalidInput("folder", f"“{locator}” is a file; an organism is a folder with {RECORD}, weights, configuration and tokenizer")
    return folder


def organisms_in_use() -> Sequence[AddedOrganism]:
    """The registered organisms that were not withdrawn; one query."""
    return list(AddedOrganism.objects.filter(withdrawn_at__isnull=True))


def organism_load(row: AddedOrganism) -> Organism:
    """A registered organism with every byte hashed again; ``Refused`` when it is not there or not what was registered."""
    fix = "put the original folder back, or withdraw the organism on its page"
    try:
        folder = organism_folder(row.locator)
        found = organism_read(folder)
    except (InvalidInput, Refused) as error:
        raise Refused(f"organism {row.slug} was registered here and cannot be used: {error}; {fix}") from error
    if (found.weights_digest, sha256_file(folder / RECORD)) != (row.weights_digest, row.record_digest):
        raise Refused(f"organism {row.slug} is not what was registered: its weights or its {RECORD} changed; {fix}")
    return found
