"""The coverage matrix: requirements of a framework against systems, versions or one finding, as of a day and as known on a day."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

from accounts.models import User
from assessments.models import Finding
from core import clock
from decisions.models import Exemption
from evidence.mapping import CoverageRow, answer
from evidence.models import EvidenceLink
from frameworks.applicability import Applicability, Bite, Use, applicability, day
from frameworks.models import DUTY, Requirement
from reports.sources import Sources, doubts, evidence_links, sources_read

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

    ``attestation`` narrows the evidence to what one statement vouches for, as for a single finding. ``former`` are versions that
    were at work once: evidence about them is shown, and is out of date.
    """

    kind: str
    key: UUID
    name: str
    note: str
    use: Use | None
    versions: frozenset[UUID]
    attestation: UUID | None = None
    former: frozenset[UUID] = frozenset()

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
    exemption: Exemption | None = None

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


Exempt = Mapping[tuple[UUID, UUID, str], Exemption]
"""Judgements by system, framework and reference."""


@dataclass(frozen=True)
class Record:
    """All that was on record by a day about some subjects: links by subject and reference, what lies behind them, and approved exemptions."""

    seen: datetime.date
    links: Mapping[tuple[Subject, str], Sequence[EvidenceLink]] = field(default_factory=dict)
    sources: Sources = field(default_factory=Sources)
    exemptions: Exempt = field(default_factory=dict)


def matrix_read(*, actor: User, framework: str, subjects: Sequence[Subject], as_of: datetime.date, known_at: datetime.date) -> Matrix:
    """The matrix of ``framework`` (slug) in as many queries for many requirements and subjects as for one."""
    rows = requirements_known(framework, known_at)
    record = record_read(actor, framework, subjects, min(as_of, known_at))
    lines = [Line(row, tuple(cell_of(row, subject, record, as_of) for subject in subjects)) for row in rows]
    return Matrix(as_of, subjects, lines)


def requirements_known(framework: str, known_at: datetime.date) -> QuerySet[Requirement]:
    """The rows of a framework as its text was known on a day."""
    return Requirement.objects.known_at(known_at).filter(version__framework__slug=framework).select_related("version__framework").order_by("position")


def cell_of(requirement: Requirement, subject: Subject, record: Record, as_of: datetime.date) -> Cell:
    """One cell from what is on record about its subject."""
    found = record.links.get((subject, requirement.ref), ())
    doubt = doubts(record.sources.of, subject.versions, requirement, as_of)
    applies, exemption = applied(requirement, subject, record.exemptions, applicability(requirement, subject.use, as_of))
    return Cell(requirement, subject, applies, answer(requirement, found, as_of, record.seen, doubt), exemption)


def applied(requirement: Requirement, subject: Subject, exemptions: Exempt, law: Applicability) -> tuple[Applicability, Exemption | None]:
    """``law`` as two people judged it for the subject; their judgement falls when the row demands something else."""
    held = exemptions.get((subject.key, requirement.version.framework_id, requirement.ref)) if exemptions and subject.kind == "system" else None
    if held is None or law.bite != Bite.APPLIES or held.requirement_digest != requirement.digest:
        return law, None
    return Applicability(Bite.NOT_APPLICABLE, law.begins, exempt_reason(held)), held


def exempt_reason(held: Exemption) -> str:
    """The judgement with who made and who approved it, and when."""
    when = day(held.decided_at.date()) if held.decided_at else ""
    return f"Judged not applicable by {held.proposed_by}, approved by {held.decided_by} on {when}: {held.reason}"


def record_read(actor: User, framework: str, subjects: Sequence[Subject], seen: datetime.date, ref: str = "") -> Record:
    """Evidence about any version of the subjects and judgements on them, recorded by ``seen``."""
    versions = {key for subject in subjects for key in subject.versions | subject.former}
    sources = sources_read(versions, seen)
    rows = evidence_links(actor, versions, seen).filter(requirement__version__framework__slug=framework)
    if ref:
        rows = rows.filter(requirement__ref=ref)
    grouped: dict[tuple[Subject, str], list[EvidenceLink]] = {}
    spoken = subjects_by(subjects)
    finding = Finding.objects.filter(step__attestation=OuterRef("artifact__attestation")).values("pk")[:1]
    for link in rows.annotate(finding=Subquery(finding)).select_related("artifact", "requirement", "reviewer").only(*NEEDED).order_by("created_at", "pk"):
        source = sources.of(link)
        for subject in (*spoken.get(link.artifact.attestation_id, ()), *(spoken.get(source.version, ()) if source else ())):
            grouped.setdefault((subject, link.requirement.ref), []).append(link)
    return Record(seen, grouped, sources, exemptions_read(actor, [framework], subjects, seen))


def exemptions_read(actor: User, frameworks: Sequence[str], subjects: Sequence[Subject], seen: datetime.date) -> Exempt:
    """Exemptions approved and not withdrawn by ``seen``."""
    systems = [subject.key for subject in subjects if subject.kind == "system"]
    rows = Exemption.objects.visible_to(actor).filter(framework__slug__in=frameworks, system__in=systems).select_related("proposed_by", "decided_by")
    return {(row.system_id, row.framework_id, row.ref): row for row in rows if row.held_on(seen)}


NEEDED = (
    *("status", "tier", "evidence_kind", "rationale", "valid_until", "reviewed_at", "review_rationale", "created_at"),
    *(f"requirement__{name}" for name in DUTY),
    *("artifact__title", "artifact__sha256", "artifact__subject", "artifact__attestation_id"),
    *("reviewer__username", "reviewer__first_name", "reviewer__last_name"),
)


def subjects_by(subjects: Sequence[Subject]) -> dict[UUID, list[Subject]]:
    """Subjects by what their evidence is about: one statement, or a version that is or was at work in them."""
    found: dict[UUID, list[Subject]] = {}
    for subject in subjects:
        for key in [subject.attestation] if subject.attestation else subject.versions | subject.former:
            found.setdefault(key, []).append(subject)
    return found


def today() -> datetime.date:
    """The day it is, in UTC."""
    return clock.now().date()
