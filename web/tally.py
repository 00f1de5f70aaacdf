"""Findings counted by verdict, with what the data alone would read beneath: never a reading without its verdict."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from reports.vocabulary import vocabulary


@dataclass(frozen=True)
class Segment:
    """One part of a bar; positions in percent."""

    tier: str
    count: int
    left: float
    width: float


@dataclass(frozen=True)
class Tally:
    """Two bars over the same findings."""

    total: int
    verdicts: list[Segment]
    readings: list[Segment]

    @property
    def capped(self) -> bool:
        """Whether any verdict is lower than its reading."""
        return [(row.tier, row.count) for row in self.verdicts] != [(row.tier, row.count) for row in self.readings]


def tally(rows: Iterable[tuple[str, str, int]]) -> Tally:
    """Bars from (verdict, reading, count)."""
    verdicts: Counter[str] = Counter()
    readings: Counter[str] = Counter()
    for verdict, reading, count in rows:
        verdicts[verdict] += count
        readings[reading] += count
    return Tally(verdicts.total(), _segments(verdicts), _segments(readings))


def _segments(counts: Counter[str]) -> list[Segment]:
    total, at, found = counts.total(), 0.0, []
    for tier in vocabulary()["order"]:
        if counts[tier]:
            width = 100 * counts[tier] / total
            found.append(Segment(tier, counts[tier], round(at, 2), round(width, 2)))
            at += width
    return found
