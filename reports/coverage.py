"""The coverage matrix: requirements of a framework against systems, versions or one finding, as of a day and as known on a day."""

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery, UUIDField

from accounts.models import User
from assessments.models import Finding, Step
from core import clock
from evidence.mapping import CoverageRow, answer
from evidence.models import EvidenceLink
from frameworks.applicability import Applicability, Bite, Use, applicability
from frameworks.models import DUTY, Requirement

VERSION = "inventory.modelversion:"
STATES = {
    "covered": "covered",
    "partial": "partly covered",
    "stale": "out of date",
    "proposed": "only proposed",
    "missing": "missing",
    "not_yet": "not yet",
    "ended": "ended",
    "not_applicable": "not applicable",
}
"""Every state of a cell in words, best first; the last three ask for no evidence."""
GAPS = ("stale", "proposed", "missing", "partial")
"""States that leave something to do, most pressing first."""


@dataclass(frozen=True)
class Subject:
    """A column: whose evidence counts, and the use that decides which duties bind it (None for a model alone).

    ``attestation`` narrows the evidence to what one statement vouches for, as for a single finding.
    """

    kind: str
    key: UUID
    name: str
    note: str
    use: Use | None
    versions: frozenset[UUID]
    attestation: UUID | None = None

    @property
    def query(self) -> str:
        """How an address names it."""
        return f"{self.kind}={self.key}"


@dataclass(frozen=True)
class Cell:
    """One requirement for one subject: the state, why the duty binds or not, and the evidence."""

    requirement: Requirement
    subject: Subject
    applies: Applicability
    answer: CoverageRow

    @property
    def state(self) -> str:
        """A key of ``STATES``."""
        if self.applies.bite != Bite.APPLIES:
            return self.applies.bite.value
        if self.answer.state == "missing" and self.answer.proposed:
            return "proposed"
        return self.answer.state.value

    @property
    def word(self) -> str:
        """The state in words."""
        return STATES[self.state]

    @property
    def gap(self) -> bool:
        """Whether something is left to do."""
        return self.state in GAPS


@dataclass(frozen=True)
class Line:
    """One requirement with its cells, in the order of the subjects."""

    requirement: Requirement
    cells: tuple[Cell, ...]

    @property
    def bite(self) -> Bite:
        """What is true of the whole line: it applies to someone, will one day, or binds none of them."""
        found = {cell.applies.bite for cell in self.cells}
        return next((bite for bite in (Bite.APPLIES, Bite.NOT_YET, Bite.ENDED) if bite in found), Bite.NOT_APPLICABLE)

    @property
    def begins(self) -> datetime.date | None:
        """The earliest day on which it binds one of the subjects."""
        days = [cell.applies.begins for cell in self.cells if cell.applies.begins and cell.applies.bite != Bite.NOT_APPLICABLE]
        return min(days, default=None)

    @property
    def reason(self) -> str:
        """Why it does not apply, by its first subject."""
        return self.cells[0].applies.reason if self.cells else ""


@dataclass(frozen=True)
class Matrix:
    """All lines of a framework, as of one day."""

    as_of: datetime.date
    subjects: Sequence[Subject]
    lines: Sequence[Line]

    def lines_that(self, bite: Bite) -> list[Line]:
        """Lines that apply, do not yet, or do not at all."""
        return [line for line in self.lines if line.bite == bite]

    def cells(self) -> Iterator[Cell]:
        """Every cell, line by line."""
        return (cell for line in self.lines for cell in line.cells)

    def gaps(self) -> list[Cell]:
        """Cells that leave something to do: subjects in order, most pressing first."""
        place = {subject: number for number, subject in enumerate(self.subjects)}
        return sorted((cell for cell in self.cells() if cell.gap), key=lambda cell: (place[cell.subject], GAPS.index(cell.state)))

    def begun_since(self, start: datetime.date) -> dict[Subject, list[Cell]]:
        """The cells of each subject whose duty applies now and did not on ``start``."""
        fresh: dict[Subject, list[Cell]] = {subject: [] for subject in self.subjects}
        for cell in self.cells():
            before = applicability(cell.requirement, cell.subject.use, start).bite
            if cell.applies.bite == Bite.APPLIES and before != Bite.APPLIES:
                fresh[cell.subject].append(cell)
        return fresh


