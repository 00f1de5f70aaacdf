"""From a model version to its run: the earlier address leads to the builder, the standard plan is one click, nothing runs without consent."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from assessments.models import Plan, Run
from assessments.services.runs import run_create
from assessments.services.standard import STANDARD_ITEMS, standard_plan
from evidence.models import LedgerEntry
from inventory.models import ModelVersion
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(admin: User) -> ModelVersion:
    return factories.version(admin)


@pytest.fixture
def draft(admin: User, version: ModelVersion) -> Plan:
    return standard_plan(actor=admin, version=version)


def seal(plan: Plan) -> str:
    return reverse("web:plan-seal", args=[plan.id])


def start(plan: Plan) -> str:
    return reverse("web:run-start", args=[plan.id])


def test_earlier_address_leads_to_the_builder_with_the_standard_plan(admin_client: Client, version: ModelVersion) -> None:
    answer = admin_client.get(reverse("web:run-begin", args=[version.id]))
    assert answer.url == f"{reverse('web:plan-create')}?version={version.id}&preset=standard"


def test_stranger_does_not_learn_that_the_version_exists(stranger: Client, version: ModelVersion) -> None:
    assert stranger.get(reverse("web:run-begin", args=[version.id])).status_code == 404


def test_seal_page_shows_every_threshold_and_changes_nothing(admin_client: Client, draft: Plan) -> None:
    before = LedgerEntry.objects.count()
    body = admin_client.get(seal(draft)).content.decode()
    for item in draft.document["items"]:
        assert all(threshold["metric"] in body for threshold in item["thresholds"])
    assert f"sha256:{draft.digest}" in body
    assert LedgerEntry.objects.count() == before


@pytest.mark.parametrize("sent", [{}, {"act": "start"}, {"confirm": "", "act": "seal"}])
def test_without_the_tick_nothing_is_sealed(admin_client: Client, draft: Plan, sent: dict[str, str]) -> None:
    answer = admin_client.post(seal(draft), sent)
    assert answer.status_code == 422
    assert "Tick the box to seal the plan" in answer.content.decode()
    assert not Plan.objects.get().sealed_digest
    assert not Run.objects.exists()


def test_consent_seals_and_starts_nothing_by_itself(admin_client: Client, draft: Plan) -> None:
    answer = admin_client.post(seal(draft), {"confirm": "on", "act": "seal"})
    assert answer.url == reverse("web:plan-detail", args=[draft.id])
    assert Plan.objects.get().sealed_digest == draft.digest
    assert not Run.objects.exists()


def test_seal_comes_before_the_run_in_the_log(admin: User, admin_client: Client, draft: Plan) -> None:
    answer = admin_client.post(seal(draft), {"confirm": "on", "act": "start"})
    run = Run.objects.get()
    assert answer.url == reverse("web:run-detail", args=[run.id])
    assert run.requested_by == admin
    assert run.plan.sealed_entry is not None
    assert run.plan.sealed_entry.index < LedgerEntry.objects.get(action="assessments.run.started").index
    assert [step.key for step in run.steps.all()] == [item.key or item.instrument for item in STANDARD_ITEMS]


def test_plan_is_sealed_once(admin_client: Client, draft: Plan) -> None:
    admin_client.post(seal(draft), {"confirm": "on"})
    assert admin_client.post(seal(draft), {"confirm": "on"}).status_code == 409


def test_sealed_plan_starts_from_its_page(admin: User, admin_client: Client) -> None:
    plan = factories.plan(admin)
    assert start(plan) in admin_client.get(reverse("web:plan-detail", args=[plan.id])).content.decode()
    answer = admin_client.post(start(plan))
    assert answer.url == reverse("web:run-detail", args=[Run.objects.get().id])


def test_second_start_leads_to_the_run_that_is_there(admin: User, admin_client: Client) -> None:
    plan = factories.plan(admin)
    admin_client.post(start(plan))
    answer = admin_client.post(start(plan), follow=True)
    assert Run.objects.count() == 1
    assert "no second one was started" in answer.content.decode()
    assert start(plan) not in admin_client.get(reverse("web:plan-detail", args=[plan.id])).content.decode()


def test_run_of_another_version_does_not_stand_in_the_way(admin: User, admin_client: Client) -> None:
    run_create(actor=admin, plan=factories.plan(admin))
    admin_client.post(start(factories.plan(admin)))
    assert Run.objects.count() == 2


def test_draft_cannot_be_started(admin_client: Client, draft: Plan) -> None:
    assert admin_client.post(start(draft)).status_code == 409
    assert not Run.objects.exists()


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.GOVERNANCE, Role.APPROVER])
def test_roles_without_the_verb_neither_seal_nor_start(admin: User, as_role: Callable[[str], Client], draft: Plan, role: str) -> None:
    browser = as_role(role)
    assert browser.get(seal(draft)).status_code == 403
    assert browser.post(seal(draft), {"confirm": "on"}).status_code == 403
    assert browser.post(start(factories.plan(admin))).status_code == 403
    assert not Run.objects.exists()


def test_assessor_may_do_both(as_role: Callable[[str], Client], draft: Plan) -> None:
    assert as_role(Role.ASSESSOR).post(seal(draft), {"confirm": "on", "act": "start"}).status_code == 302
    assert Run.objects.count() == 1


def test_stranger_finds_no_plan_anywhere(stranger: Client, draft: Plan) -> None:
    paths = [reverse(f"web:{name}", args=[draft.id]) for name in ("plan-detail", "plan-edit", "plan-seal", "plan-discard")]
    assert [stranger.get(path).status_code for path in paths] == [404] * 4
    assert [stranger.post(path, {"confirm": "on", "act": "save"}).status_code for path in [*paths[1:], start(draft)]] == [404] * 4
    assert not Plan.objects.get().sealed_digest
