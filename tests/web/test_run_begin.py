"""Starting the standard assessment: read, consent, seal, run; and who may."""

from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from assessments.models import Plan, Run
from assessments.services.runs import run_create
from assessments.services.standard import STANDARD_ITEMS
from evidence.models import LedgerEntry
from inventory.models import Access, ModelVersion
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(admin: User) -> ModelVersion:
    return factories.version(admin)


def address(version: ModelVersion) -> str:
    return reverse("web:run-begin", args=[version.id])


def test_page_shows_every_threshold_that_will_be_sealed(admin_client: Client, version: ModelVersion) -> None:
    body = unescape(admin_client.get(address(version)).content.decode())
    admin_client.post(address(version), {"confirm": "on"})
    for item in Plan.objects.get().document["items"]:
        assert item["question"] in body
        for threshold in item["thresholds"]:
            assert threshold["metric"] in body


def test_looking_changes_nothing(admin_client: Client, version: ModelVersion) -> None:
    before = LedgerEntry.objects.count()
    admin_client.get(address(version))
    assert not Plan.objects.exists()
    assert LedgerEntry.objects.count() == before


def test_consent_seals_the_plan_before_the_run_begins(admin: User, admin_client: Client, version: ModelVersion) -> None:
    answer = admin_client.post(address(version), {"confirm": "on"})
    run = Run.objects.get()
    assert answer.url == reverse("web:run-detail", args=[run.id])
    assert run.requested_by == admin
    assert run.plan.sealed_entry is not None
    started = LedgerEntry.objects.get(action="assessments.run.started")
    assert run.plan.sealed_entry.index < started.index
    assert [step.key for step in run.steps.all()] == [item.key or item.instrument for item in STANDARD_ITEMS]


def test_without_the_tick_nothing_is_sealed(admin_client: Client, version: ModelVersion) -> None:
    answer = admin_client.post(address(version), {"other": "field"})
    assert answer.status_code == 422
    assert "Tick the box to seal the plan" in answer.content.decode()
    assert not Plan.objects.exists()


def test_form_sent_empty_is_refused_too(admin_client: Client, version: ModelVersion) -> None:
    assert admin_client.post(address(version)).status_code == 422
    assert not Plan.objects.exists()


def test_second_click_leads_to_the_run_that_is_there(admin_client: Client, version: ModelVersion) -> None:
    admin_client.post(address(version), {"confirm": "on"})
    answer = admin_client.post(address(version), {"confirm": "on"}, follow=True)
    assert Run.objects.count() == 1
    assert "no second one was started" in answer.content.decode()


def test_run_of_another_version_does_not_stand_in_the_way(admin: User, admin_client: Client, version: ModelVersion) -> None:
    run_create(actor=admin, plan=factories.plan(admin))
    admin_client.post(address(version), {"confirm": "on"})
    assert Run.objects.count() == 2


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.GOVERNANCE, Role.APPROVER])
def test_roles_without_the_verb_neither_look_nor_start(as_role: Callable[[str], Client], version: ModelVersion, role: str) -> None:
    browser = as_role(role)
    assert browser.get(address(version)).status_code == 403
    assert browser.post(address(version), {"confirm": "on"}).status_code == 403
    assert not Plan.objects.exists()


def test_assessor_may_start(as_role: Callable[[str], Client], version: ModelVersion) -> None:
    assert as_role(Role.ASSESSOR).post(address(version), {"confirm": "on"}).status_code == 302
    assert Run.objects.count() == 1


def test_stranger_does_not_learn_that_the_version_exists(stranger: Client, version: ModelVersion) -> None:
    unknown = reverse("web:run-begin", args=["00000000-0000-0000-0000-000000000000"])
    answers = [stranger.get(address(version)), stranger.post(address(version), {"confirm": "on"}), stranger.get(unknown)]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert not Plan.objects.exists()


def test_version_without_weights_says_what_access_is_missing(admin: User, admin_client: Client) -> None:
    closed = factories.version(admin, access=Access.TEXT)
    body = admin_client.get(address(closed)).content.decode()
    assert "needs access to weights; this version grants text only" in body
    assert "disabled" in body
    answer = admin_client.post(address(closed), {"confirm": "on"})
    assert answer.status_code == 422
    assert "Ask the vendor for more access" in answer.content.decode()
    assert not Run.objects.exists()
