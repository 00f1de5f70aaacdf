"""The first page: what waits for whom, and nothing that waits for others."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts.models import ApiToken, Role, User
from assessments.models import Plan, Run, RunState, Step
from assessments.services.runs import run_create
from core import clock
from evidence.models import EvidenceLink
from reports.models import Report
from tests import factories
from web.home import needs, page, queries

AsRole = Callable[[str], Client]


def titles(browser: Client) -> list[str]:
    return [card.title for card in browser.get("/").context["cards"]]


def test_empty_register_shows_the_first_steps_with_nothing_ticked(admin_client: Client) -> None:
    answer = admin_client.get("/")
    assert [done for done, *_ in answer.context["steps"]] == [False] * 5
    assert "First steps" in answer.content.decode()


def test_first_steps_are_ticked_one_by_one_and_go_when_all_are_done(admin: User, admin_client: Client) -> None:
    factories.system(admin)
    version = factories.version(admin)
    assert [done for done, *_ in admin_client.get("/").context["steps"]] == [True, True, True, True, False]
    run_create(actor=admin, plan=factories.plan(admin, version=version))
    assert admin_client.get("/").context["steps"] == []


def test_first_steps_are_not_shown_to_people_who_may_not_register(admin: User, as_role: AsRole) -> None:
    assert as_role(Role.AUDITOR).get("/").context["steps"] == []


def test_vendor_respondent_sees_a_calm_page_without_the_register(run: Run, as_role: AsRole) -> None:
    answer = as_role(Role.VENDOR).get("/")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert [card.tag for card in answer.context["cards"]] == ["account"]
    assert "Latest findings" not in text
    assert "Running" not in text


def test_links_wait_for_reviewers_only(run: Run, admin_client: Client, as_role: AsRole, stranger: Client) -> None:
    count = EvidenceLink.objects.filter(status="proposed").count()
    assert count > 1
    assert f"{count} pieces of evidence wait for your review" in titles(admin_client)
    assert not [title for title in titles(as_role(Role.ASSESSOR)) if "review" in title]
    assert not [title for title in titles(stranger) if "review" in title]


def test_a_reviewer_elsewhere_who_only_reads_here_is_not_asked(run: Run, admin: User) -> None:
    person = factories.user(Role.APPROVER)
    person.memberships.create(organisation=factories.home(admin), role=Role.AUDITOR)
    kind = needs.links_proposed(User.objects.get(pk=person.pk), clock.now())
    assert not kind.rows.exists()


def test_single_thing_is_named_and_linked_to_its_own_page(admin: User, admin_client: Client) -> None:
    plan = factories.plan(admin, seal=False)
    card = next(card for card in admin_client.get("/").context["cards"] if card.tag == "plan")
    assert card.title == "“A plan” is not sealed yet"
    assert card.url == f"/plans/{plan.pk}/"
    assert plan.version.model.name in card.detail


def test_sealed_plan_without_a_run_and_version_without_a_plan(admin: User, admin_client: Client) -> None:
    factories.plan(admin)
    version = factories.version(admin)
    assert "“A plan” is sealed but was never run" in titles(admin_client)
    assert f"{version.model.name} {version.label} was never assessed" in titles(admin_client)
    run_create(actor=admin, plan=Plan.objects.get())
    assert "“A plan” is sealed but was never run" not in titles(admin_client)


def test_failed_run_is_the_first_thing_until_another_run_follows(admin: User, admin_client: Client) -> None:
    plan = factories.plan(admin)
    run = run_create(actor=admin, plan=plan)
    Run.objects.filter(pk=run.pk).update(state=RunState.FAILED, finished_at=clock.now())
    assert titles(admin_client)[0] == f"Run {run.number} failed"
    run_create(actor=admin, plan=plan)
    assert f"Run {run.number} failed" not in titles(admin_client)


def test_run_in_which_nothing_moves_is_noticed_and_one_with_a_live_lease_is_not(admin: User, admin_client: Client) -> None:
    run = run_create(actor=admin, plan=factories.plan(admin))
    assert f"Run {run.number} does not move" not in titles(admin_client)
    Run.objects.update(created_at=clock.now() - timedelta(hours=1))
    assert f"Run {run.number} does not move" in titles(admin_client)
    Step.objects.filter(run=run, position=0).update(state=RunState.RUNNING, lease_until=clock.now() + timedelta(minutes=1))
    assert f"Run {run.number} does not move" not in titles(admin_client)


@pytest.mark.parametrize(("days", "words"), [(-1, "has expired"), (5, "expires soon"), (60, ""), (-200, "")])
def test_validity_of_accepted_evidence(run: Run, admin: User, admin_client: Client, days: int, words: str) -> None:
    link = EvidenceLink.objects.all()[0]
    until = clock.now().date() + timedelta(days=days)
    EvidenceLink.objects.filter(pk=link.pk).update(status="accepted", reviewer=admin, reviewed_at=clock.now(), valid_until=until)
    found = [title for title in titles(admin_client) if "has expired" in title or "expires soon" in title]
    assert found == ([f"Evidence for {link.requirement.ref} {words}"] if words else [])


def test_report_that_failed_is_shown_until_a_newer_one(run: Run, admin: User, admin_client: Client) -> None:
    facts: dict[str, Any] = {"run": run, "title": "R", "prepared_for": "us", "as_of": clock.now().date(), "created_by": admin}
    Report.objects.create(number=1, state="failed", content_digest="a", **facts)
    assert f"A report on run {run.number} could not be made" in titles(admin_client)
    Report.objects.create(number=2, state="requested", content_digest="b", **facts)
    assert f"A report on run {run.number} could not be made" not in titles(admin_client)


def test_own_token_that_ends_soon_is_shown_and_others_are_not(admin: User, admin_client: Client) -> None:
    other = factories.user(Role.ADMINISTRATOR, of=factories.home(admin))
    for owner, name in ((admin, "mine"), (other, "theirs")):
        ends = clock.now() + timedelta(days=3)
        ApiToken.objects.create(user=owner, name=name, prefix="p", secret_hash=name, expires_at=ends, created_by=owner)
    assert [title for title in titles(admin_client) if "token" in title] == ["Your API token “mine” expires soon"]


def test_second_factor_is_asked_for_until_there_is_one(admin: User, admin_client: Client) -> None:
    assert "Protect your account with a second factor" in titles(admin_client)
    Authenticator.objects.create(user=admin, type=Authenticator.Type.TOTP, data={})
    assert "Protect your account with a second factor" not in titles(admin_client)


def test_words_of_a_stranger_are_not_used_as_a_pattern(admin: User, admin_client: Client) -> None:
    Plan.objects.filter(pk=factories.plan(admin, seal=False).pk).update(title="{0} {n.__class__} <b>")
    answer = admin_client.get("/")
    assert "“{0} {n.__class__} <b>” is not sealed yet" in [card.title for card in answer.context["cards"]]
    assert "&lt;b&gt;" in answer.content.decode()


def test_running_card_is_a_fragment_that_asks_again(admin: User, admin_client: Client) -> None:
    assert 'hx-trigger="every 30s"' in admin_client.get("/home/running/").content.decode()
    run = run_create(actor=admin, plan=factories.plan(admin))
    Step.objects.filter(run=run, position=0).update(state=RunState.RUNNING, fraction=0.5, stage="layer 3", tokens_per_second=12.0, started_at=clock.now())
    text = admin_client.get("/home/running/").content.decode()
    assert "<html" not in text
    assert 'hx-trigger="every 3s"' in text
    assert "layer 3 · 12 tokens/s" in text
    assert "step 1 of 2" in text


def test_strangers_see_neither_runs_nor_findings(run: Run, admin: User, stranger: Client) -> None:
    run_create(actor=admin, plan=factories.plan(admin))
    answer = stranger.get("/")
    assert answer.context["runs"] == []
    assert answer.context["findings"] == []


def test_next_dates_of_the_law_lead_to_the_coverage_of_that_day(admin: User, admin_client: Client) -> None:
    factories.catalogue(admin)
    rows = queries.next_dates(clock.now().date())
    assert rows == sorted(rows, key=lambda row: row["applies_from"])
    assert all(row["applies_from"] > clock.now().date() and row["duties"] > 0 for row in rows)
    assert f"/requirements/?as_of={rows[0]['applies_from']:%Y-%m-%d}" in admin_client.get("/").content.decode()


def test_ten_queries_at_most_with_many_rows(run: Run, admin: User, admin_client: Client, django_assert_max_num_queries: Any) -> None:
    for _ in range(12):
        run_create(actor=admin, plan=factories.plan(admin))
        factories.plan(admin, seal=False)
    with django_assert_max_num_queries(10):
        answer = admin_client.get("/")
    assert len(answer.context["runs"]) == queries.RUNS_SHOWN


@pytest.mark.parametrize("provider", needs.PROVIDERS, ids=lambda provider: provider.__name__)
def test_every_kind_has_an_address_that_exists(admin: User, provider: Any) -> None:
    kind = provider(admin, clock.now())
    first = {"pk": str(admin.pk), "since": "2026-01-01", **dict.fromkeys(kind.fields, "x")}
    for count in (1, 2):
        card = page.cards([kind], {"n0": count, "first0": first})[0]
        assert card.url.startswith("/")
        assert "{" not in card.title + card.detail
