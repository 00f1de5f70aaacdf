"""Remaining time: measured where there is something to measure, usual times scaled by the run's pace elsewhere."""

from datetime import UTC, datetime, timedelta

import pytest

from assessments.models import RunState, Step
from web.runs.progress import run_progress
from web.templatetags.assay import duration

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
USUAL = {"quick": 60.0, "slow": 240.0}


def step(state: str, instrument: str = "quick", *, fraction: float = 0.0, began: float | None = None, ended: float | None = None) -> Step:
    """``began`` and ``ended`` in seconds before now."""
    times = [None if ago is None else NOW - timedelta(seconds=ago) for ago in (began, ended)]
    return Step(state=state, instrument=instrument, fraction=fraction, started_at=times[0], finished_at=times[1])


def test_untouched_run_takes_the_usual_times() -> None:
    found = run_progress([step(RunState.QUEUED), step(RunState.QUEUED, "slow")], USUAL, NOW)
    assert (found.left, found.percent, found.current) == (300.0, 0, 1)


def test_from_half_of_a_step_on_its_own_speed_decides() -> None:
    found = run_progress([step(RunState.RUNNING, fraction=0.5, began=300)], USUAL, NOW)
    assert found.left == pytest.approx(300.0)
    assert found.steps[0].percent == 50


def test_before_that_the_usual_time_counts_as_well() -> None:
    found = run_progress([step(RunState.RUNNING, fraction=0.25, began=30)], USUAL, NOW)
    assert found.left == pytest.approx(0.5 * 90 + 0.5 * 45)


def test_step_that_only_loads_its_model_is_given_its_usual_time() -> None:
    assert run_progress([step(RunState.RUNNING, fraction=0.0, began=500)], USUAL, NOW).left == 60.0


def test_waiting_steps_follow_the_pace_of_the_run() -> None:
    twice_as_slow = step(RunState.DONE, began=240, ended=120)
    found = run_progress([twice_as_slow, step(RunState.QUEUED, "slow")], USUAL, NOW)
    assert found.left == pytest.approx(480.0)
    assert found.current == 2


def test_steps_beside_one_another_share_the_remaining_time() -> None:
    two = [step(RunState.RUNNING, fraction=0.5, began=30), step(RunState.RUNNING, fraction=0.5, began=30)]
    waiting = [step(RunState.QUEUED), step(RunState.QUEUED)]
    assert run_progress([*two, *waiting], USUAL, NOW).left == pytest.approx((30 + 30 + 60 + 60) / 2)


def test_no_sharing_makes_the_longest_step_shorter() -> None:
    two = [step(RunState.RUNNING, fraction=0.5, began=30), step(RunState.RUNNING, fraction=0.5, began=30)]
    assert run_progress([*two, step(RunState.QUEUED, "slow")], USUAL, NOW).left == pytest.approx(240.0)


def test_whole_run_weighs_steps_by_their_usual_time() -> None:
    found = run_progress([step(RunState.DONE, began=90, ended=30), step(RunState.RUNNING, "slow", fraction=0.5, began=30)], USUAL, NOW)
    assert found.percent == 60


@pytest.mark.parametrize("state", [RunState.DONE, RunState.FAILED, RunState.CANCELLED])
def test_ended_run_has_nothing_left(state: str) -> None:
    found = run_progress([step(state, began=90, ended=30)], USUAL, NOW)
    assert found.left is None
    assert found.steps[0].spent == 60.0


def test_failed_step_keeps_the_share_it_reached() -> None:
    assert run_progress([step(RunState.FAILED, fraction=0.4, began=60, ended=10)], USUAL, NOW).percent == 40


def test_step_whose_lease_ran_out_is_called_silent() -> None:
    lost, well = step(RunState.RUNNING, began=60), step(RunState.RUNNING, began=60)
    lost.lease_until, well.lease_until = NOW - timedelta(seconds=1), NOW + timedelta(seconds=1)
    assert [row.silent for row in run_progress([lost, well], USUAL, NOW).steps] == [True, False]


def test_unknown_instrument_is_given_two_minutes() -> None:
    assert run_progress([step(RunState.QUEUED, "removed")], USUAL, NOW).left == 120.0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (0.2, "1 s"), (12.4, "12 s"), (47, "50 s"), (100, "2 min"), (3540, "59 min"), (3600, "1 h 00 min"), (8000, "2 h 13 min")],
)
def test_durations_are_said_as_a_person_would(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text
