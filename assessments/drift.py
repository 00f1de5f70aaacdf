"""When a daily reading counts as drift: a band frozen over the first days, and a row of readings outside it. Knows no table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from assessments.statistics import generator
from core.errors import InvalidInput

T_975 = {2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}
"""0.975 quantile of Student's t by degrees of freedom."""
DRAWS = 20_000


@dataclass(frozen=True)
class Rule:
    """``days`` of daily runs at ``hour`` UTC; the first ``baseline`` readings give the band, ``row`` in a row outside on one side are drift.

    ``least``: half the narrowest band, in the unit of the reading; a smaller change is never called drift.
    """

    days: int = 14
    hour: int = 3
    baseline: int = 4
    row: int = 2
    least: float = 0.1

    def __post_init__(self) -> None:
        for name, low, high in (("days", 7, 60), ("hour", 0, 23), ("baseline", 3, 10), ("row", 1, 5)):
            if not low <= getattr(self, name) <= high:
                raise InvalidInput(name, f"must be a whole number from {low} to {high}")
        if not 0.0 < self.least <= 1.0:
            raise InvalidInput("least", "must lie above 0 and be at most 1")
        if self.baseline + self.row > self.days:
            raise InvalidInput("baseline", f"leaves too few days to see drift: {self.row} must follow the baseline")

    def document(self) -> dict[str, Any]:
        """The terms as they are sealed, with the rule in words and its false alarms."""
        terms = {"days": self.days, "hour": self.hour, "baseline": self.baseline, "row": self.row, "least": self.least}
        return {**terms, "rule": self.words(), "false_alarm": false_alarm(self)}

    def words(self) -> str:
        """The rule in a sentence each."""
        return (
            f"The first {self.baseline} readings are the baseline and are not changed afterwards. Its band is their mean, give or take the 95 % prediction "
            f"interval of a further reading by Student's t, and never less than {self.least:g}. {self.row} readings in a row outside the band, on the same "
            "side, are drift. A day without a run, or with a run that ended after its day, has no reading: it neither counts nor breaks a row, and is never "
            "filled in later."
        )


def rule_of(terms: Mapping[str, Any]) -> Rule:
    """The rule in the sealed ``terms``."""
    return Rule(**{name: terms[name] for name in ("days", "hour", "baseline", "row", "least")})


@dataclass(frozen=True)
class Point:
    """A day's reading with its interval over cue families."""

    day: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Band:
    """The frozen range of the baseline; ``until`` is its last day."""

    centre: float
    half: float
    until: int

    @property
    def low(self) -> float:
        """Lower edge."""
        return self.centre - self.half

    @property
    def high(self) -> float:
        """Upper edge."""
        return self.centre + self.half

    def side(self, value: float) -> int:
        """-1 below the band, 1 above it, 0 inside."""
        return int(value > self.high) - int(value < self.low)


def band_of(points: Sequence[Point], rule: Rule) -> Band | None:
    """The band of the first readings by day; None while there are too few."""
    first = sorted(points, key=lambda point: point.day)[: rule.baseline]
    if len(first) < rule.baseline:
        return None
    values = np.array([point.value for point in first], dtype=np.float64)
    half = _reach(rule.baseline) * float(values.std(ddof=1))
    return Band(float(values.mean()), max(half, rule.least), first[-1].day)


def drift_days(points: Sequence[Point], rule: Rule) -> list[int]:
    """Days on which a row of readings outside the band was complete, rising; empty without a band."""
    band, found, row, last = band_of(points, rule), [], 0, 0
    if band is None:
        return []
    for point in sorted(points, key=lambda point: point.day):
        if point.day <= band.until:
            continue
        side = band.side(point.value)
        row = 0 if side == 0 else row + 1 if side == last else 1
        last = side
        if row >= rule.row:
            found.append(point.day)
    return found


def false_alarm(rule: Rule) -> float:
    """Chance of calling drift at least once where days differ by independent normal noise alone and the band is its narrowest by t; simulated."""
    return _false_alarm(rule.days, rule.baseline, rule.row)


@cache
def _false_alarm(days: int, baseline: int, row: int) -> float:
    draws = generator(0, "pilot false alarm").standard_normal((DRAWS, days))
    first, rest = draws[:, :baseline], draws[:, baseline:]
    half = _reach(baseline) * first.std(axis=1, ddof=1)
    off = rest - first.mean(axis=1)[:, None]
    sides = np.where(np.abs(off) > half[:, None], np.sign(off), 0.0)
    hit = np.zeros(DRAWS, dtype=bool)
    for start in range(sides.shape[1] - row + 1):
        part = sides[:, start : start + row]
        hit |= (part == 1).all(axis=1) | (part == -1).all(axis=1)
    return round(float(hit.mean()), 3)


def _reach(count: int) -> float:
    """Half a 95 % prediction interval of one more value, in standard deviations of ``count`` values."""
    return float(T_975[count - 1] * np.sqrt(1 + 1 / count))
