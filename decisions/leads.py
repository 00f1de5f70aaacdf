"""How long ahead of a deadline people are reminded, read from ``reminders.yaml`` and checked whole."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from decisions.clocks import Clock
from decisions.deadlines import clock_key
from decisions.periods import Period
from decisions.regimes import shipped as shipped_regimes

SHIPPED = Path(__file__).parent / "reminders.yaml"
UNITS = {
    "hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1), "month": timedelta(days=31), "working day": timedelta(days=1.4),
}  # fmt: skip
"""Roughly: a lead need not be exact, a deadline is reckoned elsewhere."""


@dataclass(frozen=True)
class Leads:
    """Leads by length of the period and by clock, longest first; days ahead for corrective actions."""

    by_length: tuple[tuple[timedelta, tuple[timedelta, ...]], ...]
    clocks: Mapping[str, tuple[timedelta, ...]]
    actions: tuple[int, ...]

    def of(self, clock: Clock) -> tuple[timedelta, ...]:
        """The leads of a clock that has started and has a due time; none otherwise."""
        if clock.key in self.clocks:
            return self.clocks[clock.key]
        if clock.due is None or clock.started is None:
            return ()
        length = clock.due - clock.started
        return next((ahead for most, ahead in self.by_length if length <= most), self.by_length[-1][1])


@functools.cache
def shipped() -> Leads:
    """The leads that come with the program."""
    return read(SHIPPED.read_text(encoding="utf-8"))


def read(text: str) -> Leads:
    """Leads from yaml; ``ValueError`` says what is wrong."""
    data: dict[str, Any] = yaml.safe_load(text)
    known = {clock_key(regime, stage.name) for regime in shipped_regimes() for stage in regime.stages}
    unknown = sorted(set(data["clocks"]) - known)
    if unknown:
        raise ValueError(f"there is no clock “{unknown[0]}”")
    rows = tuple((span(row["up_to"]), _spans(row["ahead"])) for row in data["by_length"])
    if list(rows) != sorted(rows) or not rows:
        raise ValueError("by_length: the shortest period first")
    return Leads(rows, {key: _spans(ahead) for key, ahead in data["clocks"].items()}, tuple(sorted(map(int, data["actions"]), reverse=True)))


def span(text: str) -> timedelta:
    """About how long a period is."""
    period = Period.parse(text)
    return period.amount * UNITS[period.unit]


def reached(due: datetime, ahead: tuple[timedelta, ...], now: datetime) -> timedelta | None:
    """The shortest of ``ahead`` whose moment has come; a zero length once ``due`` has passed; None while all lie ahead."""
    if now > due:
        return timedelta(0)
    return min((lead for lead in ahead if due - lead <= now), default=None)


def _spans(texts: list[str]) -> tuple[timedelta, ...]:
    return tuple(sorted((span(text) for text in texts), reverse=True))
