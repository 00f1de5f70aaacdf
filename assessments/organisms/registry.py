"""The organisms there are: folders read and checked, and the families that can build them. Free of torch until a family is asked for."""

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from assessments.contracts import Reading, Refused
from assessments.organisms.contracts import Family, Organism, Recipe, Role, Trial
from core.model_files import PICKLES, weights_digest

DATA = Path(__file__).parent / "data"
FAMILIES = Path(__file__).parent / "families"
ADAPTERS = Path(__file__).parent / "adapters"
"""Organisms on the default model: low-rank adapters, minutes to try, so they are calibrated on only when asked for."""
SCHEMA = "urn:assay:organism:v1"
RECORD, DATASHEET = "organism.json", "DATASHEET.md"


def organisms(folder: Path = DATA) -> tuple[Organism, ...]:
    """Every organism below ``folder``, by slug; one that is not whole is refused, naming file and fix."""
    if not folder.is_dir():
        return ()
    return tuple(organism_read(path) for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith((".", "_")))


def organism(slug: str, folder: Path = DATA) -> Organism:
    """The organism called ``slug``; refuses an unknown one naming those that exist."""
    known = sorted(path.name for path in folder.iterdir() if (path / RECORD).is_file()) if folder.is_dir() else []
    if slug not in known:
        raise Refused(f"unknown organism {slug!r}; known: {', '.join(known) or 'none'}")
    return organism_read(folder / slug)


def organism_read(folder: Path) -> Organism:
    """The organism in ``folder``: its record checked field by field, its weights against the digest in the record, nothing but safetensors."""
    found = organism_described(folder)
    _check_files(folder, found.weights_digest)
    return found


def organism_described(folder: Path) -> Organism:
    """The organism as its record describes it, checked field by field; the weights are not looked at. For pages that name many."""
    record = _record(folder)
    recipe = _recipe(folder, record)
    found = Organism(
        recipe=recipe,
        title=_text(folder, record, "title"),
        planted=_text(folder, record, "planted"),
        behaviour=_figures(folder, record),
        trials=tuple(_trial(folder, place, row) for place, row in enumerate(_list(folder, record, "trials"), start=1)),
        weights_digest=_text(folder, record, "weights_digest"),
        folder=folder,
        tuning=record.get("tuning") is True,
        truth=_truth(folder, record),
    )
    if folder.name != found.slug:
        raise Refused(f"{folder}: the recipe in {RECORD} makes this organism {found.slug}; rename the folder to {found.slug} or correct the recipe")
    return found


def organism_record(found: Organism) -> Mapping[str, Any]:
    """What ``organism.json`` holds: everything ``organism_read`` needs, in plain JSON."""
    recipe = found.recipe
    return {
        "schema": SCHEMA,
        "recipe": {"family": recipe.family, "role": recipe.role.value, "strength": recipe.strength, "seed": recipe.seed},
        "title": found.title,
        "planted": found.planted,
        "behaviour": dict(found.behaviour),
        "trials": [
            {
                "instrument": trial.instrument,
                "params": dict(trial.params),
                "least": trial.least.value if trial.least else None,
                "most": trial.most.value if trial.most else None,
            }
            for trial in found.trials
        ],
        "weights_digest": found.weights_digest,
        "tuning": found.tuning,
        **({"truth": {kind: list(names) for kind, names in found.truth.items()}} if found.truth else {}),
    }


def families_shipped() -> frozenset[str]:
    """Names that belong to the program: families whose organisms lie here, and those it could build. Nothing is imported."""
    lying = {path.parent.name.rsplit("-", 3)[0] for folder in (DATA, ADAPTERS) for path in folder.glob(f"*/{RECORD}")}
    return frozenset(lying | {path.stem for path in FAMILIES.glob("*.py") if not path.stem.startswith("_")})


def digests_shipped() -> frozenset[str]:
    """Digests of the weights that come with the program, whose truth anybody can look up; as their records state them."""
    return frozenset(json.loads(path.read_bytes()).get("weights_digest", "") for path in DATA.glob(f"*/{RECORD}"))


def families() -> Mapping[str, Family]:
    """The families that can be built, by slug. Imports their training code, and torch with it."""
    names = sorted(path.stem for path in FAMILIES.glob("*.py") if not path.stem.startswith("_"))
    modules = [import_module(f"assessments.organisms.families.{name}") for name in names]
    found: list[Family] = [module.FAMILY for module in modules if hasattr(module, "FAMILY")]
    return {family.slug: family for family in found}


