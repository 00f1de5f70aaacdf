"""How far a run is and how long it may still take: plain arithmetic on rows, the clock handed in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from assessments.models import RunState, Step

TRUSTED_FRACTION = 0.03
"""Below this share of a step its own speed says less than the instrument's usual time."""


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
    pace = _pace(steps, usual, now)
    shown = tuple(_step(step, usual.get(step.instrument, 120.0) * pace, now) for step in steps)
    waits = [row.left for row in shown if row.left is not None]
    weights = [usual.get(step.instrument, 120.0) for step in steps]
    done = sum(weight * row.percent for weight, row in zip(weights, shown, strict=True))
    ended = sum(step.state in (RunState.DONE, RunState.FAILED, RunState.CANCELLED) for step in steps)
    return RunProgress(shown, int(done / max(sum(weights), 1e-9)), sum(waits) if waits else None, min(ended + 1, len(steps)))


def _pace(steps: Sequence[Step], usual: Mapping[str, float], now: datetime) -> float:
    spent = expected = 0.0
    for step in steps:
        share = 1.0 if step.state == RunState.DONE else step.fraction if step.state == RunState.RUNNING else 0.0
        if share >= TRUSTED_FRACTION:
            spent += _spent(step, now) or 0.0
            expected += usual.get(step.instrument, 120.0) * share
    return spent / expected if expected else 1.0


def _step(step: Step, expected: float, now: datetime) -> StepProgress:
    silent = step.state == RunState.RUNNING and step.lease_until is not None and step.lease_until < now
    percent = 100 if step.state == RunState.DONE else round(100 * step.fraction)
    return StepProgress(step, percent, _spent(step, now), _left(step, expected, now), silent)


def _spent(step: Step, now: datetime) -> float | None:
    if step.started_at is None:
        return None
    return max(((step.finished_at or now) - step.started_at).total_seconds(), 0.0)


def _left(step: Step, expected: float, now: datetime) -> float | None:
    if step.state == RunState.QUEUED:
        return expected
    if step.state != RunState.RUNNING:
        return None
    spent = _spent(step, now) or 0.0
    if step.fraction < TRUSTED_FRACTION:
        return max(expected - spent, 0.0)
    return spent * (1 - step.fraction) / step.fraction
