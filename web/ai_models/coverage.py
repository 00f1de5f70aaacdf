"""How far the evidence on one version answers the requirements in force today, counted for a small picture."""

import datetime
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from evidence.mapping import CoverageRow, State, coverage
from reports.sources import doubting

WORDS = {"covered": "covered", "partial": "partly covered", "stale": "out of date", "proposed": "only proposed", "missing": "no evidence"}


@dataclass(frozen=True)
class Share:
    """How many requirements are in one state; position and width in percent of the bar."""

    state: str
    word: str
    count: int
    left: float
    width: float


def shares(version: UUID, subjects: Iterable[str], as_of: datetime.date) -> list[Share]:
    """One share per state, best first; empty when no requirement is in force."""
    counts = Counter(_state(row) for row in coverage(subjects=subjects, as_of=as_of, doubt_of=doubting([version], as_of)))
    found, at = [], 0.0
    for state, word in WORDS.items():
        width = 100 * counts[state] / max(counts.total(), 1)
        found.append(Share(state, word, counts[state], round(at, 2), round(width, 2)))
        at += width
    return found if counts else []


def _state(row: CoverageRow) -> str:
    return "proposed" if row.state == State.MISSING and row.proposed else row.state.value
