"""What the days of a pilot gave: readings that count, who said it answered, and where that changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from assessments.drift import Band, Point, band_of, drift_days
from assessments.models import ENDED, Finding, Pilot, PilotDay, RunState
from assessments.pilot_models import DayState

DAY = timedelta(days=1)
LATE = "The run ended after its day, so it says nothing about that day and is not counted."
UNSCORED = "Too few answers could be scored."
NAMES = {"models_that_answered": "model name", "system_fingerprints": "system fingerprint"}


@dataclass(frozen=True)
class DayRow:
    """A day, its finding where there is one, its reading where that counts, and why not where it does not."""

    day: PilotDay
    finding: Finding | None
    point: Point | None
    why: str

    @property
    def said(self) -> Mapping[str, frozenset[str]]:
        """What the endpoint said answered, by the kind of name."""
        held: Mapping[str, Any] = self.finding.environment if self.finding else {}
        return {key: frozenset(held.get(key, ())) for key in NAMES}


@dataclass(frozen=True)
class Event:
    """On ``day`` the endpoint gave other names than on the day before that answered."""

    day: int
    what: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def words(self) -> str:
        """In a sentence."""
        return f"Day {self.day}: the {self.what} was {_names(self.after)}; before it was {_names(self.before)}."


@dataclass(frozen=True)
class Course:
    """Everything read of a pilot so far."""

    rows: Sequence[DayRow]
    points: Sequence[Point]
    band: Band | None
    drift: Sequence[int]
    events: Sequence[Event]

    def count(self, *states: str) -> int:
        """Days in any of ``states``."""
        return sum(row.day.state in states for row in self.rows)


def course_of(pilot: Pilot) -> Course:
    """The days of ``pilot`` with their readings; three queries, however many days."""
    days = list(pilot.days.select_related("run"))
    held = Finding.objects.filter(step__run__pilot_day__pilot=pilot).select_related("step", "result_artifact").prefetch_related("measurements")
    findings = {finding.step.run_id: finding for finding in held.defer("figures", "controls")}
    rows = [_row(day, findings.get(day.run_id) if day.run_id else None) for day in days]
    points = [row.point for row in rows if row.point is not None]
    return Course(rows, points, band_of(points, pilot.rule), drift_days(points, pilot.rule), _events(rows))


def runs_open(pilot: Pilot) -> bool:
    """Whether a run of one of its days has not ended."""
    return pilot.days.filter(run__isnull=False).exclude(run__state__in=ENDED).exists()


def _row(day: PilotDay, finding: Finding | None) -> DayRow:
    if day.state != DayState.STARTED:
        return DayRow(day, None, None, day.reason)
    assert day.run is not None
    if not day.run.ended:
        return DayRow(day, None, None, "The run has not ended.")
    if finding is None or day.run.state != RunState.DONE:
        return DayRow(day, None, None, f"The run {day.run.get_state_display().lower()}.")
    if day.run.finished_at is None or day.run.finished_at >= day.due_at + DAY:
        return DayRow(day, finding, None, LATE)
    if finding.reading == "inconclusive":
        return DayRow(day, finding, None, UNSCORED)
    found = finding.primary_measurement
    low, high = (found.value if edge is None else edge for edge in (found.low, found.high))
    return DayRow(day, finding, Point(day.number, found.value, low, high), "")


def _events(rows: Sequence[DayRow]) -> list[Event]:
    found, before = [], dict.fromkeys(NAMES, frozenset[str]())
    for row in rows:
        for key, after in row.said.items():
            if row.finding is None or not after:
                continue
            if before[key] and after != before[key]:
                found.append(Event(row.day.number, NAMES[key], tuple(sorted(before[key])), tuple(sorted(after))))
            before[key] = after
    return found


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"“{name}”" if name else "not given" for name in names)
