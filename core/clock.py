"""The one place where time is read, and how months are counted."""

import calendar
from collections.abc import Callable
from datetime import UTC, date, datetime


def system() -> datetime:
    """What this computer's clock says, in UTC."""
    return datetime.now(UTC)


source: Callable[[], datetime] = system
"""Where the time comes from. Put another here, and the days that rows are created on follow it too: their default is ``now`` itself."""


def now() -> datetime:
    """Current time, aware, in UTC."""
    return source()


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with whole seconds and a trailing ``Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later; the last day of a month that is too short."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
