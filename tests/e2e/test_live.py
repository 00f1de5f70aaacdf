"""The live page in a browser: it follows the run, stops asking when it has ended, and outlives reloads, outages and missing scripts."""

import re
from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import expect

from accounts.models import User
from assessments.models import Run, RunState
from gpu_tasks import leases
from tests import factories
from tests.e2e import scenes
from tests.e2e.conftest import Visit

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def address(run: Run) -> str:
    return reverse("web:run-detail", args=[run.id])


def watched(visit_with: Callable[..., Visit], person: User, run: Run) -> Visit:
    visit = visit_with()
    visit.sign_in(person)
    visit.open(address(run))
    return visit


def let_running_step_advance(person: User, run: Run, fraction: float, stage: str) -> None:
    step = run.steps.get(state=RunState.RUNNING)
    assert step.lease_token is not None
    robot = factories.worker(factories.home(person))
    leases.report(actor=robot, lease=leases.Lease(step.id, step.lease_token), fraction=fraction, stage=stage, tokens=200_000, speed=1900.0)


def finish_rest(person: User, run: Run) -> None:
    robot = factories.worker(factories.home(person))
    run.steps.filter(state=RunState.RUNNING).update(state=RunState.QUEUED, lease_token=None, lease_until=None)
    for step in run.steps.filter(state=RunState.QUEUED):
        factories.finish(robot, step, scenes.output_for(step))


def test_page_follows_the_run_without_being_reloaded(person: User, live: Run, visit_with: Callable[..., Visit]) -> None:
    visit = watched(visit_with, person, live)
    bar = visit.page.get_by_role("progressbar", name="Progress of Linear direction: harm")
    expect(bar).to_have_attribute("value", "62")
    visit.page.evaluate("() => { window.notReloaded = true; }")
    let_running_step_advance(person, live, 0.8, "permutations")
    expect(bar).to_have_attribute("value", "80")
    expect(visit.page.get_by_text("permutations")).to_be_visible()
    assert visit.page.evaluate("() => window.notReloaded") is True


def test_page_shows_the_findings_and_stops_asking_once_the_run_has_ended(person: User, live: Run, visit_with: Callable[..., Visit]) -> None:
    visit = watched(visit_with, person, live)
    finish_rest(person, live)
    expect(visit.page.get_by_role("link", name="Steering validation: refusal")).to_be_visible()
    expect(visit.page.locator("#run-status")).to_have_text(f"Run {live.number} is done.")
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    visit.page.wait_for_timeout(4500)
    assert asked == []
    expect(visit.page.get_by_role("button", name="Build report")).to_be_visible()


def test_reload_shows_the_same_state(person: User, live: Run, visit_with: Callable[..., Visit]) -> None:
    visit = watched(visit_with, person, live)
    visit.page.reload()
    expect(visit.page.get_by_role("progressbar", name="Progress of Linear direction: harm")).to_have_attribute("value", "62")


def test_outage_is_said_and_the_page_recovers_by_itself(person: User, live: Run, visit_with: Callable[..., Visit]) -> None:
    visit = watched(visit_with, person, live)
    note = visit.page.get_by_text("The server does not answer at the moment")
    expect(note).to_be_hidden()
    visit.page.route("**/runs/**", lambda route: route.abort())
    expect(note).to_be_visible()
    visit.page.unroute("**/runs/**")
    expect(note).to_be_hidden()
    visit.faults.clear()


def test_focus_stays_where_it_was_when_the_page_refreshes(person: User, live: Run, visit_with: Callable[..., Visit]) -> None:
    visit = watched(visit_with, person, live)
    visit.page.locator("#act-cancel").focus()
    with visit.page.expect_response(lambda answer: answer.url.endswith(address(live))):
        pass
    visit.page.wait_for_timeout(300)
    assert visit.page.evaluate("() => document.activeElement.id") == "act-cancel"


def test_session_that_ran_out_leads_to_the_login_page(person: User, live: Run, visit_with: Callable[..., Visit]) -> None:
    visit = watched(visit_with, person, live)
    Session.objects.all().delete()
    expect(visit.page).to_have_url(re.compile(rf"/login/\?next=.*{live.id}"))
    expect(visit.page.get_by_label("Password")).to_be_visible()


def test_run_is_cancelled_after_one_more_question(person: User, live: Run, visit_with: Callable[..., Visit]) -> None:
    visit = watched(visit_with, person, live)
    visit.page.get_by_role("link", name="Cancel run").click()
    visit.page.get_by_role("link", name="Let it run").click()
    live.refresh_from_db()
    assert not live.cancel_requested
    visit.page.get_by_role("link", name="Cancel run").click()
    visit.page.get_by_role("button", name="Cancel the run").click()
    expect(visit.page.get_by_text("Asked to stop")).to_be_visible()
    live.refresh_from_db()
    assert live.cancel_requested


def test_everything_can_be_read_and_cancelled_without_scripts(person: User, live: Run, visit_with: Callable[..., Visit]) -> None:
    visit = visit_with(java_script_enabled=False)
    visit.sign_in(person)
    visit.open(address(live))
    expect(visit.page.get_by_text("activations of layer 19 of 30")).to_be_visible()
    expect(visit.page.get_by_role("link", name="Reload now")).to_be_visible()
    expect(visit.page.get_by_role("button", name="Light or dark")).to_be_hidden()
    visit.page.get_by_role("link", name="Cancel run").click()
    visit.page.get_by_role("button", name="Cancel the run").click()
    expect(visit.page.get_by_text("Asked to stop")).to_be_visible()


def test_link_is_accepted_on_the_finding(person: User, done: Run, visit_with: Callable[..., Visit]) -> None:
    visit = visit_with()
    visit.sign_in(person)
    visit.open(reverse("web:finding-detail", args=[done.steps.all()[0].finding.id]))
    panel = visit.page.locator("#requirements")
    panel.get_by_text("Review").first.click()
    panel.get_by_label("Why").first.fill("The known positive came out first.")
    panel.get_by_role("button", name="Accept").first.click()
    expect(visit.page.locator("#requirements").get_by_text("The known positive came out first.")).to_be_visible()
    expect(visit.page.locator("#requirements .tag-accepted")).to_have_count(1)
