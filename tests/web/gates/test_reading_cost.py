"""What the list of decisions and the page of a vendor ask the database, over policies of all kinds and everything that can be stale."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Role, User
from core import clock
from decisions.basis import bases_of, basis_of
from decisions.gate_models import Decision, GatePolicyVersion
from decisions.services import approval_give, task_add
from decisions.ties import ties_attach, with_ties
from inventory.models import ModelVersion
from inventory.services import deployment_register
from questionnaires.models import Exhibit, ExhibitOrigin, ExhibitState, TemplateVersion
from tests import factories
from tests.questionnaires import review_rows as rows

pytestmark = pytest.mark.django_db
NAME = "Disclosure"
LATER = clock.now().date() + timedelta(days=20)
KINDS: list[dict[str, Any]] = [
    {"key": "c1", "kind": "coverage", "framework": "eu-ai-act", "value": 1, "required": False},
    {"key": "c2", "kind": "coverage", "framework": "eu-ai-act", "value": 1, "required": False, "day": "2027-12-02"},
    {"key": "c3", "kind": "finding", "instrument": "known_circuits", "tier": "observed", "required": False},
    {"key": "c7", "kind": "finding", "instrument": "known_circuits", "metric": "rediscovery", "op": ">=", "value": 0.5, "required": False},
    {"key": "c4", "kind": "incidents", "severity": "high", "required": False},
    {"key": "c5", "kind": "rollback_drill", "value": 300, "required": False},
]
ASKED = {"key": "c6", "kind": "questionnaire", "name": NAME, "value": 10, "required": False, "no_flags": True}
EVERY = [*KINDS, ASKED]


def decided(admin: User, approver: User, place: int, conditions: list[dict[str, Any]]) -> ModelVersion:
    """A version at work in a system, with a finding and a drill, and an approved decision on one of the two."""
    version = factories.finished_run(admin).plan.version
    system = factories.system(admin, name=f"System {place}")
    deployment_register(actor=admin, system=system, version=version, environment="production")
    factories.drill(admin, version)
    subject = {"version": version} if place % 2 else {"system": system}
    approved(admin, approver, conditions, **subject)
    return version


def approved(admin: User, approver: User, conditions: list[dict[str, Any]], **subject: Any) -> None:
    row = factories.decision(admin, factories.gate_policy(admin, conditions, step="deploy"), **subject)
    task_add(actor=admin, decision=row, text="Gather it.", owner=admin, due_on=LATER)
    approval_give(actor=approver, decision=row, digest=basis_of(Decision.objects.get(pk=row.pk)).digest)


def answered(admin: User, version: ModelVersion, asked: TemplateVersion) -> None:
    """A review about the version in which a file was refused, one was superseded and one counts no longer."""
    held = rows.reviewed(admin, version=asked, vendor=version.model.vendor, model_version=version)
    headline = rows.answer_of(held, "headline")
    rows.evidence_behind(admin, headline, valid_until=clock.now().date() - timedelta(days=1))
    rows.exhibit(admin, headline, state=ExhibitState.REFUSED)
    rows.exhibit(admin, headline, state=ExhibitState.RELEASED, origin=ExhibitOrigin.CITED)


def cost(client: Client, address: str) -> tuple[int, str]:
    client.get(address)
    with CaptureQueriesContext(connection) as found:
        body = client.get(address).content.decode()
    return len(found), body


def test_no_list_of_decisions_asks_more_than_ten_questions_whatever_the_policies_ask_for(admin: User, admin_client: Client) -> None:
    approver, asked = factories.user(Role.APPROVER, of=factories.home(admin)), rows.template_version(admin, name=NAME)
    versions = [decided(admin, approver, place, EVERY) for place in range(3)]
    for version in versions:
        answered(admin, version, asked)
    for conditions in ([], *([row] for row in EVERY), KINDS, EVERY):
        GatePolicyVersion.objects.update(conditions=conditions)
        page, _ = cost(admin_client, reverse("web:decision-list"))
        sent, _ = cost(admin_client, "/api/v1/decisions")
        assert max(page, sent) <= 10, [row["kind"] for row in conditions]
    assert (page, sent) == (10, 10), "with every kind at once"


def test_both_lists_say_at_once_that_an_approval_no_longer_stands(admin: User, admin_client: Client) -> None:
    approver, asked = factories.user(Role.APPROVER, of=factories.home(admin)), rows.template_version(admin, name=NAME)
    versions = [factories.finished_run(admin).plan.version for _ in range(2)]
    held = [rows.reviewed(admin, version=asked, vendor=row.model.vendor, model_version=row) for row in versions]
    files = [rows.exhibit(admin, rows.answer_of(row, "headline"), state=ExhibitState.RELEASED) for row in held]
    for version in versions:
        approved(admin, approver, EVERY, version=version)

    def shown() -> tuple[int, int, list[bool]]:
        body = admin_client.get(reverse("web:decision-list")).content.decode()
        return body.count("state-approved"), body.count("state-void"), [row["stands"] for row in admin_client.get("/api/v1/decisions").json()["items"]]

    assert shown() == (2, 0, [True, True])
    Exhibit.objects.filter(pk=files[0].pk).update(state=ExhibitState.REFUSED)
    assert shown() == (1, 1, [True, False]), "an answer went stale, and only one decision rests on it"


def test_the_vendors_page_reads_the_answers_once(admin: User, admin_client: Client) -> None:
    approver, asked = factories.user(Role.APPROVER, of=factories.home(admin)), rows.template_version(admin, name=NAME)
    version = decided(admin, approver, 0, EVERY)
    answered(admin, version, asked)
    page, body = cost(admin_client, reverse("web:vendor-detail", args=[version.model.vendor_id]))
    assert "state-void" in body or "no longer" in body
    assert page == 26


def test_ties_that_come_along_are_those_that_are_read_by_themselves(admin: User) -> None:
    decision, waiver, task = factories.waived_decision(admin, factories.version(admin))
    row = with_ties(Decision.objects.filter(pk=decision.pk)).get()
    ties_attach([row])
    (tied,), (waived,) = row.tasks.all(), row.waivers.all()
    names = ("pk", "text", "owner_id", "due_on", "done_at", "decision_id")
    assert [getattr(tied, name) for name in names] == [getattr(task, name) for name in names]
    names = ("pk", "condition", "reason", "owner_id", "written_by_id", "expires_on", "withdrawn_at", "decision_id")
    assert [getattr(waived, name) for name in names] == [getattr(waiver, name) for name in names]
    assert bases_of([row])[row.pk].digest == basis_of(decision).digest
