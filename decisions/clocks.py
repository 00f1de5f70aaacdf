"""Reporting clocks: from the facts of an incident and the regimes to what is due, when, and why. No tables, no requests, no reading of the time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from decisions import wording
from decisions.deadlines import Deadline, Facts, Sent, clock_key, deadline_of, start_of
from decisions.regimes import Regime, Stage
from decisions.vocabulary import FACTS

__all__ = ["WARN_SHARE", "Clock", "ClockState", "Facts", "Sent", "clocks_of"]

WARN_SHARE = 4
"""A clock warns in the last quarter of its period."""


class ClockState(StrEnum):
    """Where a clock stands."""

    NOT_STARTED = "not_started"
    RUNNING = "running"
    WARNED = "warned"
    OVERDUE = "overdue"
    SUBMITTED = "submitted"
    SUBMITTED_LATE = "submitted_late"
    NOT_APPLICABLE = "not_applicable"


OPEN = frozenset({ClockState.RUNNING, ClockState.WARNED, ClockState.OVERDUE})


@dataclass(frozen=True)
class Clock:
    """One report of one regime. ``due`` is aware, in the recipient's zone, and None where nothing runs or the law says “at once”."""

    key: str
    regime: Regime
    stage: Stage
    state: ClockState
    explanation: str
    zone: ZoneInfo
    started: datetime | None = None
    due: datetime | None = None
    sent: tuple[datetime, ...] = ()

    @property
    def open(self) -> bool:
        """Whether a report is still to be sent."""
        return self.state in OPEN

    def left(self, now: datetime) -> timedelta | None:
        """Time until ``due``, negative when past; None without a due time."""
        return None if self.due is None else self.due - now

    def spent(self, now: datetime) -> int:
        """Per cent of the period that has gone by, 0 to 100."""
        if self.due is None or self.started is None or self.due <= self.started:
            return 100
        return max(0, min(100, int(100 * ((now - self.started) / (self.due - self.started)))))


def clocks_of(facts: Facts, regimes: Iterable[Regime], now: datetime) -> list[Clock]:
    """One clock for every report of every regime, in the order of the regimes; ``now`` is aware."""
    rows = list(regimes)
    return [_clock(regime, stage, facts, now, rows) for regime in rows for stage in regime.stages]


def _clock(regime: Regime, stage: Stage, facts: Facts, now: datetime, regimes: Sequence[Regime]) -> Clock:
    key, zone = clock_key(regime, stage.name), regime.zone_for(facts.zone)
    sent = tuple(facts.sent_on(key))
    reason = _excluded(regime, stage, facts, now, regimes)
    if reason:
        return Clock(key, regime, stage, ClockState.NOT_APPLICABLE, reason, zone, sent=sent)
    found = deadline_of(regime, stage, facts, now)
    if found is None:
        state = ClockState.SUBMITTED if sent else ClockState.NOT_STARTED
        return Clock(key, regime, stage, state, _not_started(stage, facts, zone), zone, sent=sent)
    text = " ".join((*found.sentences, *filter(None, (stage.note, regime.note))))
    return Clock(key, regime, stage, _state(stage, found, sent, now), text, zone, found.start.at, found.due, sent)


def _state(stage: Stage, found: Deadline, sent: Sequence[datetime], now: datetime) -> ClockState:
    if sent and not stage.repeats:
        return ClockState.SUBMITTED_LATE if found.due is not None and sent[0] > found.due else ClockState.SUBMITTED
    if found.due is None:
        return ClockState.WARNED
    if now > found.due:
        return ClockState.OVERDUE
    nearly = found.due - (found.due - found.start.at) / WARN_SHARE
    return ClockState.WARNED if found.now or now >= nearly else ClockState.RUNNING


def _excluded(regime: Regime, stage: Stage, facts: Facts, now: datetime, regimes: Sequence[Regime]) -> str:
    """Why a clock does not apply; empty when it does."""
    if not regime.roles & facts.roles:
        return f"Does not apply: it is a duty of “{regime.who}”, which is not among your roles here."
    if not regime.kinds & facts.kinds:
        return f"Does not apply: the incident is not marked {' or '.join(wording.kind(name) for name in sorted(regime.kinds))}."
    other = next((key for kind, key in regime.unless if kind in facts.kinds), "")
    if other:
        instead = next(row for row in regimes if row.key == other)
        return f"Does not apply: {instead.law}, {instead.reference}, takes its place."
    return _not_yet(regime, facts, now) or _stopped(regime, stage, facts)


def _not_yet(regime: Regime, facts: Facts, now: datetime) -> str:
    if regime.since is None:
        return ""
    zone = regime.zone_for(facts.zone)
    first = start_of(regime, regime.stages[0], facts)
    at = (first.at if first else now).astimezone(zone)
    if at.date() >= regime.since:
        return ""
    day = f"{regime.since.day} {regime.since:%B %Y}"
    return f"Does not apply: the duty begins on {day}; counted from {wording.moment(at, zone)}. {regime.note}".strip()


def _stopped(regime: Regime, stage: Stage, facts: Facts) -> str:
    zone = regime.zone_for(facts.zone)
    known = [(facts.times[name], FACTS[name]) for name in stage.stops_on if name in facts.times]
    if known:
        at, label = min(known)
        return f"Does not apply any more: “{label}” on {wording.moment(at, zone)}. The final report takes over."
    if stage.repeats and facts.sent_on(clock_key(regime, "final")):
        return "Does not apply any more: the final report was sent."
    return ""


def _not_started(stage: Stage, facts: Facts, zone: ZoneInfo) -> str:
    length = "It is due at once" if stage.within is None else f"{stage.within} {wording.verb(stage.within, 'run')}"
    if stage.after:
        return f"Not started: no {stage.after} report is recorded as sent. {length} from then."
    text = f"Not started: the time {wording.either(stage.starts)} is unknown. {length} from it, once it is entered."
    if stage.cap is not None and stage.cap.start in facts.times:
        began, label = facts.times[stage.cap.start], FACTS[stage.cap.start]
        text += f" {stage.cap.within} from “{label}” ({wording.moment(began, zone)}, {wording.zone_name(zone)}) have passed without it."
    return text
