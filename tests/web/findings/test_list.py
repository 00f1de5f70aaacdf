"""The list of findings: what it says, how it is narrowed down, who sees it, what it costs."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from assessments.contracts import Reading
from assessments.models import Finding
from assessments.services.runs import run_create
from tests import factories

pytestmark = pytest.mark.django_db
ADDRESS = "/findings/"


def found(admin: User, **fields: object) -> Finding:
    robot = factories.worker(factories.home(admin))
    run = run_create(actor=admin, plan=factories.plan(admin, ("one",)))
    return factories.finish(robot, run.steps.get(), factories.output(**fields))


def body_of(browser: Client, query: str = "") -> str:
    answer = browser.get(f"{ADDRESS}?{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_row_says_verdict_reading_version_run_and_thresholds(admin_client: Client, finding: Finding) -> None:
    body = body_of(admin_client)
    assert reverse("web:finding-detail", args=[finding.id]) in body
    assert all(text in body for text in (finding.headline, "verdict-not_qualified", "verdict-observed", "1 of 1", str(finding.step.run.plan.version)))


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("reading=causal", 1),
        ("reading=observed", 1),
        ("verdict=not_qualified", 2),
        ("verdict=causal", 0),
        ("instrument=known_circuits", 2),
        ("instrument=linear_direction", 0),
        ("text=MOVES", 1),
        ("since=2000-01-01", 2),
        ("until=2000-01-01", 0),
    ],
)
def test_filters_narrow_the_list(admin: User, admin_client: Client, query: str, count: int) -> None:
    found(admin)
    found(admin, reading=Reading.CAUSAL, headline="It moves the answer")
    assert body_of(admin_client, query).count('id="row-') == count


def test_version_filter_takes_words_of_model_label_and_vendor(admin: User, admin_client: Client) -> None:
    here, there = found(admin), found(admin)
    version = here.step.run.plan.version
    body = body_of(admin_client, f"version={version.model.vendor.name} {version.model.name} {version.label}")
    assert f"row-{here.id}" in body
    assert f"row-{there.id}" not in body


def test_run_filter_takes_a_number(admin: User, admin_client: Client) -> None:
    here, there = found(admin), found(admin)
    body = body_of(admin_client, f"run={here.step.run.number}")
    assert f"row-{here.id}" in body
    assert f"row-{there.id}" not in body


def test_stranger_sees_none(stranger: Client, finding: Finding) -> None:
    body = body_of(stranger)
    assert "No finding yet" in body
    assert finding.headline not in body


def test_export_holds_words_and_no_marks(admin_client: Client, finding: Finding) -> None:
    text = admin_client.get(f"{ADDRESS}?export=csv").content.decode("utf-8-sig")
    assert finding.headline in text
    assert "Not qualified,Observed" in text
    assert "<span" not in text


def test_list_costs_a_constant_number_of_queries(admin: User, admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(3):
        factories.finished_run(admin, tuple("abcd"))
    admin_client.get(ADDRESS)
    with django_assert_max_num_queries(10):
        assert body_of(admin_client).count('id="row-') == 12
