"""When one report is due: what started its period, how long it is, what caps, shortens or moves it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from decisions import wording
from decisions.periods import Period, end_of_year, noon_of_next_working_day
from decisions.regimes import Regime, Stage
from decisions.vocabulary import FACTS, STAGES


@dataclass(frozen=True)
class Sent:
    """A report that was submitted on the clock ``clock``."""

    clock: str
    at: datetime


@dataclass(frozen=True)
class Facts:
    """What is known of an incident: aware times by fact, kinds and roles, the authority's time zone, bank holidays, submissions."""

    times: Mapping[str, datetime]
    kinds: frozenset[str]
    roles: frozenset[str]
    zone: str = "Europe/Brussels"
    holidays: frozenset[date] = frozenset()
    sent: tuple[Sent, ...] = ()

    def sent_on(self, clock: str) -> list[datetime]:
        """Times of the submissions on a clock, earliest first."""
        return sorted(row.at for row in self.sent if row.clock == clock)


@dataclass(frozen=True)
class Start:
    """What a period runs from."""

    at: datetime
    why: str


@dataclass(frozen=True)
class Deadline:
    """``due`` is None where the law says “at once”; ``now`` says that the report is due at once before ``due``."""

    start: Start
    due: datetime | None
    sentences: tuple[str, ...]
    now: bool = False


def clock_key(regime: Regime, stage: str) -> str:
    """By which a clock is named in addresses and records."""
    return f"{regime.key}-{stage}"


def start_of(regime: Regime, stage: Stage, facts: Facts) -> Start | None:
    """The earliest known starting fact, or the latest submission that it follows; None while unknown."""
    if stage.after:
        return _after(regime, stage, facts)
    known = [(facts.times[name], name) for name in stage.starts if name in facts.times]
    return Start(min(known)[0], FACTS[min(known)[1]]) if known else None


def _after(regime: Regime, stage: Stage, facts: Facts) -> Start | None:
    if stage.repeats:
        own = facts.sent_on(clock_key(regime, stage.name))
        if own:
            return Start(own[-1], f"the last {STAGES[stage.name].lower()} was sent")
    earlier = facts.sent_on(clock_key(regime, stage.after))
    if not earlier:
        return None
    # The first initial report starts what follows it; of intermediate reports, the last.
    return Start(earlier[-1] if stage.after == "intermediate" else earlier[0], f"the {STAGES[stage.after].lower()} was sent")


def deadline_of(regime: Regime, stage: Stage, facts: Facts, now: datetime) -> Deadline | None:
    """When the report is due and why; None while nothing has started its period."""
    zone = regime.zone_for(facts.zone)
    start = start_of(regime, stage, facts)
    if start is None:
        return _capped_only(stage, facts, zone, now)
    period, shortened = _period(stage, facts)
    if period is None:
        said = f"At once: the law names no number of hours. It counts from {wording.moment(start.at, zone)} ({start.why}), {wording.zone_name(zone)}."
        return Deadline(start, None, (said,), now=True)
    begin = end_of_year(start.at, zone) if stage.year_end else start.at
    due = period.after(begin, zone, facts.holidays)
    why = f"the end of the year of “{start.why}”" if stage.year_end else start.why
    first = (wording.ends(period, begin, why, due, zone), *shortened)
    limited, cap_words = _cap(stage, facts, start, due, zone)
    moved, move_words = _move(stage, facts, limited, zone)
    hurry = _hurry(stage, facts, zone)
    return Deadline(start, moved, (*first, *cap_words, *move_words, *hurry), now=bool(hurry))


def _period(stage: Stage, facts: Facts) -> tuple[Period | None, tuple[str, ...]]:
    for kind, period in stage.shorter:
        if kind in facts.kinds:
            return period, (f"Shortened from {stage.within} because the incident is marked {wording.kind(kind)}.",)
    return stage.within, ()


def _cap(stage: Stage, facts: Facts, start: Start, due: datetime, zone: ZoneInfo) -> tuple[datetime, tuple[str, ...]]:
    if stage.cap is None or stage.cap.start not in facts.times:
        return due, ()
    begin = facts.times[stage.cap.start]
    limit, label = stage.cap.within.after(begin, zone, facts.holidays), FACTS[stage.cap.start]
    if start.at > limit:
        said = f"The outer limit of {stage.cap.within} from “{label}” does not count, because “{start.why}” came after it."
        return due, (said,)
    if limit < due:
        return limit, (f"Never later than {wording.ends(stage.cap.within, begin, label, limit, zone)}",)
    return due, ()


def _capped_only(stage: Stage, facts: Facts, zone: ZoneInfo, now: datetime) -> Deadline | None:
    """The outer limit alone, while it is ahead and the starting fact is still unknown."""
    if stage.cap is None or stage.cap.start not in facts.times:
        return None
    begin, label = facts.times[stage.cap.start], FACTS[stage.cap.start]
    limit = stage.cap.within.after(begin, zone, facts.holidays)
    if now > limit:
        return None
    due, move_words = _move(stage, facts, limit, zone)
    rest = f"Once {wording.either(stage.starts)} is entered, it is {stage.within} from then, and never later than this."
    return Deadline(Start(begin, label), due, (wording.ends(stage.cap.within, begin, label, limit, zone), *move_words, rest))


def _move(stage: Stage, facts: Facts, due: datetime, zone: ZoneInfo) -> tuple[datetime, tuple[str, ...]]:
    if not stage.noon_rule:
        return due, ()
    later = noon_of_next_working_day(due, zone, facts.holidays)
    if later == due:
        return due, ()
    if facts.roles & stage.not_for:
        return due, ("It falls on a day without work, but the weekend rule does not count for your kind of institution.",)
    return later, (wording.moved(due, later, zone),)


def _hurry(stage: Stage, facts: Facts, zone: ZoneInfo) -> tuple[str, ...]:
    known = [(facts.times[name], FACTS[name]) for name in stage.at_once_on if name in facts.times]
    if not known:
        return ()
    at, label = min(known)
    return (f"Report at once: “{label}” is known since {wording.moment(at, zone)}. The date above is only the outer limit.",)
