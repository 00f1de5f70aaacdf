"""What changed in a framework between two days of knowledge, row by row, and whom the changes touch."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from frameworks.applicability import Applicability, Bite, Use, applicability
from frameworks.models import REMARKS, Requirement

DATES: Final = {
    "applies_from": "begins to bind",
    "applies_from_annex_i": "begins for products of Annex I",
    "formal_application": "chapter formally applies",
    "legacy_until": "transition for older systems ends",
    "legacy_placed_before": "older systems are those placed before",
    "applies_until": "ends",
}
"""Every date of a row that may move, in words; those that are not fields of their own stand in its details."""
WORDING: Final = {
    "title": "title",
    "gist": "wording",
    "roles": "whom it binds",
    "evidence_kinds": "evidence asked for",
    "voluntary": "whether it is law",
    "review_every": "review period",
    "retention": "retention",
}


class Kind(StrEnum):
    """What happened to a row, most weighty first; a row whose dates moved may be reworded too."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "dates moved"
    REWORDED = "reworded"


@dataclass(frozen=True)
class Move:
    """A date that changed; None where there was or is none."""

    label: str
    before: datetime.date | None
    after: datetime.date | None


@dataclass(frozen=True)
class Effect:
    """What a change means for one use on one day: the answer under the earlier and under the later text (None: no such row)."""

    before: Applicability | None
    after: Applicability | None

    @property
    def touches(self) -> bool:
        """Whether the duty binds the use, some day, under at least one of the two texts, and not in the same way."""
        return (_binds(self.before) or _binds(self.after)) and self._terms(self.before) != self._terms(self.after)

    @property
    def shifts(self) -> bool:
        """Whether the duty applies on the day under one text and not under the other."""
        return _applies(self.before) != _applies(self.after)

    @staticmethod
    def _terms(answer: Applicability | None) -> tuple[bool, datetime.date | None]:
        return _binds(answer), answer.begins if answer and _binds(answer) else None


@dataclass(frozen=True)
class Change:
    """One row that differs between two editions, with its dates that moved and the other fields that differ."""

    before: Requirement | None
    after: Requirement | None
    moves: tuple[Move, ...] = ()
    reworded: tuple[str, ...] = ()

    @property
    def row(self) -> Requirement:
        """The row as it stands in the later edition, or as it stood before it was removed."""
        found = self.after or self.before
        assert found is not None, "a change has at least one row"
        return found

    @property
    def kind(self) -> Kind:
        """What happened, in one word."""
        if self.before is None or self.after is None:
            return Kind.ADDED if self.before is None else Kind.REMOVED
        return Kind.MOVED if self.moves else Kind.REWORDED

    def effect(self, use: Use, as_of: datetime.date) -> Effect:
        """What the change means for ``use`` on ``as_of``."""
        before, after = (applicability(row, use, as_of) if row else None for row in (self.before, self.after))
        return Effect(before, after)

    def touches(self, effect: Effect) -> bool:
        """Whether the use behind ``effect`` is concerned: its dates changed, or it is bound and the wording did."""
        return effect.touches or (bool(self.reworded) and (_binds(effect.before) or _binds(effect.after)))


def changes_between(before: Iterable[Requirement], after: Iterable[Requirement]) -> list[Change]:
    """Rows that differ between two editions of one framework, in the order of the later one; removed rows last."""
    old, new = ({row.ref: row for row in rows} for rows in (before, after))
    found = [_change(old.get(ref), row) for ref, row in new.items() if ref not in old or old[ref].digest != row.digest]
    return [*found, *(Change(row, None) for ref, row in old.items() if ref not in new)]


def _change(before: Requirement | None, after: Requirement) -> Change:
    if before is None:
        return Change(None, after)
    pairs = ((label, _date(before, name), _date(after, name)) for name, label in DATES.items())
    moves = tuple(Move(*row) for row in pairs if row[1] != row[2])
    words = [label for name, label in WORDING.items() if getattr(before, name) != getattr(after, name)]
    names = sorted((before.details.keys() | after.details.keys()) - DATES.keys() - REMARKS)
    words += [name.replace("_", " ") for name in names if before.details.get(name) != after.details.get(name)]
    return Change(before, after, moves, tuple(words))


def _date(row: Requirement, name: str) -> datetime.date | None:
    value = getattr(row, name) if hasattr(row, name) else row.details.get(name)
    return value if isinstance(value, datetime.date) or value is None else datetime.date.fromisoformat(str(value))


def _binds(answer: Applicability | None) -> bool:
    return answer is not None and answer.bite != Bite.NOT_APPLICABLE


def _applies(answer: Applicability | None) -> bool:
    return answer is not None and answer.bite == Bite.APPLIES
