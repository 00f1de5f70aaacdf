"""Gates in a real browser: accessible in both themes, no wider than a telephone, and usable without scripts."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from accounts.models import Role, User
from decisions.gate_models import Approval, Decision, DecisionState
from tests import factories
from tests.e2e import scenes
from tests.e2e.conftest import Visit
from tests.e2e.test_pages import faults_of

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
INCIDENTS = {"key": "c1", "kind": "incidents", "severity": "high"}


def test_decision_policy_and_safety_case_in_every_state_are_accessible_and_fit(person: User, visit_with: Callable[..., Visit]) -> None:
    row = scenes.decided(person, scenes.finished(person).plan.version)
    visit = visit_with(color_scheme="light")
    visit.sign_in(person)
    policy = row.policy.policy_id
    kinds = {kind: f"/policies/{policy}/conditions/add/{kind}/" for kind in ("finding", "coverage", "rollback_drill", "questionnaire")}
    pages = {"list": "/decisions/", "decision": f"/decisions/{row.id}/", "safety case": f"/decisions/{row.id}/safety-case/", "policy": f"/policies/{policy}/"}
    for name, address in {**pages, **kinds}.items():
        visit.open(address)
        assert faults_of(visit, name) == []


def test_an_approver_comes_from_the_first_page_and_approves_without_scripts(person: User, visit_with: Callable[..., Visit]) -> None:
    row = factories.decision(person, factories.gate_policy(person, [INCIDENTS]), version=factories.version(person))
    approver = factories.user(Role.APPROVER, of=factories.home(person))
    visit = visit_with(java_script_enabled=False)
    visit.sign_in(approver)
    page = visit.open("/")
    page.get_by_role("link", name=f"{row.reference} waits for your approval").click()
    page.get_by_role("link", name="Approve", exact=True).click()
    page.get_by_label("Remark").fill("Only for letters.")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("it still stands")).to_be_visible()
    assert (Decision.objects.get().state, Approval.objects.get().approver) == (DecisionState.APPROVED, approver)
