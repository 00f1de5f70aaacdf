"""The list of model versions: what it says, who sees it, and what it costs."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from assessments.models import Finding, Run
from assessments.services.runs import run_create
from inventory.models import ModelVersion
from tests import factories

pytestmark = pytest.mark.django_db
PAGE = "/versions/"


def test_row_names_vendor_digest_quantisation_access_and_lifecycle(admin: User, admin_client: Client) -> None:
    vendor = factories.vendor(admin, name="Northwind Models")
    model = factories.model(admin, vendor=vendor, name="Claims assistant")
    version = factories.version(admin, model=model, label="2.3")
    body = admin_client.get(PAGE).content.decode()
    assert all(text in body for text in ("Northwind Models", "Claims assistant", "2.3", version.quantisation, "Weights", "Candidate", "never assessed"))
    assert f"sha256:{version.weights_digest[:8]}…{version.weights_digest[-6:]}" in body


def test_row_shows_the_newest_run_and_its_readings(admin_client: Client, run: Run) -> None:
    body = admin_client.get(PAGE).content.decode()
    assert f"Run {run.number}" in body
    assert 'state state-done">Done' in body
    assert 'verdict verdict-observed">Observed' in body


def test_reading_never_stands_without_its_capped_verdict(admin_client: Client, run: Run) -> None:
    body = admin_client.get(PAGE).content.decode()
    assert body.index('verdict verdict-not_qualified">Not qualified</span> 1 of 1; the data alone would read') < body.index("verdict-observed")


def test_verdict_that_was_not_capped_stands_alone(admin_client: Client, run: Run) -> None:
    Finding.objects.update(reading="inconclusive", verdict="inconclusive")
    body = admin_client.get(PAGE).content.decode()
    assert "the data alone would read" not in body
    assert 'verdict verdict-inconclusive">Inconclusive' in body


def test_older_run_gives_way_to_the_newest(admin: User, admin_client: Client, run: Run) -> None:
    second = run_create(actor=admin, plan=factories.plan(admin, ("one",), version=run.plan.version))
    body = admin_client.get(PAGE).content.decode()
    assert f"Run {second.number}<" in body
    assert f"Run {run.number}<" not in body
    assert "verdict-observed" not in body


def test_empty_register_says_the_next_step(admin_client: Client) -> None:
    assert "Register a vendor" in admin_client.get(PAGE).content.decode()


def test_another_organisation_sees_nothing(run: Run, stranger: Client) -> None:
    body = stranger.get(PAGE).content.decode()
    assert "No model is registered yet" in body
    assert run.plan.version.model.name not in body


@pytest.mark.parametrize(("role", "offered"), [(Role.ASSESSOR, True), (Role.ADMINISTRATOR, True), (Role.AUDITOR, False), (Role.APPROVER, False)])
def test_assess_is_offered_to_those_who_may(run: Run, as_role: Callable[[str], Client], role: str, offered: bool) -> None:
    body = as_role(role).get(PAGE).content.decode()
    assert (reverse("web:run-begin", args=[run.plan.version_id]) in body) is offered
    assert run.plan.version.model.name in body


def test_number_of_queries_does_not_grow_with_the_rows(admin: User, admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    factories.finished_run(admin, ("one", "two"))
    with django_assert_max_num_queries(10) as few:
        admin_client.get(PAGE)
    for _ in range(4):
        factories.finished_run(admin, ("one", "two"))
    many_versions(admin, 200)
    with django_assert_max_num_queries(len(few)):
        body = admin_client.get(PAGE, {"sort": "-last_run"}).content.decode()
    assert body.count("verdict-observed") == 10


def many_versions(admin: User, count: int) -> None:
    model = factories.model(admin)
    facts = vars(factories.facts())
    ModelVersion.objects.bulk_create(ModelVersion(model=model, label=f"v{place:03d}", access="weights", **facts) for place in range(count))


def test_long_lists_come_in_pages_of_fifty(admin: User, admin_client: Client) -> None:
    many_versions(admin, 51)
    assert admin_client.get(PAGE).content.decode().count('data-label="Lifecycle"') == 50
    second = admin_client.get(PAGE, {"page": "2"}).content.decode()
    assert second.count('data-label="Lifecycle"') == 1
    assert "?page=1" in second


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"name": "assist"}, ["Claims assistant · 2.3"]),
        ({"name": "2.3"}, ["Claims assistant · 2.3"]),
        ({"vendor": "north"}, ["Claims assistant · 2.3"]),
        ({"digest": "abc"}, ["Claims assistant · 2.3"]),
        ({"access": "text"}, ["Other · 1"]),
        ({"lifecycle": "retired"}, []),
        ({"assessed": "no"}, ["Claims assistant · 2.3", "Other · 1"]),
        ({"assessed": "yes"}, []),
    ],
)
def test_filters_narrow_the_list(admin: User, admin_client: Client, query: dict[str, str], found: list[str]) -> None:
    vendor = factories.vendor(admin, name="Northwind")
    first = factories.model(admin, vendor=vendor, name="Claims assistant")
    factories.version(admin, model=first, label="2.3", version_facts=factories.facts(weights_digest="abc" + "0" * 61))
    factories.version(admin, model=factories.model(admin, name="Other"), label="1", access="text")
    body = admin_client.get(PAGE, query).content.decode()
    assert [name for name in ("Claims assistant · 2.3", "Other · 1") if f">{name}<" in body] == found


def test_file_has_the_whole_digest_and_the_vendor(admin_client: Client, run: Run) -> None:
    version = run.plan.version
    rows = admin_client.get(PAGE, {"export": "csv"}).content.decode("utf-8-sig").splitlines()
    assert rows[0] == "Model and version,Vendor,Weights,Access,Lifecycle,Last run,Last assessed"
    assert rows[1].startswith(f"{version},{version.model.vendor.name},sha256:{version.weights_digest},Weights,Candidate,Run {run.number},20")
