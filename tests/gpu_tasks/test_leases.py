"""Leases: exactly one worker's result counts, whatever dies."""

import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from assessments.models import Run, RunState, Step
from assessments.services.runs import run_cancel, run_create
from core import clock
from core.errors import Conflict
from gpu_tasks import leases
from gpu_tasks.models import Attempt, Outcome
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def robot(admin: User) -> User:
    return factories.worker(factories.home(admin))


@pytest.fixture
def run(admin: User) -> Run:
    return run_create(actor=admin, plan=factories.plan(admin))


def first(run: Run) -> Step:
    return run.steps.get(position=0)


def expire(step: Step) -> None:
    Step.objects.filter(pk=step.pk).update(lease_until=clock.now() - timedelta(seconds=1))


def test_claim_takes_a_queued_step_once(run: Run, robot: User) -> None:
    step = first(run)
    assert leases.claim(actor=robot, step_id=step.id, worker="a") is not None
    assert leases.claim(actor=robot, step_id=step.id, worker="b") is None
    step.refresh_from_db()
    run.refresh_from_db()
    assert (step.state, step.attempts_made, run.state) == (RunState.RUNNING, 1, RunState.RUNNING)


def test_claim_of_an_unknown_step_is_nothing(robot: User) -> None:
    assert leases.claim(actor=robot, step_id=uuid.uuid4(), worker="a") is None


def test_expired_lease_can_be_taken_over_and_the_old_holder_is_out(run: Run, robot: User) -> None:
    step = first(run)
    old = leases.claim(actor=robot, step_id=step.id, worker="a")
    assert old is not None
    expire(step)
    new = leases.claim(actor=robot, step_id=step.id, worker="b")
    assert new is not None
    with pytest.raises(leases.LeaseLost):
        leases.renew(actor=robot, lease=old)
    with pytest.raises(leases.LeaseLost):
        leases.report(actor=robot, lease=old, fraction=0.5, stage="x", tokens=1, speed=1.0)
    leases.renew(actor=robot, lease=new)
    assert list(Attempt.objects.order_by("created_at").values_list("worker", "outcome")) == [("a", Outcome.LOST), ("b", Outcome.OPEN)]


def test_late_result_of_a_lost_worker_is_discarded(run: Run, robot: User) -> None:
    step = first(run)
    old = leases.claim(actor=robot, step_id=step.id, worker="a")
    assert old is not None
    expire(step)
    leases.reap(actor=robot)
    factories.finish(robot, step)
    step.refresh_from_db()
    from pathlib import Path

    from assessments.services.steps import step_finish, step_spec
    from gpu_tasks.worker import store_output

    late = factories.output(9.0)
    with pytest.raises(Conflict, match="discarded"):
        step_finish(actor=robot, step=step, token=old.token, output=late, artifacts=store_output(step_spec(step), late, Path("/nonexistent")))
    assert step.finding.primary_measurement.value == 2.0


def test_renewal_moves_the_end_of_the_lease(run: Run, robot: User) -> None:
    step = first(run)
    lease = leases.claim(actor=robot, step_id=step.id, worker="a")
    assert lease is not None
    Step.objects.filter(pk=step.pk).update(lease_until=clock.now())
    leases.renew(actor=robot, lease=lease)
    step.refresh_from_db()
    assert step.lease_until is not None
    assert step.lease_until > clock.now() + leases.lease_end() / 2


def test_reaper_requeues_a_lost_step_and_names_it_for_ringing(run: Run, robot: User) -> None:
    step = first(run)
    leases.claim(actor=robot, step_id=step.id, worker="a")
    Step.objects.update(rung_at=clock.now())
    assert leases.reap(actor=robot) == []
    expire(step)
    assert leases.reap(actor=robot) == [step.id]
    step.refresh_from_db()
    assert (step.state, step.lease_token) == (RunState.QUEUED, None)
    assert Attempt.objects.get().outcome == Outcome.LOST


def test_reaper_rings_again_for_steps_nobody_heard(run: Run, robot: User) -> None:
    Step.objects.update(rung_at=clock.now() - 2 * leases.lease_end())
    assert set(leases.reap(actor=robot)) == set(run.steps.values_list("id", flat=True))


def test_reaper_gives_up_at_the_attempt_cap_and_the_run_fails_when_all_ended(run: Run, robot: User, settings: Any) -> None:
    settings.ASSAY_MAX_ATTEMPTS = 2
    step, other = first(run), run.steps.get(position=1)
    for _ in range(2):
        leases.claim(actor=robot, step_id=step.id, worker="a")
        expire(step)
        leases.reap(actor=robot)
    step.refresh_from_db()
    assert step.state == RunState.FAILED
    assert "worker lost 2 times" in step.error
    assert leases.claim(actor=robot, step_id=step.id, worker="a") is None
    factories.finish(robot, other)
    run.refresh_from_db()
    assert run.state == RunState.FAILED


def test_expired_lease_is_not_taken_over_beyond_the_attempt_cap(run: Run, robot: User, settings: Any) -> None:
    settings.ASSAY_MAX_ATTEMPTS = 1
    step = first(run)
    leases.claim(actor=robot, step_id=step.id, worker="a")
    expire(step)
    assert leases.claim(actor=robot, step_id=step.id, worker="b") is None


def test_progress_is_written_and_cancel_is_heard(admin: User, run: Run, robot: User) -> None:
    step = first(run)
    lease = leases.claim(actor=robot, step_id=step.id, worker="a")
    assert lease is not None
    assert leases.report(actor=robot, lease=lease, fraction=0.4, stage="layer 3 of 30", tokens=50, speed=25.0) is False
    step.refresh_from_db()
    assert (step.fraction, step.stage, step.tokens, step.tokens_per_second) == (0.4, "layer 3 of 30", 50, 25.0)
    run_cancel(actor=admin, run=run)
    assert leases.report(actor=robot, lease=lease, fraction=0.5, stage="layer 4", tokens=60, speed=25.0) is True


def test_step_of_a_run_that_is_being_cancelled_is_not_claimed(run: Run, robot: User) -> None:
    Run.objects.filter(pk=run.pk).update(cancel_requested=True)
    assert leases.claim(actor=robot, step_id=first(run).id, worker="a") is None


def test_lost_worker_of_a_cancelled_run_ends_cancelled(admin: User, run: Run, robot: User) -> None:
    step = first(run)
    leases.claim(actor=robot, step_id=step.id, worker="a")
    run_cancel(actor=admin, run=run)
    expire(step)
    leases.reap(actor=robot)
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED


@pytest.mark.django_db(transaction=True)
def test_of_many_claims_at_once_one_wins(admin: User) -> None:
    robot = factories.worker(factories.home(admin))
    step = first(run_create(actor=admin, plan=factories.plan(admin)))
    won: list[object] = []

    def attempt(name: str) -> None:
        try:
            won.append(leases.claim(actor=robot, step_id=step.id, worker=name))
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, args=(f"w{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([lease for lease in won if lease is not None]) == 1
    assert len(won) == 6
