"""What the law does between two days, in sentences: counts only, from the same cells as the matrix."""

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence

from frameworks.applicability import Bite, applicability, day
from reports.coverage import Cell, Matrix, Subject
from reports.vocabulary import joined


def sentences(matrix: Matrix, today: datetime.date) -> list[str]:
    """One or two sentences on how the chosen day differs from today."""
    if matrix.as_of > today:
        return _forward(matrix, today)
    if matrix.as_of < today:
        fewer = len({cell.requirement.pk for cell in matrix.cells() if applies_later(cell, today)})
        if not fewer:
            return [f"Nothing began between {day(matrix.as_of)} and today."]
        return [f"On {day(matrix.as_of)} {duties(fewer)} did not apply yet that {'does' if fewer == 1 else 'do'} today."]
    coming = Counter(line.begins for line in matrix.lines_that(Bite.NOT_YET) if line.begins)
    if not coming:
        return ["No further duty of this framework is due to begin."]
    first = min(coming)
    more = f" {sum(coming.values()) - coming[first]} more follow later." if len(coming) > 1 else ""
    return [f"The next change is on {day(first)}, when {duties(coming[first])} {'begins' if coming[first] == 1 else 'begin'} to apply.{more}"]


def applies_later(cell: Cell, today: datetime.date) -> bool:
    """Whether the duty of a cell applies today but did not on the day of the matrix."""
    return cell.applies.bite == Bite.NOT_YET and applicability(cell.requirement, cell.subject.use, today).bite == Bite.APPLIES


def duties(count: int) -> str:
    """``31 duties``."""
    return f"{count} {'duty' if count == 1 else 'duties'}"


def _forward(matrix: Matrix, today: datetime.date) -> list[str]:
    fresh = matrix.begun_since(today)
    total = len({cell.requirement.pk for cells in fresh.values() for cell in cells})
    if not total:
        return [f"Moving from today to {day(matrix.as_of)} adds no duty."]
    states = Counter(cell.state for row in fresh.values() for cell in row)
    moving = f"Moving from today to {day(matrix.as_of)} adds {duties(total)}{_shares(fresh, matrix.subjects)}."
    return [moving, *_lacking(states["missing"], states["proposed"])]


def _lacking(bare: int, waiting: int) -> list[str]:
    if bare and waiting:
        return [f"As things stand, {bare} of them have no evidence and {waiting} only proposed evidence."]
    if bare or waiting:
        return [f"As things stand, {bare or waiting} of them have {'no' if bare else 'only proposed'} evidence."]
    return []


def _shares(fresh: Mapping[Subject, Sequence[Cell]], subjects: Sequence[Subject]) -> str:
    if len(subjects) == 1:
        return f" for {subjects[0].name}"
    return ": " + joined([f"{len(fresh[subject]) or 'none'} for {subject.name}" for subject in subjects])
