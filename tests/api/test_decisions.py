"""Decisions over the API: policies in words, asking, waiving, and approving as a signed-in person under four eyes, bound to the digest."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from accounts.permissions import SCOPES
from core import clock
from core.canonical import canonical_digest
from decisions.basis import basis_of
from decisions.gate_models import Approval, Decision, DecisionState, GatePolicy, Waiver
from decisions.services import approval_give
from inventory.models import ModelVersion
from tests import factories
from tests.api.caller import ROOT, Api, token_of

pytestmark = pytest.mark.django_db
INCIDENTS = {"key": "c1", "kind": "incidents", "severity": "high"}


@pytest.fixture
def version(admin: User) -> ModelVersion:
    return factories.version(admin)


@pytest.fixture
def policy(admin: User) -> GatePolicy:
    return factories.gate_policy(admin, [INCIDENTS])


@pytest.fixture
def decision(admin: User, policy: GatePolicy, version: ModelVersion) -> Decision:
    return factories.decision(admin, policy, version=version)


def approver_of(admin: User) -> User:
    return factories.user(Role.APPROVER, of=factories.home(admin))


def signed_in(person: User) -> Client:
    browser = Client()
    browser.force_login(person)
    return browser


def word(browser: Client, row: Decision, act: str, **body: Any) -> Any:
    return browser.post(f"{ROOT}decisions/{row.pk}/{act}", body, content_type="application/json")


def test_policy_is_read_in_words(api: Api, stranger: Api, policy: GatePolicy) -> None:
    found = api.get(f"gate-policies/{policy.pk}").json()
    assert (found["version"], found["quorum"], found["digest"]) == (1, 1, policy.current.digest)
    assert found["conditions"] == [{"key": "c1", "kind": "incidents", "required": True, "words": "No incident of severity high or above is open."}]
    assert [row["id"] for row in api.get("gate-policies?step=approve_version").json()["items"]] == [str(policy.pk)]
    assert api.get("gate-policies?step=deploy").json()["items"] == stranger.get("gate-policies").json()["items"] == []


def test_it_is_asked_for_and_answers_with_basis_conditions_and_digest(api: Api, policy: GatePolicy, version: ModelVersion) -> None:
    wish = {"policy": str(policy.pk), "version": str(version.pk), "purpose": "To sort letters."}
    made = api.post("decisions", wish, idempotency_key="one")
    assert (made.status_code, api.post("decisions", wish, idempotency_key="one").json()) == (201, made.json())
    found = made.json()
    row = Decision.objects.get()
    assert (found["outcome"], found["state"], found["stands"], found["approved_digest"], found["approvals"]) == ("go", "open", False, "", [])
    assert found["digest"] == basis_of(row).digest == canonical_digest(found["basis"])
    assert [(item["key"], item["standing"], item["waived"]) for item in found["conditions"]] == [("c1", "met", False)]
    assert api.get(made["Location"]).json() == found


@pytest.mark.parametrize(
    ("change", "field"),
    [({"version": None}, "subject"), ({"policy": "0b9d3c52-6e0f-4a4e-9d55-0e6a6f0b8d11"}, "policy"), ({"purpose": ""}, "purpose"), ({"go": 1}, "go")],
)
def test_what_is_wrong_is_named_and_changes_nothing(api: Api, policy: GatePolicy, version: ModelVersion, change: dict[str, Any], field: str) -> None:
    answer = api.post("decisions", {"policy": str(policy.pk), "version": str(version.pk), "purpose": "To sort letters.", **change})
    assert (answer.status_code, answer["Content-Type"], answer.json()["field"]) == (422, "application/problem+json", field)
    assert Decision.objects.count() == 0


def test_a_version_elsewhere_is_not_found(api: Api, policy: GatePolicy) -> None:
    other = factories.version(factories.user())
    assert api.post("decisions", {"policy": str(policy.pk), "version": str(other.pk), "purpose": "x"}).json()["field"] == "version"


def test_a_signed_in_approver_approves_exactly_what_he_read_and_the_list_says_whether_it_stands(
    admin: User, api: Api, decision: Decision, version: ModelVersion
) -> None:
    browser = signed_in(approver_of(admin))
    shown = browser.get(f"{ROOT}decisions/{decision.pk}").json()
    answer = word(browser, decision, "approve", digest=shown["digest"], reason="Only for letters.")
    found = answer.json()
    assert (answer.status_code, found["state"], found["stands"], found["approved_digest"]) == (200, "approved", True, shown["digest"])
    assert [(given["vote"], given["counts"]) for given in found["approvals"]] == [("approve", True)]
    assert [row["stands"] for row in api.get("decisions?state=approved").json()["items"]] == [True]
    factories.incident(admin, versions=[version])
    assert [row["stands"] for row in api.get("decisions").json()["items"]] == [False]
    after = api.get(f"decisions/{decision.pk}").json()
    assert (after["outcome"], after["stands"], after["approvals"][0]["counts"]) == ("no_go", False, False)


def test_an_old_or_wrong_digest_is_a_conflict_that_changes_nothing(admin: User, decision: Decision) -> None:
    browser, old = signed_in(approver_of(admin)), basis_of(decision).digest
    Decision.objects.filter(pk=decision.pk).update(purpose="To sort letters and to answer them.")
    for digest in (old, "00" * 32, basis_of(Decision.objects.get()).digest.upper()):
        for act in ("approve", "reject"):
            answer = word(browser, decision, act, digest=digest, reason="No.")
            assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
            assert "Look at the decision again" in answer.json()["detail"]
    assert word(browser, decision, "approve").status_code == 422
    assert Approval.objects.count() == 0


def test_rejection_has_a_reason_and_ends_it(admin: User, decision: Decision) -> None:
    browser, digest = signed_in(approver_of(admin)), basis_of(decision).digest
    assert word(browser, decision, "reject", digest=digest).status_code == 422
    assert word(browser, decision, "reject", digest=digest, reason="Too wide.").json()["state"] == "rejected"
    assert word(browser, decision, "approve", digest=digest).status_code == 409


@pytest.mark.parametrize("role", Role.values)
def test_no_token_approves_whatever_its_scopes(admin: User, decision: Decision, role: str) -> None:
    api = Api(token_of(factories.user(role, of=factories.home(admin)), *SCOPES))
    for act in ("approve", "reject"):
        assert api.post(f"decisions/{decision.pk}/{act}", {"digest": basis_of(decision).digest, "reason": "x"}).status_code == 403
    assert Approval.objects.count() == 0


def test_an_approver_elsewhere_finds_nothing_to_approve(decision: Decision) -> None:
    for act in ("approve", "reject"):
        assert word(signed_in(factories.user(Role.ADMINISTRATOR)), decision, act, digest=basis_of(decision).digest, reason="x").status_code == 404
    assert Approval.objects.count() == 0


def test_a_session_without_its_csrf_token_approves_nothing(admin: User, decision: Decision) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(approver_of(admin))
    assert word(browser, decision, "approve", digest=basis_of(decision).digest).status_code == 403
    assert Approval.objects.count() == 0


def test_waiver_and_its_scopes(admin: User, api: Api, scoped: Callable[..., Api], decision: Decision, version: ModelVersion) -> None:
    factories.incident(admin, versions=[version])
    wish = {"condition": "c1", "owner": str(admin.pk), "reason": "The cause is known.", "expires_on": (clock.now().date() + timedelta(days=9)).isoformat()}
    path = f"decisions/{decision.pk}/waivers"
    assert [scoped(scope).post(path, wish).status_code for scope in ("decisions:read", "decisions:request")] == [403, 403]
    assert api.post(path, {**wish, "expires_on": "2020-01-01"}).json()["field"] == "expires_on"
    assert api.post(path, {**wish, "owner": str(factories.user().pk)}).json()["field"] == "owner"
    found = scoped("decisions:waive").post(path, wish).json()
    assert (found["outcome"], found["conditions"][0]["waived"], Waiver.objects.get().owner_id) == ("go_with_conditions", True, admin.pk)
    assert api.post(path, wish).status_code == 409


def test_a_list_of_approved_decisions_asks_few_questions(
    admin: User, api: Api, policy: GatePolicy, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    approver = approver_of(admin)

    def another() -> None:
        row = factories.decision(admin, policy, version=factories.version(admin))
        approval_give(actor=approver, decision=row, digest=basis_of(row).digest)

    another()
    with django_assert_max_num_queries(20) as one:
        api.get("decisions")
    for _ in range(3):
        another()
    with django_assert_max_num_queries(len(one)):
        items = api.get("decisions").json()["items"]
    assert [(row["state"], row["stands"]) for row in items] == [(DecisionState.APPROVED, True)] * 4
