"""Gaps in coverage with who closes them and by when, and which of them bite on a later day only."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from accounts.models import User
from decisions.models import GapAssignment
from frameworks.evidence_kinds import kinds_words
from reports.coverage import GAPS, Cell, Matrix, Subject
from reports.coverage_grid import Holdings, cells_of, matrices_of

Assigned = Mapping[tuple[UUID, UUID, str], GapAssignment]
"""Assignments by system, framework and reference."""


@dataclass(frozen=True)
class Gap:
    """A cell that leaves something to do, with its assignment; ``fresh`` when it leaves nothing to do today."""

    cell: Cell
    assignment: GapAssignment | None
    fresh: bool

    @property
    def overdue(self) -> bool:
        """Whether somebody should have closed it by now."""
        return self.assignment is not None and self.assignment.overdue

    @property
    def needs(self) -> str:
        """What would close it, in a sentence."""
        answer = self.cell.answer
        kinds = kinds_words(answer.missing_kinds)
        if self.cell.state == "proposed":
            return "Somebody has to accept or decline what is proposed."
        if self.cell.state == "stale":
            return "Newer evidence, accepted again."
        if answer.weak and not kinds:
            return "Evidence of a stronger verdict."
        return f"Accepted evidence: {kinds}." if kinds else "Accepted evidence."


def assigned_read(actor: User, subjects: Sequence[Subject]) -> Assigned:
    """Assignments of the subjects' gaps; one query."""
    rows = GapAssignment.objects.visible_to(actor).filter(system__in=[subject.key for subject in subjects]).select_related("owner")
    return {(row.system_id, row.framework_id, row.ref): row for row in rows}


def gaps_of(holdings: Holdings, assigned: Assigned, as_of: datetime.date, known_at: datetime.date, today: datetime.date) -> list[Gap]:
    """Every gap on ``as_of``: subjects in order, most pressing first."""
    matrices = matrices_of(holdings, as_of, known_at)
    now = open_now(matrices_of(holdings, today, known_at)) if as_of != today else None
    place = {subject.key: number for number, subject in enumerate(holdings.subjects)}
    rows = [_gap(cell, assigned, now) for cell in cells_of(matrices) if cell.gap]
    return sorted(rows, key=lambda row: (place[row.cell.subject.key], GAPS.index(row.cell.state)))


def open_now(matrices: Mapping[str, Matrix]) -> set[tuple[UUID, str]]:
    """Subject and reference of every gap."""
    return {(cell.subject.key, cell.requirement.ref) for cell in cells_of(matrices) if cell.gap}


def _gap(cell: Cell, assigned: Assigned, now: set[tuple[UUID, str]] | None) -> Gap:
    row = cell.requirement
    fresh = now is not None and (cell.subject.key, row.ref) not in now
    return Gap(cell, assigned.get((cell.subject.key, row.version.framework_id, row.ref)), fresh)