def matrix_read(*, actor: User, framework: str, subjects: Sequence[Subject], as_of: datetime.date, known_at: datetime.date) -> Matrix:
    """The matrix of ``framework`` (slug) in two queries, however many requirements and subjects there are."""
    rows = requirements_known(framework, known_at)
    seen = min(as_of, known_at)
    links = links_of(actor, framework, subjects, seen)
    lines = [Line(row, tuple(cell_of(row, subject, links, as_of, seen) for subject in subjects)) for row in rows]
    return Matrix(as_of, subjects, lines)


def requirements_known(framework: str, known_at: datetime.date) -> QuerySet[Requirement]:
    """The rows of a framework as its text was known on a day."""
    return Requirement.objects.known_at(known_at).filter(version__framework__slug=framework).select_related("version__framework").order_by("position")


def cell_of(
    requirement: Requirement, subject: Subject, links: Mapping[tuple[Subject, str], Iterable[EvidenceLink]], as_of: datetime.date, seen: datetime.date
) -> Cell:
    """One cell from the links found for its subject."""
    found = links.get((subject, requirement.ref), ())
    return Cell(requirement, subject, applicability(requirement, subject.use, as_of), answer(requirement, found, as_of, seen))


def links_of(actor: User, framework: str, subjects: Sequence[Subject], seen: datetime.date, ref: str = "") -> dict[tuple[Subject, str], list[EvidenceLink]]:
    """Links by subject and requirement reference: evidence about any version of the subject, recorded by ``seen``."""
    versions = {key for subject in subjects for key in subject.versions}
    about = Step.objects.filter(attestation=OuterRef("artifact__attestation")).values("run__plan__version")[:1]
    steps = Step.objects.filter(run__plan__version__in=versions, attestation__isnull=False).values("attestation")
    rows = EvidenceLink.objects.visible_to(actor).filter(requirement__version__framework__slug=framework, created_at__date__lte=seen)
    rows = rows.filter(Q(artifact__attestation__in=steps) | Q(artifact__subject__in=[f"{VERSION}{key}" for key in versions]))
    if ref:
        rows = rows.filter(requirement__ref=ref)
    grouped: dict[tuple[Subject, str], list[EvidenceLink]] = {}
    finding = Finding.objects.filter(step__attestation=OuterRef("artifact__attestation")).values("pk")[:1]
    named = rows.annotate(about=Subquery(about, output_field=UUIDField()), finding=Subquery(finding))
    for link in named.select_related("artifact", "requirement", "reviewer").only(*NEEDED).order_by("created_at"):
        for subject in subjects:
            if speaks_of(link, subject):
                grouped.setdefault((subject, link.requirement.ref), []).append(link)
    return grouped


NEEDED = (
    *("status", "tier", "evidence_kind", "rationale", "valid_until", "reviewed_at", "review_rationale", "created_at"),
    *(f"requirement__{name}" for name in DUTY),
    *("artifact__title", "artifact__sha256", "artifact__subject", "artifact__attestation_id"),
    *("reviewer__username", "reviewer__first_name", "reviewer__last_name"),
)


def speaks_of(link: Any, subject: Subject) -> bool:
    """Whether the link's artifact is evidence about the subject. ``link`` carries ``about``, the version its step measured."""
    if subject.attestation is not None:
        return bool(link.artifact.attestation_id == subject.attestation)
    text = link.artifact.subject
    version = link.about or (UUID(text.removeprefix(VERSION)) if text.startswith(VERSION) else None)
    return version in subject.versions


def today() -> datetime.date:
    """The day it is, in UTC."""
    return clock.now().date()
