"""Gates in the browser: policies in words, asking, approving with four eyes, voids, waivers, releases, roll-back, and the safety case."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from assessments.models import Run
from core import clock
from decisions.basis import basis_of
from decisions.gate_models import Approval, Decision, DecisionState, GatePolicy, RollbackDrill
from decisions.services import approval_give, task_add
from inventory.models import Lifecycle, ModelVersion
from inventory.services import deployment_register
from tests import factories
from web.lists import listing

pytestmark = pytest.mark.django_db
INCIDENTS = {"key": "c1", "kind": "incidents", "severity": "high"}
LATER = clock.now().date() + timedelta(days=20)


def text(client: Client, name: str, *keys: Any) -> str:
    return unescape(client.get(reverse(f"web:{name}", args=keys)).content.decode())


def post(client: Client, name: str, /, *keys: Any, **data: Any) -> Any:
    return client.post(reverse(f"web:{name}", args=keys), data)


def fresh(row: Decision) -> Decision:
    return Decision.objects.get(pk=row.pk)


def digest(row: Decision) -> str:
    return basis_of(fresh(row)).digest


@pytest.fixture
def version(admin: User) -> ModelVersion:
    return factories.version(admin)


@pytest.fixture
def decision(admin: User, version: ModelVersion) -> Decision:
    return factories.decision(admin, factories.gate_policy(admin, [INCIDENTS]), version=version)


def test_policy_is_begun_from_a_shipped_one_read_in_words_and_edited(admin: User, admin_client: Client) -> None:
    assert "No policy is written" in text(admin_client, "policy-list")
    begun = post(admin_client, "policy-create", name="Ours", step="deploy", template="deploy")
    policy = GatePolicy.objects.get()
    assert begun.headers["Location"] == reverse("web:policy-detail", args=[policy.pk])
    body = text(admin_client, "policy-detail", policy.pk)
    assert "No incident of severity medium or above is open." in body
    assert "A rollback drill succeeded within the last 180 days." in body
    assert "2 different people must approve: approver, governance officer." in body
    added = {"instrument": "steering_validation", "axis": "", "tier": "causal", "metric": "slope", "op": ">=", "value": "0.5", "required": "on", "seen": "1"}
    assert post(admin_client, "policy-condition-add", policy.pk, "finding", **added).status_code == 302
    said = "The newest finding of steering validation is causal or better, with “slope” at least 0.5."
    assert said in text(admin_client, "policy-detail", policy.pk)
    assert post(admin_client, "policy-condition-edit", policy.pk, "c1", severity="low", required="on", seen="2").status_code == 302
    assert post(admin_client, "policy-condition-remove", policy.pk, "c2").status_code == 302
    assert post(admin_client, "policy-voters", policy.pk, quorum="3", roles=["approver"], seen="4").status_code == 302
    current = GatePolicy.objects.get().current
    assert (current.number, current.quorum, [row["key"] for row in current.conditions]) == (5, 3, ["c1", "c3", "c4"])
    assert reverse("web:policy-detail", args=[policy.pk]) in text(admin_client, "policy-list")


def test_policy_form_keeps_what_was_typed_and_says_what_to_do(admin: User, admin_client: Client) -> None:
    policy = factories.gate_policy(admin, [])
    answer = post(admin_client, "policy-condition-add", policy.pk, "finding", instrument="known_circuits", metric="effect", seen="1")
    body = unescape(answer.content.decode())
    assert (answer.status_code, "Choose how the reading is compared" in body, 'value="effect"' in body) == (422, True, True)
    stale = post(admin_client, "policy-condition-add", policy.pk, "incidents", severity="low", seen="7")
    assert (stale.status_code, "changed in the meantime" in stale.content.decode()) == (422, True)
    assert admin_client.get(reverse("web:policy-condition-add", args=[policy.pk, "opinion"])).status_code == 404
    assert admin_client.get(reverse("web:policy-condition-edit", args=[policy.pk, "c9"])).status_code == 404


def test_whole_way_in_the_browser(admin: User, admin_client: Client, as_role: Callable[[str], Client], version: ModelVersion) -> None:
    assert "No decision was asked for" in text(admin_client, "decision-list")
    policy = factories.gate_policy(admin, [INCIDENTS])
    assert "Choose one model version" in post(admin_client, "decision-create", policy=policy.pk, purpose="Letters").content.decode()
    assert post(admin_client, "decision-create", policy=policy.pk, version=version.pk, purpose="Letters").status_code == 302
    row = Decision.objects.get()
    body = text(admin_client, "decision-detail", row.pk)
    assert all(said in body for said in ("state-go", "Waiting for 1 approval.", "None is recorded as open.", "You cannot approve or reject this"))
    approver = as_role(Role.APPROVER)
    page = text(approver, "decision-approve", row.pk)
    assert f'value="{digest(row)}"' in page
    assert post(approver, "decision-approve", row.pk, digest=digest(row)).status_code == 302
    assert fresh(row).state == DecisionState.APPROVED
    assert "it still stands" in text(approver, "decision-detail", row.pk)
    assert "Release the version as approved" in text(admin_client, "decision-detail", row.pk)
    assert post(admin_client, "decision-release", row.pk).status_code == 302
    assert ModelVersion.objects.get(pk=version.pk).lifecycle == Lifecycle.APPROVED
    factories.incident(admin, versions=[version])
    lapsed = text(admin_client, "decision-detail", row.pk)
    assert all(said in lapsed for said in ("No longer stands", "was met and is not met", "state-void"))


def test_page_of_a_release_says_at_once_why_there_is_none_and_what_to_do(
    admin: User, admin_client: Client, as_role: Callable[[str], Client], decision: Decision, version: ModelVersion
) -> None:
    def refused(*said: str) -> None:
        page = admin_client.get(reverse("web:decision-release", args=[decision.pk]))
        assert page.status_code == 409
        assert all(part in page.content.decode() for part in said), page.content.decode()
        assert "data-once" not in page.content.decode(), "there is nothing to press"

    refused("waits for approval", "once it is approved")
    Decision.objects.filter(pk=decision.pk).update(state=DecisionState.WITHDRAWN)
    refused("it is withdrawn", "Ask for a new decision")
    Decision.objects.filter(pk=decision.pk).update(state=DecisionState.OPEN)
    post(as_role(Role.APPROVER), "decision-approve", decision.pk, digest=digest(decision))
    assert f"{version} becomes approved" in text(admin_client, "decision-release", decision.pk)
    found = factories.incident(admin, versions=[version])
    refused("the record has changed", "Ask for a new decision")
    found.versions.clear()
    post(admin_client, "decision-release", decision.pk)
    refused(f"{version} is approved now", "what it can become")


@pytest.mark.parametrize("name", ["decision-approve", "decision-reject"])
def test_nobody_approves_what_he_requested_by_a_crafted_post(admin: User, admin_client: Client, decision: Decision, name: str) -> None:
    assert "Somebody else has to" in text(admin_client, name, decision.pk)
    assert "csrfmiddlewaretoken" not in text(admin_client, name, decision.pk).partition("Purpose</strong>")[2].partition("</section>")[0]
    answer = post(admin_client, name, decision.pk, digest=digest(decision), reason="Fine.")
    assert (answer.status_code, Approval.objects.count()) == (403, 0)


def test_crafted_posts_with_a_wrong_or_old_digest_change_nothing(
    admin: User, as_role: Callable[[str], Client], decision: Decision, version: ModelVersion
) -> None:
    approver, old = as_role(Role.APPROVER), digest(decision)
    factories.incident(admin, severity="low", versions=[version])
    assert digest(decision) == old, "an incident below the asked severity changes nothing"
    factories.drill(admin, version)
    for given in ("", "00" * 32, old.upper(), f"{old} "):
        answer = post(approver, "decision-approve", decision.pk, digest=given)
        assert answer.status_code in ({302} if given.strip() == old else {422}), given
    assert Approval.objects.count() == 1


def test_approver_of_an_older_page_is_told_to_look_again(admin: User, as_role: Callable[[str], Client], decision: Decision, version: ModelVersion) -> None:
    approver, old = as_role(Role.APPROVER), digest(decision)
    Decision.objects.filter(pk=decision.pk).update(purpose="To sort letters and to answer them.")
    answer = post(approver, "decision-approve", decision.pk, digest=old)
    assert (answer.status_code, "Look at the decision again" in answer.content.decode(), Approval.objects.count()) == (422, True, 0)


@pytest.mark.parametrize("role", [Role.ASSESSOR, Role.AUDITOR, Role.VENDOR])
def test_roles_without_the_verb_are_refused(as_role: Callable[[str], Client], decision: Decision, role: str) -> None:
    assert post(as_role(role), "decision-approve", decision.pk, digest=digest(decision)).status_code == 403
    assert Approval.objects.count() == 0


def test_rejection_needs_its_reason(as_role: Callable[[str], Client], decision: Decision) -> None:
    approver = as_role(Role.APPROVER)
    assert "why it is rejected" in post(approver, "decision-reject", decision.pk, digest=digest(decision)).content.decode()
    assert post(approver, "decision-reject", decision.pk, digest=digest(decision), reason="Too wide.").status_code == 302
    assert "Too wide." in text(approver, "decision-detail", decision.pk)


def test_waiver_and_task_by_their_pages(admin: User, admin_client: Client, as_role: Callable[[str], Client], version: ModelVersion, decision: Decision) -> None:
    factories.incident(admin, versions=[version])
    assert "Nobody can approve it yet" in text(admin_client, "decision-detail", decision.pk)
    wish = {"reason": "The cause is known.", "owner": admin.pk, "expires_on": LATER.isoformat()}
    assert post(admin_client, "waiver-create", decision.pk, "c1", **wish).status_code == 302
    body = text(admin_client, "decision-detail", decision.pk)
    assert all(said in body for said in ("Waived", "The cause is known.", "add at least one condition"))
    assert post(admin_client, "task-create", decision.pk, text="Look weekly", owner=admin.pk, due_on=LATER.isoformat()).status_code == 302
    task, waiver = decision.tasks.get(), decision.waivers.get()
    assert post(admin_client, "task-done", task.pk, note="It is in the calendar.").status_code == 302
    assert "It is in the calendar." in text(as_role(Role.AUDITOR), "decision-detail", decision.pk)
    assert post(admin_client, "waiver-withdraw", waiver.pk, reason="Fixed.").status_code == 302
    assert "A waiver was withdrawn" in text(admin_client, "decision-detail", decision.pk)
    assert post(admin_client, "decision-withdraw", decision.pk, reason="Not needed.").status_code == 302
    assert fresh(decision).state == DecisionState.WITHDRAWN


def test_roll_back_and_drill_by_their_pages(admin: User, admin_client: Client, version: ModelVersion) -> None:
    other = factories.version(admin, model=version.model)
    drill = {"returns_to": other.pk, "held_on": clock.now().date().isoformat(), "held_by": "Platform team", "succeeded": "no", "result": "It took an hour."}
    assert post(admin_client, "drill-create", version.pk, **drill).status_code == 302
    assert RollbackDrill.objects.get().succeeded is False
    assert "did not succeed. It took an hour." in text(admin_client, "version-detail", version.pk)
    ModelVersion.objects.update(lifecycle=Lifecycle.APPROVED)
    assert "Roll back" in text(admin_client, "version-detail", version.pk)
    assert post(admin_client, "version-roll-back", version.pk, returns_to=other.pk, reason="It mixes lists.").status_code == 302
    assert ModelVersion.objects.get(pk=version.pk).lifecycle == Lifecycle.ROLLED_BACK


def test_version_page_offers_no_move_that_needs_a_decision(admin_client: Client, version: ModelVersion) -> None:
    body = text(admin_client, "version-detail", version.pk)
    assert "?to=approved" not in body
    assert f"?version={version.pk}" in body
    assert post(admin_client, "version-move", version.pk, to="approved", reason="Now.").status_code == 422


def test_safety_case_shows_claim_argument_evidence_and_limits(admin: User, admin_client: Client, run: Run) -> None:
    factories.qualified(run)
    row = factories.decision(admin, version=run.plan.version)
    body = text(admin_client, "safety-case", row.pk)
    assert f"{run.plan.version} can be approved." in body
    assert all(said in body for said in ("Argument", "Finding", "It is seen", "does not show that it matters.", "Not examined: Everything else.", "Coverage"))
    assert "Signed PDF" not in body, "an open decision has nothing to sign"
    assert post(admin_client, "safety-case-build", row.pk).status_code == 409


def test_lists_ask_few_questions_whatever_the_number_of_rows(admin: User, admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    version = factories.version(admin)
    for _ in range(3):
        factories.decision(admin, factories.gate_policy(admin, [INCIDENTS]), version=version)
    for name in ("decision-list", "policy-list"):
        with django_assert_max_num_queries(10):
            assert admin_client.get(reverse(f"web:{name}")).status_code == 200


def test_the_list_says_which_approved_ones_no_longer_stand_in_as_many_queries_for_many(
    admin: User, admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    approver = factories.user(Role.APPROVER, of=factories.home(admin))

    def approved() -> ModelVersion:
        version = factories.version(admin)
        row = factories.decision(admin, factories.gate_policy(admin, [INCIDENTS]), version=version)
        approval_give(actor=approver, decision=row, digest=digest(row))
        return version

    versions = [approved() for _ in range(3)]
    assert "No longer stands" not in text(admin_client, "decision-list")
    factories.incident(admin, versions=[versions[1]])
    with django_assert_max_num_queries(10):
        body = text(admin_client, "decision-list")
    assert (body.count("state-void"), body.count("state-approved")) == (1, 2)
    exported = admin_client.get(reverse("web:decision-list"), {"export": "csv"}).content.decode()
    assert (exported.count("No longer stands"), exported.count("Approved")) == (1, 2)


@pytest.mark.parametrize("size", [2, 9])
def test_list_asks_ten_questions_where_policies_ask_about_coverage(
    admin: User, admin_client: Client, size: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    approver = factories.user(Role.APPROVER, of=factories.home(admin))
    asked = {"kind": "coverage", "framework": "eu-ai-act", "value": 1, "required": False}
    conditions = [{"key": "c1", **asked}, {"key": "c2", "day": "2027-12-02", **asked}]
    for place in range(size):
        version = factories.finished_run(admin).plan.version
        system = factories.system(admin, name=f"System {place}")
        deployment_register(actor=admin, system=system, version=version, environment="production")
        subject = {"version": version} if place % 2 else {"system": system}
        row = factories.decision(admin, factories.gate_policy(admin, conditions, step="deploy"), **subject)
        task_add(actor=admin, decision=row, text="Gather the evidence.", owner=admin, due_on=LATER)
        approval_give(actor=approver, decision=row, digest=digest(row))
    with django_assert_max_num_queries(10):
        body = text(admin_client, "decision-list")
    assert body.count("state-approved") == size


def test_list_counts_its_rows_on_every_page(admin: User, admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE", 2)
    policy, version = factories.gate_policy(admin, [INCIDENTS]), factories.version(admin)
    for _ in range(3):
        factories.decision(admin, policy, version=version)
    for page, shown in (("1", ["D-000003", "D-000002"]), ("2", ["D-000001"]), ("7", ["D-000001"]), ("x", ["D-000003", "D-000002"])):
        answer = admin_client.get(reverse("web:decision-list"), {"page": page})
        assert re.findall(r">(D-\d+)<", answer.content.decode()) == shown, page
        assert answer.context["count"].total == 3
    assert admin_client.get(reverse("web:decision-list"), {"state": "approved"}).context["count"].shown == 0


def test_stranger_finds_nothing(stranger: Client, decision: Decision) -> None:
    for name in ("decision-detail", "decision-approve", "safety-case"):
        assert stranger.get(reverse(f"web:{name}", args=[decision.pk])).status_code == 404
    assert "No decision was asked for" in text(stranger, "decision-list")
