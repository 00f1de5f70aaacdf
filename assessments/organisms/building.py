"""Building an organism from its recipe, and measuring a built one again."""

import json
import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from assessments.contracts import Refused
from assessments.organisms.contracts import TICK, Family, KnowsParts, Organism, Recipe
from assessments.organisms.datasheet import TINY, datasheet
from assessments.organisms.registry import DATA, DATASHEET, RECORD, organism_read, organism_record
from core.model_files import weights_digest

LIBRARIES = ("torch", "transformers", "tokenizers", "numpy")
TOLERANCE = 0.02
"""How far a figure measured again may lie from the recorded one: other processors round differently."""


def organism_build(family: Family, recipe: Recipe, tick: TICK, into: Path = DATA) -> Organism:
    """Train ``recipe`` into its folder below ``into``, with record and datasheet; an organism that lies there already is replaced when all is done."""
    folder, draft = into / recipe.slug, into / f".{recipe.slug}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    behaviour = {name: round(float(value), 6) for name, value in family.build(recipe, draft, tick).items()}
    truth = family.truth(recipe) if isinstance(family, KnowsParts) else {}
    found = Organism(
        recipe=recipe,
        title=family.title,
        planted=family.planted(recipe),
        behaviour=behaviour,
        trials=family.trials(recipe),
        weights_digest=weights_digest(draft),
        folder=folder,
        tuning=recipe.slug in getattr(family, "tuned", ()),
        truth=truth,
    )
    (draft / RECORD).write_text(json.dumps(organism_record(found), indent=2) + "\n", encoding="utf-8")
    (draft / DATASHEET).write_text(datasheet(found, {name: version(name) for name in LIBRARIES}, getattr(family, "making", TINY)), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)
    return organism_read(folder)


def organism_check(family: Family, found: Organism) -> Mapping[str, float]:
    """The behaviour measured anew; refused when a figure is not the recorded one."""
    measured = family.behaviour(found.folder)
    for name, expected in found.behaviour.items():
        value = measured.get(name)
        if value is None or abs(value - expected) > TOLERANCE:
            raise Refused(f"{found.slug}: {name} is {value} now and {expected} in {RECORD}; build the organism again or report the difference")
    return measured
