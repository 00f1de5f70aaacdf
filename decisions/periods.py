"""Periods of laws and how they run: hours as elapsed time, days, weeks and months by the recipient's wall clock, working days without weekends and holidays."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.clock import add_months

SHAPE = re.compile(r"(\d+) (hour|day|week|month|working day)s?")
NOON = time(12)
SATURDAY = 5


@dataclass(frozen=True)
class Period:
    """``amount`` of ``unit``: hour, day, week, month or working day. ``str()`` gives the words it was written with."""

    amount: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> "Period":
        """A period such as ``72 hours`` or ``5 working days``; ``ValueError`` otherwise."""
        found = SHAPE.fullmatch(text)
        if found is None:
            raise ValueError(f"“{text}” is not a period such as “72 hours”, “15 days”, “1 month” or “5 working days”")
        return cls(int(found[1]), found[2])

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}{'' if self.amount == 1 else 's'}"

    def after(self, start: datetime, zone: ZoneInfo, holidays: Collection[date] = ()) -> datetime:
        """The end of the period that begins at the aware ``start``, in ``zone``; a wall time that the clock change skips is the one after it."""
        if self.unit == "hour":
            return (start.astimezone(UTC) + timedelta(hours=self.amount)).astimezone(zone)
        local = start.astimezone(zone)
        day = self._day_after(local.date(), holidays)
        return datetime.combine(day, local.time(), zone).astimezone(UTC).astimezone(zone)

    def _day_after(self, day: date, holidays: Collection[date]) -> date:
        if self.unit == "month":
            return add_months(day, self.amount)
        if self.unit == "working day":
            return add_working_days(day, self.amount, holidays)
        return day + timedelta(days=self.amount * (7 if self.unit == "week" else 1))


def is_working_day(day: date, holidays: Collection[date]) -> bool:
    """Neither Saturday nor Sunday nor one of ``holidays``."""
    return day.weekday() < SATURDAY and day not in holidays


def add_working_days(day: date, count: int, holidays: Collection[date]) -> date:
    """The ``count``-th working day after ``day``."""
    while count:
        day += timedelta(days=1)
        count -= is_working_day(day, holidays)
    return day


def noon_of_next_working_day(moment: datetime, zone: ZoneInfo, holidays: Collection[date]) -> datetime:
    """``moment`` in ``zone``, moved to noon of the next working day when it falls on a weekend or holiday."""
    local = moment.astimezone(zone)
    if is_working_day(local.date(), holidays):
        return local
    return datetime.combine(add_working_days(local.date(), 1, holidays), NOON, zone)


def end_of_year(moment: datetime, zone: ZoneInfo) -> datetime:
    """The last minute of the calendar year of ``moment`` in ``zone``."""
    return datetime(moment.astimezone(zone).year, 12, 31, 23, 59, tzinfo=zone)
