"""The list of runs: what came out, how it is narrowed down, who sees it, what it costs."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from assessments.models import Run
from assessments.services.runs import run_cancel, run_create
from tests import factories

pytestmark = pytest.mark.django_db
ADDRESS = "/runs/"


def body_of(browser: Client, query: str = "") -> str:
    answer = browser.get(f"{ADDRESS}?{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_row_says_what_came_out_and_who_asked(admin: User, admin_client: Client) -> None:
    run = factories.finished_run(admin, ("one", "two"))
    body = body_of(admin_client)
    assert reverse("web:run-detail", args=[run.id]) in body
    assert reverse("web:plan-detail", args=[run.plan_id]) in body
    assert '<span class="tnum">2</span> <span class="verdict verdict-not_qualified">' in body
    assert "data alone: 2 observed" in body
    assert "state state-done" in body
    assert admin.username in body
    assert f"?a={run.id}" in body


def test_run_without_results_offers_no_comparison(admin: User, admin_client: Client) -> None:
    run = run_create(actor=admin, plan=factories.plan(admin))
    body = body_of(admin_client)
    assert reverse("web:run-detail", args=[run.id]) in body
    assert f"?a={run.id}" not in body


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("state=done", 1),
        ("state=cancelled", 1),
        ("state=failed", 0),
        ("instrument=known_circuits", 2),
        ("instrument=linear_direction", 0),
        ("since=2000-01-01", 2),
        ("until=2000-01-01", 0),
        ("version=nothing like it", 0),
    ],
)
def test_filters_narrow_the_list(admin: User, admin_client: Client, query: str, count: int) -> None:
    factories.finished_run(admin, ("one", "two"))
    run_cancel(actor=admin, run=run_create(actor=admin, plan=factories.plan(admin)))
    assert body_of(admin_client, query).count('id="row-') == count


def test_version_filter_takes_words(admin: User, admin_client: Client) -> None:
    here, there = factories.finished_run(admin), factories.finished_run(admin)
    body = body_of(admin_client, f"version={here.plan.version}")
    assert f"row-{here.id}" in body
    assert f"row-{there.id}" not in body


@pytest.mark.parametrize("order", ["took", "-took", "version", "requested_by", "started", "state", "plan"])
def test_every_order_works(admin: User, admin_client: Client, order: str) -> None:
    factories.finished_run(admin)
    run_create(actor=admin, plan=factories.plan(admin))
    assert body_of(admin_client, f"sort={order}").count('id="row-') == 2


def test_stranger_sees_none_and_is_told_the_next_step(stranger: Client, run: Run) -> None:
    body = body_of(stranger)
    assert "No run yet" in body
    assert "/plans/new/" in body


def test_auditor_is_offered_no_plan(admin: User, run: Run) -> None:
    browser = Client()
    browser.force_login(factories.user(Role.AUDITOR, of=factories.home(admin)))
    assert "/plans/new/" not in body_of(browser)


def test_export_holds_words_and_seconds(admin_client: Client, run: Run) -> None:
    text = admin_client.get(f"{ADDRESS}?export=csv").content.decode("utf-8-sig")
    assert "1 not qualified; data alone: 1 observed" in text
    assert "<span" not in text
    assert "compare" not in text


def test_list_costs_a_constant_number_of_queries(admin: User, admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(5):
        factories.finished_run(admin, ("a", "b"))
    admin_client.get(ADDRESS)
    with django_assert_max_num_queries(10):
        assert body_of(admin_client).count('id="row-') == 5
