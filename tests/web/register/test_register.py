"""The register of AI systems: one row per system, what is not known said, constant queries, files."""

import csv
import datetime
import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from assessments.models import Run, RunState
from core import clock
from decisions.basis import basis_of
from decisions.gate_models import Decision, Waiver
from decisions.services import approval_give, task_add, waiver_write
from inventory.models import AISystem, OurRole, RiskClass
from inventory.services import deployment_end, deployment_register
from tests import factories

pytestmark = pytest.mark.django_db
REGISTER = reverse("web:register")


@pytest.fixture
def system(admin: User, run: Run) -> AISystem:
    """A high-risk system that uses the run's version."""
    row = factories.system(admin, name="Letters", our_role=OurRole.PROVIDER, owner="Claims department")
    deployment_register(actor=admin, system=row, version=run.plan.version, environment="production")
    return row


def approved(admin: User, **about: Any) -> Decision:
    conditions = [{"key": "c1", "kind": "questionnaire", "name": "Due diligence"}]
    row = factories.decision(admin, factories.gate_policy(admin, conditions), **about)
    later = clock.now().date() + datetime.timedelta(days=30)
    waiver_write(actor=admin, decision=row, condition="c1", owner=admin, reason="In hand.", expires_on=later)
    task_add(actor=admin, decision=row, text="Ask the vendor.", owner=admin, due_on=later)
    row = Decision.objects.get(pk=row.pk)
    approval_give(actor=factories.user(Role.APPROVER, of=factories.home(admin)), decision=row, digest=basis_of(row).digest)
    return Decision.objects.get(pk=row.pk)


def rows(browser: Client, **query: str) -> dict[str, dict[str, str]]:
    text = browser.get(REGISTER, {"export": "csv", **query}).content.decode("utf-8-sig")
    return {row["Name"]: row for row in csv.DictReader(io.StringIO(text))}


def body(browser: Client, **query: str) -> str:
    answer = browser.get(REGISTER, query)
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return str(answer.content.decode())


def test_row_says_owner_role_class_versions_assessment_gaps_decision_and_end(admin: User, admin_client: Client, system: AISystem, run: Run) -> None:
    decision = approved(admin, version=run.plan.version)
    row = rows(admin_client)["Letters"]
    assert (row["Answers for it"], row["Our role"], row["Class"]) == ("Claims department", "Provider", "High risk, Annex III")
    assert row["Versions at work"] == str(run.plan.version)
    assert row["Last assessment"] == Run.objects.get(pk=run.pk).finished_at.isoformat()  # type: ignore[union-attr]
    assert row["Newest approval"].startswith(decision.reference)
    assert row["Waived until"] == decision.waivers.get().expires_on.isoformat()
    page = body(admin_client)
    for address in (("decision-detail", decision.pk), ("run-detail", run.pk), ("version-detail", run.plan.version_id), ("system-detail", system.pk)):
        assert reverse(f"web:{address[0]}", args=[address[1]]) in page


def test_gaps_are_those_of_the_list_of_gaps(admin_client: Client, system: AISystem) -> None:
    found = admin_client.get(reverse("web:gap-list"), {"system": str(system.pk)}).context["gaps"]
    assert len(found) > 3
    assert rows(admin_client)["Letters"]["Open gaps"] == str(len(found))
    assert f"{reverse('web:gap-list')}?system={system.pk}" in body(admin_client)


def test_what_is_not_known_is_said(admin: User, admin_client: Client) -> None:
    factories.system(admin, name="Bare")
    row = rows(admin_client)["Bare"]
    assert (row["Answers for it"], row["Versions at work"], row["Last assessment"]) == ("not said", "none", "never")
    assert (row["Newest approval"], row["Waived until"]) == ("none", "no decision")


def test_only_what_is_at_work_and_finished_counts(admin: User, admin_client: Client, system: AISystem, run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(state=RunState.FAILED)
    assert rows(admin_client)["Letters"]["Last assessment"] == "never"
    Run.objects.filter(pk=run.pk).update(state=RunState.DONE)
    approved(admin, version=run.plan.version)
    deployment_end(actor=admin, deployment=system.deployments.get(), reason="Replaced.")
    row = rows(admin_client)["Letters"]
    assert (row["Versions at work"], row["Last assessment"], row["Newest approval"]) == ("none", "never", "none")


def test_newest_approval_wins_and_a_request_is_none(admin: User, admin_client: Client, system: AISystem, run: Run) -> None:
    factories.decision(admin, system=system)
    assert rows(admin_client)["Letters"]["Newest approval"] == "none"
    approved(admin, version=run.plan.version)
    last = approved(admin, system=system)
    assert rows(admin_client)["Letters"]["Newest approval"].startswith(last.reference)


def test_waiver_that_ran_out_is_marked_and_can_be_asked_for(admin: User, admin_client: Client, system: AISystem) -> None:
    row = approved(admin, system=system)
    assert rows(admin_client, decided="expired") == {}
    Waiver.objects.filter(decision=row).update(expires_on=clock.now().date() - datetime.timedelta(days=1))
    assert "expired" in rows(admin_client, decided="expired")["Letters"]["Waived until"]
    assert "tag-problem" in body(admin_client)
    Waiver.objects.filter(decision=row).update(withdrawn_at=clock.now())
    assert rows(admin_client)["Letters"]["Waived until"] == "no waiver"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"name": "lett"}, ["Letters"]),
        ({"owner": "claims"}, ["Letters"]),
        ({"risk_class": "minimal"}, ["Bare"]),
        ({"assessed": "no"}, ["Bare"]),
        ({"assessed": "yes"}, ["Letters"]),
        ({"decided": "none"}, ["Bare", "Letters"]),
        ({"decided": "standing"}, []),
        ({"sort": "-name"}, ["Letters", "Bare"]),
        ({"sort": "-assessed_at"}, ["Letters", "Bare"]),
    ],
)
def test_filters_and_order(admin: User, admin_client: Client, system: AISystem, query: dict[str, str], names: list[str]) -> None:
    factories.system(admin, name="Bare", risk_class=RiskClass.MINIMAL)
    assert list(rows(admin_client, **query)) == names


def test_filter_is_saved_and_the_list_comes_as_a_workbook(admin_client: Client, system: AISystem) -> None:
    data = {"listing": "register", "name": "Ours", "query": "owner=claims", "back": REGISTER}
    answer = admin_client.post(reverse("web:filter-save"), data, follow=True)
    assert "Ours" in answer.content.decode()
    file = admin_client.get(REGISTER, {"export": "xlsx"})
    assert file.headers["Content-Disposition"].endswith('.xlsx"')


@pytest.mark.parametrize("size", [3, 60])
def test_queries_do_not_grow(admin: User, admin_client: Client, run: Run, size: int, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for place in range(size):
        row = factories.system(admin, name=f"System {place:02d}", our_role=OurRole.PROVIDER)
        deployment_register(actor=admin, system=row, version=run.plan.version, environment="production")
    with django_assert_max_num_queries(10):
        body(admin_client)


def test_empty_register_says_what_to_do_and_shows_nothing_of_others(admin_client: Client) -> None:
    factories.system(factories.user(), name="Elsewhere")
    page = body(admin_client)
    assert "No AI system is registered yet" in page
    assert "Elsewhere" not in page
