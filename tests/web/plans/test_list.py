"""The list and the page of plans: drafts and seals told apart, nothing of others, a constant cost."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from assessments.models import Plan
from assessments.services.runs import run_create
from assessments.services.standard import standard_plan
from tests import factories

pytestmark = pytest.mark.django_db
ADDRESS = "/plans/"


def body_of(browser: Client, path: str = ADDRESS) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return str(answer.content.decode())


def page(plan: Plan) -> str:
    return reverse("web:plan-detail", args=[plan.id])


def test_row_tells_a_draft_from_a_sealed_plan_and_names_its_steps(admin: User, admin_client: Client) -> None:
    plan = factories.plan(admin)
    body = body_of(admin_client)
    assert page(plan) in body
    assert ">sealed</span>" in body
    assert "One, Two" in body
    draft = factories.plan(admin, seal=False)
    row = body_of(admin_client).split(f"row-{draft.id}")[1].split("</tr>")[0]
    assert ">draft</span>" in row


@pytest.mark.parametrize(("query", "count"), [("state=draft", 1), ("state=sealed", 2), ("title=a plan", 3), ("title=other", 0), ("until=2000-01-01", 0)])
def test_filters_narrow_the_list(admin: User, admin_client: Client, query: str, count: int) -> None:
    for seal in (True, True, False):
        factories.plan(admin, seal=seal)
    assert body_of(admin_client, f"{ADDRESS}?{query}").count('id="row-') == count


def test_stranger_sees_none(admin: User, stranger: Client) -> None:
    factories.plan(admin)
    assert "No plan yet" in body_of(stranger)


def test_list_costs_a_constant_number_of_queries(admin: User, admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(8):
        run_create(actor=admin, plan=factories.plan(admin))
    admin_client.get(ADDRESS)
    with django_assert_max_num_queries(10):
        assert body_of(admin_client).count('id="row-') == 8


def test_page_shows_the_whole_document_with_its_digest(admin: User, admin_client: Client) -> None:
    plan = standard_plan(actor=admin, version=factories.version(admin))
    body = body_of(admin_client, page(plan))
    assert f"sha256:{plan.digest}" in body
    assert plan.document["claim"] in body
    for item in plan.document["items"]:
        assert f"sha256:{item['source_digest']}" in body
        assert all(f"sha256:{digest}" in body for digest in item["probe_sets"].values())
        assert all(limit["metric"] in body for limit in item["thresholds"])
    assert all(reverse(f"web:{name}", args=[plan.id]) in body for name in ("plan-seal", "plan-edit", "plan-discard"))
    assert "changed in this installation" not in body


def test_draft_that_names_an_older_instrument_says_so(admin: User, admin_client: Client) -> None:
    assert "One, Two changed in this installation" in body_of(admin_client, page(factories.plan(admin, seal=False)))


def test_sealed_page_shows_seal_and_runs_and_offers_no_change(admin: User, admin_client: Client) -> None:
    plan = factories.plan(admin)
    run = run_create(actor=admin, plan=plan)
    assert plan.sealed_entry is not None
    body = body_of(admin_client, page(plan))
    assert f'<strong class="tnum">{plan.sealed_entry.index}</strong>' in body
    assert reverse("web:run-detail", args=[run.id]) in body
    assert f"/plans/new/?from={plan.id}" in body
    assert not any(reverse(f"web:{name}", args=[plan.id]) in body for name in ("plan-seal", "plan-edit", "plan-discard"))


def test_plan_changed_after_its_seal_is_exposed(admin: User, admin_client: Client) -> None:
    plan = factories.plan(admin)
    assert "no longer hashes to its seal" not in body_of(admin_client, page(plan))
    plan.document["seed"] = 8
    Plan.objects.filter(pk=plan.pk).update(document=plan.document)
    assert "no longer hashes to its seal" in body_of(admin_client, page(plan))


def test_auditor_reads_and_changes_nothing(admin: User) -> None:
    browser = Client()
    browser.force_login(factories.user(Role.AUDITOR, of=factories.home(admin)))
    plan = factories.plan(admin, seal=False)
    body = body_of(browser, page(plan))
    assert not any(reverse(f"web:{name}", args=[plan.id]) in body for name in ("plan-seal", "plan-edit", "plan-discard"))
    assert "/plans/new/" not in body


def test_page_costs_a_constant_number_of_queries(admin: User, admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    plan = factories.plan(admin)
    for _ in range(6):
        run_create(actor=admin, plan=plan)
    admin_client.get(page(plan))
    with django_assert_max_num_queries(10):
        body_of(admin_client, page(plan))
