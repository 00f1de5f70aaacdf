"""The live run page: true at every moment, one template for page and fragment, and who may stop or retry."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from assessments.models import Finding, Run, RunState, Step
from assessments.services.runs import run_cancel, run_create
from assessments.services.steps import step_end
from core import clock
from evidence.models import LedgerEntry
from gpu_tasks import leases
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def robot(admin: User) -> User:
    return factories.worker(factories.home(admin))


@pytest.fixture
def fresh(admin: User) -> Run:
    """A run of two steps that nobody took yet."""
    return run_create(actor=admin, plan=factories.plan(admin))


def take(robot: User, run: Run, place: int = 0) -> leases.Lease:
    lease = leases.claim(actor=robot, step_id=run.steps.all()[place].id, worker="laptop:1")
    assert lease is not None
    return lease


def address(run: Run, name: str = "run-detail") -> str:
    return reverse(f"web:{name}", args=[run.id])


def body_of(browser: Client, run: Run) -> str:
    answer = browser.get(address(run))
    assert answer.status_code == 200
    return str(answer.content.decode())


def fragment_of(browser: Client, run: Run) -> str:
    return str(browser.get(address(run), headers={"HX-Request": "true"}).content.decode())


def test_running_step_shows_stage_speed_share_and_time_left(admin_client: Client, robot: User, fresh: Run) -> None:
    lease = take(robot, fresh)
    Step.objects.filter(pk=lease.step_id).update(started_at=clock.now() - timedelta(seconds=60))
    leases.report(actor=robot, lease=lease, fraction=0.25, stage="activations of layer 3 of 30", tokens=1000, speed=1884.4)
    body = body_of(admin_client, fresh)
    assert all(text in body for text in ("activations of layer 3 of 30", "1884 tokens/s", 'value="25"', "about 2 min left", 'state state-running">Running'))
    assert "Step 1 of 2" in body


def test_page_asks_again_until_the_run_has_ended(admin_client: Client, robot: User, fresh: Run) -> None:
    for text in (body_of(admin_client, fresh), fragment_of(admin_client, fresh)):
        assert f'hx-get="{address(fresh)}" hx-trigger="every 2s"' in text
    for step in fresh.steps.all():
        factories.finish(robot, step)
    for text in (body_of(admin_client, fresh), fragment_of(admin_client, fresh)):
        assert f'hx-get="{address(fresh)}"' not in text
    assert "http-equiv" not in body_of(admin_client, fresh)


def test_page_reloads_itself_without_scripts_while_it_runs(admin_client: Client, fresh: Run) -> None:
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in body_of(admin_client, fresh)


def test_fragment_is_the_moving_part_of_the_page_alone(admin_client: Client, fresh: Run) -> None:
    fragment, page = fragment_of(admin_client, fresh), body_of(admin_client, fresh)
    assert fragment.strip().startswith('<div id="live"')
    assert "<html" not in fragment
    assert 'hx-swap-oob="innerHTML">Run' in fragment
    steps = fragment[fragment.index('<ol class="steplist">') : fragment.index("</ol>")]
    assert steps in page


def test_finished_step_shows_verdict_and_reading_and_primary_value(admin_client: Client, robot: User, fresh: Run) -> None:
    factories.finish(robot, fresh.steps.all()[0])
    body = body_of(admin_client, fresh)
    finding = Finding.objects.get()
    assert reverse("web:finding-detail", args=[finding.id]) in body
    assert 'verdict verdict-not_qualified">Not qualified' in body
    assert "the data alone would read" in body
    assert 'verdict verdict-observed">Observed' in body
    assert "Effect" in body
    assert "1.50 to 2.50" in body


def test_failed_step_shows_its_reason_and_attempts(admin_client: Client, robot: User, fresh: Run) -> None:
    lease = take(robot, fresh)
    step = Step.objects.get(pk=lease.step_id)
    leases.close(actor=robot, lease=lease, outcome="failed", error="x")
    step_end(actor=robot, step=step, token=lease.token, state=RunState.FAILED, error="weights.safetensors holds NaN in <layer 3>")
    body = body_of(admin_client, fresh)
    assert "weights.safetensors holds NaN in &lt;layer 3&gt;" in body
    assert "Attempt 1: failed (laptop:1)" in body


def test_lost_worker_is_said(admin_client: Client, robot: User, fresh: Run) -> None:
    lease = take(robot, fresh)
    Step.objects.filter(pk=lease.step_id).update(lease_until=clock.now() - timedelta(seconds=1))
    assert "The worker has not been heard from" in body_of(admin_client, fresh)


def test_run_that_nobody_takes_says_how_to_start_a_worker(admin_client: Client, robot: User, fresh: Run) -> None:
    assert "No worker has taken this run yet" not in body_of(admin_client, fresh)
    Run.objects.filter(pk=fresh.pk).update(created_at=clock.now() - timedelta(seconds=30))
    assert "No worker has taken this run yet" in body_of(admin_client, fresh)
    take(robot, fresh)
    assert "No worker has taken this run yet" not in body_of(admin_client, fresh)


def test_seal_shows_both_log_entries_and_the_digest(admin_client: Client, run: Run) -> None:
    body = body_of(admin_client, run)
    assert run.plan.sealed_entry is not None
    assert run.finished_entry is not None
    assert f'<strong class="tnum">{run.plan.sealed_entry.index}</strong>' in body
    assert f'<strong class="tnum">{run.finished_entry.index}</strong>' in body
    assert f"sha256:{run.plan.sealed_digest}" in body


def test_cancel_asks_first_then_stops(admin_client: Client, robot: User, fresh: Run) -> None:
    take(robot, fresh)
    assert "Cancel Run" in admin_client.get(address(fresh, "run-cancel")).content.decode()
    fresh.refresh_from_db()
    assert not fresh.cancel_requested
    admin_client.post(address(fresh, "run-cancel"))
    fresh.refresh_from_db()
    assert fresh.cancel_requested
    assert [step.state for step in fresh.steps.all()] == [RunState.RUNNING, RunState.CANCELLED]
    body = body_of(admin_client, fresh)
    assert "Stopping: the running step ends at its next batch" in body
    assert address(fresh, "run-cancel") not in body


def test_ended_run_cannot_be_cancelled(admin_client: Client, run: Run) -> None:
    answer = admin_client.post(address(run, "run-cancel"))
    assert answer.status_code == 409
    assert "there is nothing to cancel" in answer.content.decode()


def test_retry_queues_what_did_not_finish_and_keeps_the_rest(admin: User, admin_client: Client, robot: User, fresh: Run) -> None:
    first = fresh.steps.all()[0]
    factories.finish(robot, first)
    run_cancel(actor=admin, run=fresh)
    assert "Retry what did not finish" in body_of(admin_client, fresh)
    answer = admin_client.post(address(fresh, "run-retry"), follow=True)
    assert "1 step queued again" in answer.content.decode()
    assert [step.state for step in fresh.steps.all()] == [RunState.DONE, RunState.QUEUED]


def test_done_run_offers_no_retry_and_refuses_one(admin_client: Client, run: Run) -> None:
    assert "Retry what" not in body_of(admin_client, run)
    assert admin_client.post(address(run, "run-retry")).status_code == 409


def test_retry_is_no_link(admin_client: Client, fresh: Run) -> None:
    assert admin_client.get(address(fresh, "run-retry")).status_code == 405


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.APPROVER])
def test_readers_see_the_run_but_no_buttons(as_role: Callable[[str], Client], fresh: Run, role: str) -> None:
    browser = as_role(role)
    body = body_of(browser, fresh)
    assert "Cancel run" not in body
    assert browser.get(address(fresh, "run-cancel")).status_code == 403
    assert browser.post(address(fresh, "run-cancel")).status_code == 403
    assert not LedgerEntry.objects.filter(action="assessments.run.cancel_requested").exists()


def test_auditor_cannot_retry(admin: User, as_role: Callable[[str], Client], fresh: Run) -> None:
    run_cancel(actor=admin, run=fresh)
    assert as_role(Role.AUDITOR).post(address(fresh, "run-retry")).status_code == 403


def test_stranger_gets_not_found_everywhere(stranger: Client, fresh: Run) -> None:
    assert stranger.get(address(fresh)).status_code == 404
    assert stranger.get(address(fresh), headers={"HX-Request": "true"}).status_code == 404
    for name in ("run-cancel", "run-retry", "report-build"):
        assert stranger.post(address(fresh, name), {"prepared_for": "us"}).status_code == 404
    fresh.refresh_from_db()
    assert not fresh.cancel_requested


def test_refresh_costs_the_same_with_two_steps_as_with_eight(admin: User, admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    small, large = factories.finished_run(admin, ("a", "b")), factories.finished_run(admin, tuple("abcdefgh"))
    fragment_of(admin_client, small)
    with django_assert_num_queries(7):
        fragment_of(admin_client, small)
    with django_assert_num_queries(7):
        fragment_of(admin_client, large)
