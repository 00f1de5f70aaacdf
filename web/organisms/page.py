"""Everything the pages of organisms show."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from accounts.models import User
from accounts.permissions import allowed
from assessments.models import AddedOrganism
from assessments.organisms.contracts import Organism
from assessments.organisms.registry import ADAPTERS
from web import words
from web.instruments.records import ROLES
from web.organisms import queries

CRUMBS = (("Instruments", "/instruments/"), ("Organisms", "/organisms/"))
BOUNDS = {"least": "at least", "most": "at most"}


@dataclass(frozen=True)
class Row:
    """An organism in the list or on its page; ``tried`` are titles of instruments by slug."""

    slug: str
    url: str
    family: str
    role: str
    strength: float
    seed: int
    title: str
    planted: str
    behaviour: Mapping[str, float]
    tuning: bool
    digest: str
    tried: Mapping[str, str]
    trials: Sequence[Mapping[str, Any]]
    withdrawn: bool = False
    big: bool = False


def shipped_row(found: Organism) -> Row:
    """One that comes with the program."""
    recipe, url, trials = found.recipe, reverse("web:organism-detail", args=[found.slug]), queries.trials_of(found)
    return Row(
        found.slug, url, recipe.family, ROLES[recipe.role.value], recipe.strength, recipe.seed, found.title, found.planted, found.behaviour,
        found.tuning, found.weights_digest, _titles(trials), trials, big=found.folder.parent == ADAPTERS,
    )  # fmt: skip


def own_row(row: AddedOrganism) -> Row:
    """One that was registered here."""
    return Row(
        row.slug, reverse("web:organism-own", args=[row.pk]), row.family, ROLES[row.role], row.strength, row.seed, row.title, row.planted, row.behaviour,
        row.tuning, row.weights_digest, _titles(row.trials), row.trials, row.withdrawn_at is not None,
    )  # fmt: skip


def _titles(trials: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return queries.titles([trial["instrument"] for trial in trials])


def list_context(actor: User) -> dict[str, Any]:
    """The context of ``web/organisms/list.html``."""
    may = allowed(actor, "instrument.calibrate")
    return {
        "own": [own_row(row) for row in queries.added()],
        "families": _families(map(shipped_row, queries.shipped())),
        "actions": [{"label": "Register an organism", "url": reverse("web:organism-add"), "primary": True}] if may else [],
        "may_add": may,
        "crumbs": CRUMBS[:1],
        "glossary": words.glossary("Organism", "Digest", "Capped verdict"),
        "nav": "instruments",
    }


def _families(rows: Iterable[Row]) -> list[tuple[str, str, list[Row]]]:
    """Family, its title and its organisms, strongest planting first, then twins and decoys."""
    order = list(ROLES.values())
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row.family, []).append(row)
    ranked = {name: sorted(found, key=lambda row: (order.index(row.role), -row.strength, row.seed)) for name, found in grouped.items()}
    return [(name, found[0].title, found) for name, found in sorted(ranked.items(), key=lambda entry: (entry[1][0].big, entry[0]))]


def shipped_context(found: Organism) -> dict[str, Any]:
    """The context of ``web/organisms/detail.html`` for one that comes with the program."""
    return _context(shipped_row(found), queries.datasheet_of(found), own=False)


def own_context(actor: User, row: AddedOrganism) -> dict[str, Any]:
    """The context of ``web/organisms/detail.html`` for one that was registered here."""
    mine, files = queries.mine(actor, row), queries.files_of(row)
    may = row.withdrawn_at is None and allowed(actor, "instrument.calibrate", row)
    actions = [{"label": "Withdraw", "url": reverse("web:organism-withdraw", args=[row.pk]), "danger": True}] if may else []
    return {**_context(own_row(row), queries.datasheet_kept(files), own=True), "added": row, "files": files if mine else [], "mine": mine, "actions": actions}


def _context(row: Row, datasheet: str, own: bool) -> dict[str, Any]:
    return {
        "organism": row,
        "expected": [_expected(trial) for trial in row.trials],
        "datasheet": datasheet,
        "made": queries.trials_made(row.slug, own),
        "crumbs": CRUMBS,
        "glossary": words.glossary("Organism", "Digest"),
        "nav": "instruments",
    }


def _expected(trial: Mapping[str, Any]) -> dict[str, Any]:
    """A trial of the record: instrument, parameters, and the readings that are right, as pairs of a word and a tier."""
    bounds = [(word, trial[name]) for name, word in BOUNDS.items() if trial.get(name)]
    title = queries.titles([trial["instrument"]])[trial["instrument"]]
    return {"slug": trial["instrument"], "title": title, "params": dict(trial["params"]), "bounds": bounds}