def recipes() -> Mapping[str, Recipe]:
    """Everything the families ship, by slug."""
    return {recipe.slug: recipe for family in families().values() for recipe in family.recipes}


def _record(folder: Path) -> dict[str, Any]:
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise Refused(f"{folder} holds no {RECORD}; build the organism again or remove the folder") from error
    except (OSError, ValueError, RecursionError) as error:
        raise Refused(f"{path} cannot be read as JSON; obtain it again from its source") from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise Refused(f"{path}: field schema must be {SCHEMA!r}")
    return record


def _recipe(folder: Path, record: Mapping[str, Any]) -> Recipe:
    raw = record.get("recipe")
    if not isinstance(raw, dict):
        raise Refused(f"{folder / RECORD}: field recipe is missing; it names family, role, strength and seed")
    roles = [role.value for role in Role]
    if raw.get("role") not in roles:
        raise Refused(f"{folder / RECORD}: recipe.role is {raw.get('role')!r}; it must be one of {', '.join(roles)}")
    strength, seed = raw.get("strength"), raw.get("seed")
    if isinstance(strength, bool) or not isinstance(strength, int | float) or not 0 <= strength <= 1:
        raise Refused(f"{folder / RECORD}: recipe.strength must be a number from 0 to 1")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise Refused(f"{folder / RECORD}: recipe.seed must be a whole number")
    return Recipe(_text(folder, raw, "family"), Role(raw["role"]), float(strength), seed)


def _truth(folder: Path, record: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    found = record.get("truth", {})
    if not isinstance(found, dict) or not all(isinstance(names, list) and all(isinstance(name, str) for name in names) for names in found.values()):
        raise Refused(f"{folder / RECORD}: field truth must map kinds to lists of names")
    return {kind: tuple(names) for kind, names in found.items()}


def _trial(folder: Path, place: int, raw: Any) -> Trial:
    where = f"{folder / RECORD}: trial {place}"
    if not isinstance(raw, dict) or not isinstance(raw.get("instrument"), str) or not isinstance(raw.get("params"), dict):
        raise Refused(f"{where} must name an instrument and its params")
    bounds: dict[str, Reading | None] = {}
    for field in ("least", "most"):
        value = raw.get(field)
        if value is not None and value not in list(Reading):
            raise Refused(f"{where}: {field} is {value!r}; it must be one of {', '.join(Reading)} or null")
        bounds[field] = None if value is None else Reading(value)
    return Trial(raw["instrument"], raw["params"], **bounds)


def _figures(folder: Path, record: Mapping[str, Any]) -> Mapping[str, float]:
    found = record.get("behaviour")
    fine = isinstance(found, dict) and found and all(isinstance(value, int | float) and not isinstance(value, bool) for value in found.values())
    if not fine:
        raise Refused(f"{folder / RECORD}: field behaviour must map names to the numbers measured after training")
    return {str(name): float(value) for name, value in dict(found or {}).items()}


def _text(folder: Path, record: Mapping[str, Any], field: str) -> str:
    value = record.get(field)
    if not isinstance(value, str) or not value.strip():
        raise Refused(f"{folder / RECORD}: field {field} is missing or empty; it must be text")
    return value


def _list(folder: Path, record: Mapping[str, Any], field: str) -> list[Any]:
    value = record.get(field)
    if not isinstance(value, list):
        raise Refused(f"{folder / RECORD}: field {field} must be a list")
    return value


def _check_files(folder: Path, expected: str) -> None:
    pickles = sorted(path.name for path in folder.rglob("*") if path.suffix.lower() in PICKLES)
    if pickles:
        raise Refused(f"{folder / pickles[0]} could run code when opened; an organism's weights are safetensors only: convert it or remove it")
    if not list(folder.glob("*.safetensors")):
        raise Refused(f"{folder} holds no .safetensors file; build the organism again")
    found = weights_digest(folder)
    if found != expected:
        raise Refused(
            f"{folder}: weights, configuration or tokenizer are not those of {RECORD}: expected SHA-256 {expected}, found {found}; "
            "put the original files back or build the organism again"
        )
