"""The clock wall: what each clock says, as words, bars and marks."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from decisions.clocks import Clock, ClockState
from decisions.models import Incident, Submission
from decisions.wording import moment, zone_name

WORDS = {
    ClockState.NOT_STARTED: "Not started",
    ClockState.RUNNING: "Running",
    ClockState.WARNED: "Due soon",
    ClockState.OVERDUE: "Overdue",
    ClockState.SUBMITTED: "Submitted",
    ClockState.SUBMITTED_LATE: "Submitted late",
    ClockState.NOT_APPLICABLE: "Does not apply",
}
ORDER = [ClockState.OVERDUE, ClockState.WARNED, ClockState.RUNNING, ClockState.NOT_STARTED, ClockState.SUBMITTED_LATE, ClockState.SUBMITTED]


@dataclass(frozen=True)
class Card:
    """One clock of the wall."""

    clock: Clock
    now: datetime
    submissions: tuple[Submission, ...] = ()

    @property
    def word(self) -> str:
        """The state in words."""
        return "Due at once" if self.at_once else WORDS[self.clock.state]

    @property
    def at_once(self) -> bool:
        """Whether the law names no period."""
        return self.clock.open and self.clock.due is None

    @property
    def due(self) -> str:
        """The due time where the recipient lives; empty without one."""
        return f"{moment(self.clock.due, self.clock.zone)}, {zone_name(self.clock.zone)}" if self.clock.due else ""

    @property
    def due_utc(self) -> str:
        """The due time in UTC; empty without one."""
        return f"{self.clock.due.astimezone(UTC):%d %B %Y, %H:%M} UTC" if self.clock.due else ""

    @property
    def left(self) -> str:
        """Time left, or since when it is overdue, in words."""
        left = self.clock.left(self.now)
        if left is None:
            return ""
        return f"{length(left)} left" if left >= timedelta(0) else f"overdue by {length(-left)}"

    @property
    def spent(self) -> int:
        """Per cent of the period gone by."""
        return self.clock.spent(self.now)


def length(span: timedelta) -> str:
    """A length of time as people say it: ``2 days 3 h``, ``3 h 20 min``, ``12 min``."""
    minutes = int(span.total_seconds()) // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} day{'' if days == 1 else 's'} {hours} h"
    return f"{hours} h {minutes % 60:02d} min" if hours else f"{minutes} min"


def cards(incident: Incident, now: datetime) -> tuple[list[Card], list[Card], int]:
    """Cards of clocks that apply, the most urgent first; of those that do not although the role fits; and how many belong to other roles."""
    submissions = incident.current_submissions()
    rows = [Card(row, now, tuple(sent for sent in submissions if sent.clock == row.key)) for row in incident.clocks(now)]
    applying = [row for row in rows if row.clock.state != ClockState.NOT_APPLICABLE]
    apart = [row for row in rows if row.clock.state == ClockState.NOT_APPLICABLE]
    ours = [row for row in apart if row.submissions or row.clock.regime.roles & set(incident.roles)]
    return sorted(applying, key=_urgency), ours, len(apart) - len(ours)


def _urgency(card: Card) -> tuple[int, bool, float]:
    due = card.clock.due
    return ORDER.index(card.clock.state), due is not None, due.timestamp() if due else 0.0
