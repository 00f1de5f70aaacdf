"""The coverage matrix read from afar: systems down, frameworks or articles across, counts of states in each box."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from reports.coverage import STATES, Matrix, Subject
from reports.coverage_groups import group_of

COUNTED: Final = ("covered", "partial", "stale", "proposed", "missing")
"""States that count; duties that do not apply ask for nothing."""
PRESSING: Final = ("missing", "stale", "proposed", "partial", "covered")
"""The state a box is marked with: the first of these that it holds."""


@dataclass(frozen=True)
class Box:
    """How many duties are in which state."""

    counts: Counter[str] = field(default_factory=Counter)

    @property
    def applying(self) -> int:
        """Duties that apply."""
        return sum(self.counts[state] for state in COUNTED)

    @property
    def covered(self) -> int:
        """Of these, those that are covered."""
        return self.counts["covered"]

    @property
    def gaps(self) -> int:
        """Of these, those that are not."""
        return self.applying - self.covered

    @property
    def mark(self) -> str:
        """The most pressing state; ``not_yet`` where duties begin later, ``not_applicable`` where none ever binds."""
        rest = "not_yet" if self.counts["not_yet"] else "not_applicable"
        return next((state for state in PRESSING if self.counts[state]), rest)

    @property
    def word(self) -> str:
        """Its mark in words."""
        return STATES[self.mark]

    @property
    def told(self) -> str:
        """Every state with its count, for those who want to know more than the mark."""
        parts = [f"{self.counts[state]} {STATES[state]}" for state in (*COUNTED, "not_yet", "not_applicable", "ended") if self.counts[state]]
        return ", ".join(parts) or "no duty"


@dataclass(frozen=True)
class Column:
    """A framework, or one article of the framework chosen."""

    key: str
    label: str
    total: Box


@dataclass(frozen=True)
class Row:
    """One system: a box per column and the total."""

    subject: Subject
    boxes: tuple[Box, ...]
    total: Box


@dataclass(frozen=True)
class Overview:
    """The whole table with its totals."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    total: Box


def overview(matrices: Mapping[str, Matrix], subjects: Sequence[Subject], chosen: str = "") -> Overview:
    """Boxes per framework, or per article of the framework ``chosen`` (slug); articles that bind nobody shown are left out."""
    counts: dict[str, dict[UUID, Counter[str]]] = {}
    labels: dict[str, str] = {}
    for slug, matrix in matrices.items():
        for line in matrix.lines if chosen in ("", slug) else ():
            key = group_of(line.requirement.ref) if chosen else slug
            labels.setdefault(key, key if chosen else line.requirement.version.framework.short_name)
            held = counts.setdefault(key, {subject.key: Counter() for subject in subjects})
            for cell in line.cells:
                held[cell.subject.key][cell.state] += 1
    columns = [Column(key, labels[key], Box(_sum(held.values()))) for key, held in counts.items()]
    columns = [column for column in columns if not chosen or column.total.mark != "not_applicable"]
    rows = [_row(subject, [counts[column.key][subject.key] for column in columns]) for subject in subjects]
    return Overview(tuple(columns), tuple(rows), Box(_sum(column.total.counts for column in columns)))


def _row(subject: Subject, counts: Sequence[Counter[str]]) -> Row:
    return Row(subject, tuple(Box(row) for row in counts), Box(_sum(counts)))


def _sum(counts: Iterable[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for row in counts:
        total.update(row)
    return total
