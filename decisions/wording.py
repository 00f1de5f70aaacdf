"""How clocks explain themselves: moments, lists and the sentences about what starts, moves and stops them."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from decisions.periods import Period
from decisions.vocabulary import FACTS, KINDS


def moment(at: datetime, zone: ZoneInfo) -> str:
    """``Wednesday 3 March 2027 10:15`` in ``zone``."""
    local = at.astimezone(zone)
    return f"{local:%A} {local.day} {local:%B %Y %H:%M}"


def zone_name(zone: ZoneInfo) -> str:
    """``Brussels time``."""
    return f"{zone.key.rpartition('/')[2].replace('_', ' ')} time"


def either(names: Sequence[str]) -> str:
    """Facts in quotation marks, joined by “or”."""
    return " or ".join(f"“{FACTS[name]}”" for name in names)


def kind(name: str) -> str:
    """A kind of incident in quotation marks."""
    return f"“{KINDS[name]}”"


def ends(period: Period, start: datetime, why: str, due: datetime, zone: ZoneInfo) -> str:
    """The sentence every running clock begins with."""
    return f"{period} from {moment(start, zone)} ({why}) {verb(period, 'end')} on {moment(due, zone)}, {zone_name(zone)}."


def verb(period: Period, word: str) -> str:
    """``end`` or ``ends``, as the period wants it."""
    return f"{word}s" if period.amount == 1 else word


def moved(before: datetime, due: datetime, zone: ZoneInfo) -> str:
    """Why a due time was moved off a day without work."""
    local = before.astimezone(zone)
    day = "a weekend day" if local.weekday() >= 5 else "entered as a bank holiday"
    return f"Moved to {moment(due, zone)} because {local:%A} {local.day} {local:%B} is {day}."
