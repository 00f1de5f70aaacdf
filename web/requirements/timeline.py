"""The small picture of duties as they begin: a step line over time, and the days on which something starts."""

import datetime
from collections import Counter
from dataclasses import dataclass

from frameworks.applicability import Bite
from reports.coverage import Matrix

WIDTH, HEIGHT, TOP = 720.0, 96.0, 10.0


@dataclass(frozen=True)
class Start:
    """A day on which duties begin: how many, how many apply from then on, and where it lies in the picture."""

    day: datetime.date
    count: int
    total: int
    x: float
    y: float


@dataclass(frozen=True)
class Timeline:
    """Everything the picture shows, in its own coordinates."""

    starts: tuple[Start, ...]
    path: str
    today_x: float
    chosen_x: float
    years: tuple[tuple[int, float], ...]
    total: int


def timeline_of(matrix: Matrix, today: datetime.date) -> Timeline | None:
    """The timeline of all dated duties that bind a subject at some time; None when there is none."""
    counts = Counter(line.begins for line in matrix.lines if line.begins and line.bite != Bite.NOT_APPLICABLE)
    if not counts:
        return None
    days = sorted(day for day in counts if day)
    first, last = min(days[0], today, matrix.as_of), max(days[-1], today, matrix.as_of)
    first, last = first - datetime.timedelta(days=60), last + datetime.timedelta(days=120)
    whole = sum(counts.values())

    def across(day: datetime.date) -> float:
        return round(WIDTH * (day - first).days / (last - first).days, 1)

    starts, total = [], 0
    for day in days:
        total += counts[day]
        starts.append(Start(day, counts[day], total, across(day), round(HEIGHT - (HEIGHT - TOP) * total / whole, 1)))
    years = tuple((year, across(datetime.date(year, 1, 1))) for year in range(first.year + 1, last.year + 1))
    path = f"M0 {HEIGHT}" + "".join(f"H{start.x}V{start.y}" for start in starts) + f"H{WIDTH}"
    return Timeline(tuple(starts), path, across(today), across(matrix.as_of), years, whole)
