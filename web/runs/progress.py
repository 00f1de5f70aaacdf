"""How far a run is and how long it may still take: plain arithmetic on rows, the clock handed in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from assessments.models import ENDED, RunState, Step

UNKNOWN = 120.0
"""Seconds expected of an instrument that is no longer in the registry."""


@dataclass(frozen=True)
class StepProgress:
    """One step as shown: seconds spent, seconds still expected (None once ended), share done in percent."""

    step: Step
    percent: int
    spent: float | None
    left: float | None
    silent: bool


@dataclass(frozen=True)
class RunProgress:
    """All steps and what they add up to; ``left`` is None once ended."""

    steps: tuple[StepProgress, ...]
    percent: int
    left: float | None
    current: int

    @property
    def count(self) -> int:
        """How many steps there are."""
        return len(self.steps)


def run_progress(steps: Sequence[Step], usual: Mapping[str, float], now: datetime) -> RunProgress:
    """Progress of ``steps``; ``usual`` gives each instrument's usual seconds, which are scaled by this run's own pace."""
    expected = [usual.get(step.instrument, UNKNOWN) for step in steps]
    pace = _pace(steps, expected, now)
    shown = tuple(_step(step, seconds, pace, now) for step, seconds in zip(steps, expected, strict=True))
    done = sum(seconds * row.percent for seconds, row in zip(expected, shown, strict=True))
    ended = sum(step.state in ENDED for step in steps)
    return RunProgress(shown, int(done / max(sum(expected), 1e-9)), _run_left(shown), min(ended + 1, len(steps)))


def _run_left(shown: Sequence[StepProgress]) -> float | None:
    waits = [row.left for row in shown if row.left is not None]
    if not waits:
        return None
    # As many steps as run now will run beside one another until the end, but no step is shared.
    abreast = max(sum(row.step.state == RunState.RUNNING for row in shown), 1)
    return max(max(waits), sum(waits) / abreast)


def _pace(steps: Sequence[Step], expected: Sequence[float], now: datetime) -> float:
    """How much longer than usual the begun steps take, 1 while none has begun."""
    begun = [(step, seconds) for step, seconds in zip(steps, expected, strict=True) if step.state in (RunState.RUNNING, RunState.DONE)]
    totals = [(_spent(step, now) or 0.0) + (_running_left(step, seconds, now) if step.state == RunState.RUNNING else 0.0) for step, seconds in begun]
    return sum(totals) / max(sum(seconds for _, seconds in begun), 1e-9) if begun else 1.0


def _step(step: Step, expected: float, pace: float, now: datetime) -> StepProgress:
    silent = step.state == RunState.RUNNING and step.lease_until is not None and step.lease_until < now
    percent = 100 if step.state == RunState.DONE else round(100 * step.fraction)
    left = expected * pace if step.state == RunState.QUEUED else _running_left(step, expected, now) if step.state == RunState.RUNNING else None
    return StepProgress(step, percent, _spent(step, now), left, silent)


def _spent(step: Step, now: datetime) -> float | None:
    if step.started_at is None:
        return None
    return max(((step.finished_at or now) - step.started_at).total_seconds(), 0.0)


def _running_left(step: Step, expected: float, now: datetime) -> float:
    """The usual time at first; from half of the step on, the step's own speed alone."""
    share = min(max(step.fraction, 0.0), 1.0)
    if not share:
        return expected
    measured = (_spent(step, now) or 0.0) * (1 - share) / share
    trust = min(1.0, 2 * share)
    return trust * measured + (1 - trust) * expected * (1 - share)
