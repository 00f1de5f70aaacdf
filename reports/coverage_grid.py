"""Coverage of many systems at once: the same answers as the matrix, from as little of each link as they need."""

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import CharField, Value
from django.db.models.functions import Cast, Coalesce

from accounts.models import User
from evidence.mapping import CoverageRow, State, answer
from frameworks.applicability import Applicability, Bite, applicability
from frameworks.models import Requirement
from reports.coverage import Cell, Exempt, Line, Matrix, Subject, applied, exemptions_read
from reports.sources import VERSION, Source, Sources, doubts, evidence_links, sources_read

TEXTS = ("requirement_id", "artifact__attestation_id", "reviewed_at", "created_at", "valid_until")
"""Columns read as text: turning every key and time of 10,000 links into an object costs more than all the rest, and few of them differ."""
PLAIN = ("artifact__subject", "status", "evidence_kind", "tier")
source_of = attrgetter("source")


class Keys(dict[str, UUID]):
    """Keys by their text, each read once."""

    def __missing__(self, text: str) -> UUID:
        self[text] = found = UUID(text)
        return found


class Moments(dict[str, datetime.datetime]):
    """The beginning of a day by its ISO text, each read once."""

    def __missing__(self, text: str) -> datetime.datetime:
        self[text] = found = datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)
        return found


class Fact(NamedTuple):
    """What coverage needs of one link; its times to the day."""

    status: str
    reviewed_at: datetime.datetime | None
    valid_until: datetime.date | None
    evidence_kind: str
    tier: str
    requirement_id: UUID
    requirement: Requirement
    source: Source | None
    created_at: datetime.datetime


Duty = tuple[str, str]
"""Slug of a framework and reference of a row: the same duty in every edition."""
Facts = Mapping[Duty, Mapping[int, Sequence[Fact]]]
"""Facts by duty and place of the subject."""


@dataclass(frozen=True)
class Holdings:
    """Everything the states of ``subjects`` rest on, known by the day ``seen``; any earlier day can be asked about from it."""

    subjects: Sequence[Subject]
    editions: Mapping[str, Sequence[Sequence[Requirement]]]
    facts: Facts
    exemptions: Exempt
    seen: datetime.date

    def rows_known(self, framework: str, known_at: datetime.date) -> Sequence[Requirement]:
        """The rows of a framework as its text was known on a day."""
        return next((rows for rows in self.editions.get(framework, ()) if rows[0].version.known_from <= known_at), ())


def catalogue_read() -> list[Requirement]:
    """Every row of every edition, newest edition of each framework first; one query."""
    rows = Requirement.objects.select_related("version__framework").defer("sources")
    return list(rows.order_by("version__framework__slug", "-version__known_from", "-version__created_at", "version", "position"))


def holdings_read(*, actor: User, catalogue: Sequence[Requirement], subjects: Sequence[Subject], seen: datetime.date) -> Holdings:
    """All of it about the rows of ``catalogue``, in four queries however many subjects, requirements and links there are."""
    known = {row.pk: row for row in catalogue}
    frameworks = sorted({row.version.framework.slug for row in catalogue})
    versions = {key for subject in subjects for key in subject.versions | subject.former}
    sources = sources_read(versions, seen)
    links = evidence_links(actor, versions, seen).filter(requirement__version__framework__slug__in=frameworks)
    texts = [Coalesce(Cast(name, CharField()), Value("")) for name in TEXTS]
    facts = _facts(links.order_by().values_list(*texts, *PLAIN), known, sources, subjects)
    return Holdings(subjects, _editions(catalogue), facts, exemptions_read(actor, frameworks, subjects, seen), seen)


def matrix_of(holdings: Holdings, framework: str, as_of: datetime.date, known_at: datetime.date) -> Matrix:
    """The matrix of one framework; cells hold facts instead of links."""
    seen = min(as_of, known_at, holdings.seen)
    uses = list(dict.fromkeys(subject.use for subject in holdings.subjects))
    places = [(subject, uses.index(subject.use)) for subject in holdings.subjects]
    lines = [_line(row, holdings, places, [applicability(row, use, as_of) for use in uses], (as_of, seen)) for row in holdings.rows_known(framework, known_at)]
    return Matrix(as_of, holdings.subjects, lines)


def matrices_of(holdings: Holdings, as_of: datetime.date, known_at: datetime.date) -> dict[str, Matrix]:
    """The matrix of every framework that was known, by its slug."""
    found = {slug: matrix_of(holdings, slug, as_of, known_at) for slug in holdings.editions}
    return {slug: matrix for slug, matrix in found.items() if matrix.lines}


def _line(
    row: Requirement, holdings: Holdings, places: Sequence[tuple[Subject, int]], laws: Sequence[Applicability], days: tuple[datetime.date, datetime.date]
) -> Line:
    """One requirement for all subjects; ``laws`` by the place of their use, ``days``: as of, and seen."""
    as_of, seen = days
    held = holdings.facts.get(duty_of(row), {})
    blank = CoverageRow(row, State.MISSING, (), (), (), tuple(row.evidence_kinds))
    cells = []
    for place, (subject, use) in enumerate(places):
        applies, exemption = applied(row, subject, holdings.exemptions, laws[use])
        found = held.get(place, ()) if applies.bite == Bite.APPLIES else ()
        if seen < holdings.seen:
            found = [fact for fact in found if fact.created_at.date() <= seen]
        said = answer(row, found, as_of, seen, doubts(source_of, subject.versions, row, as_of)) if found else blank
        cells.append(Cell(row, subject, applies, said, exemption))
    return Line(row, tuple(cells))


def duty_of(row: Requirement) -> Duty:
    """What names the duty of a row in every edition."""
    return row.version.framework.slug, row.ref


def _facts(links: Iterable[Sequence[Any]], known: Mapping[UUID, Requirement], sources: Sources, subjects: Sequence[Subject]) -> Facts:
    holders: dict[UUID, list[int]] = {}
    for place, subject in enumerate(subjects):
        for version in subject.versions | subject.former:
            holders.setdefault(version, []).append(place)
    plain = {f"{VERSION}{version}": (Source(version), places) for version, places in holders.items()}
    stated = {statement: (source, holders.get(source.version, [])) for statement, source in sources.by_statement.items()}
    keys, moments = Keys(), Moments()
    found: dict[Duty, dict[int, list[Fact]]] = {}
    rows: dict[str, tuple[Requirement, dict[int, list[Fact]]]] = {}
    for requirement, statement, reviewed, created, until, about, status, kind, tier in links:
        if requirement not in rows:
            row = known[UUID(requirement)]
            rows[requirement] = row, found.setdefault(duty_of(row), {})
        row, held = rows[requirement]
        source, places = (stated and statement and stated.get(keys[statement])) or plain.get(about) or (None, ())
        decided, valid = moments[reviewed[:10]] if reviewed else None, moments[until].date() if until else None
        fact = Fact(status, decided, valid, kind, tier, row.pk, row, source, moments[created[:10]])
        for place in places:
            held.setdefault(place, []).append(fact)
    return found


def _editions(rows: Iterable[Requirement]) -> dict[str, list[list[Requirement]]]:
    """Rows of each edition, newest edition first, by framework."""
    found: dict[str, dict[UUID, list[Requirement]]] = {}
    for row in rows:
        found.setdefault(row.version.framework.slug, {}).setdefault(row.version_id, []).append(row)
    return {slug: list(editions.values()) for slug, editions in found.items()}


def cells_of(matrices: Mapping[str, Matrix]) -> Iterator[Cell]:
    """Every cell of several matrices."""
    return (cell for matrix in matrices.values() for cell in matrix.cells())
