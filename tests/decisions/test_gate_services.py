"""Decisions on a real database: four eyes whoever calls, approvals bound to one digest and void when anything changes, waivers by the clock, releases."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Membership, Role, User
from assessments.models import Finding, Run
from assessments.services.runs import run_create
from core import clock
from core.canonical import canonical_digest
from core.errors import Conflict, InvalidInput, InvalidState, NotAllowed
from decisions import services
from decisions.basis import basis_of, differences, stands
from decisions.conditions import parse
from decisions.gate_models import Approval, Decision, DecisionState
from decisions.gate_vocabulary import Outcome, Standing
from decisions.policies import Draft
from evidence.models import Artifact, LedgerEntry
from evidence.services import link_propose, link_review
from evidence.storage import blob_read
from frameworks.models import Requirement
from inventory.models import Lifecycle, ModelVersion
from inventory.services import deployment_register, version_transition
from tests import factories

pytestmark = pytest.mark.django_db
INCIDENTS = {"key": "c1", "kind": "incidents", "severity": "high"}
ADVISORY = {"key": "c2", "kind": "rollback_drill", "value": 30, "required": False}


@pytest.fixture
def run(admin: User) -> Run:
    return factories.qualified(factories.finished_run(admin))


@pytest.fixture
def colleague(admin: User) -> Callable[..., User]:
    return lambda role=Role.APPROVER: factories.user(role, of=factories.home(admin))


@pytest.fixture
def decision(run: Run, colleague: Callable[..., User]) -> Decision:
    """A go, asked for by the governance officer over a run and a policy of the administrator."""
    return factories.decision(colleague(Role.GOVERNANCE), policy_of(run), version=run.plan.version)


def policy_of(run: Run, *conditions: dict[str, Any], **fields: Any) -> Any:
    return factories.gate_policy(run.plan.author, list(conditions) or None, **fields)


def fresh(row: Decision) -> Decision:
    return Decision.objects.get(pk=row.pk)


def digest(row: Decision) -> str:
    return basis_of(fresh(row)).digest


def approve(actor: User, row: Decision, given: str = "") -> Approval:
    return services.approval_give(actor=actor, decision=fresh(row), digest=given or digest(row))


def tomorrow(days: int = 1) -> datetime.date:
    return clock.now().date() + datetime.timedelta(days=days)


def test_approval_that_fills_the_quorum_attests_exactly_what_was_approved(decision: Decision, colleague: Callable[..., User]) -> None:
    given = digest(decision)
    approve(colleague(), decision)
    row = fresh(decision)
    assert (row.state, row.outcome, row.digest) == (DecisionState.APPROVED, Outcome.GO, given)
    artifact = Artifact.objects.get(attestation=row.attestation)
    assert (artifact.sha256, artifact.subject) == (given, row.subject)
    assert canonical_digest(row.basis) == given
    assert blob_read(given).startswith(b'{"conditions":[{"evidence":[{"artifact":"')
    assert [entry.action.rpartition(".")[2] for entry in LedgerEntry.objects.filter(subject=row.subject)][::-1][:2] == ["made", "approved"]


def test_quorum_needs_different_people(run: Run, colleague: Callable[..., User]) -> None:
    row, first = factories.decision(colleague(Role.GOVERNANCE), policy_of(run, quorum=2), version=run.plan.version), colleague()
    approve(first, row)
    assert fresh(row).state == DecisionState.OPEN
    with pytest.raises(InvalidState, match="Another person"):
        approve(first, row)
    approve(colleague(), row)
    assert fresh(row).state == DecisionState.APPROVED


def test_nobody_approves_what_he_requested(run: Run, colleague: Callable[..., User]) -> None:
    asker = colleague(Role.GOVERNANCE)
    row = factories.decision(asker, policy_of(run), version=run.plan.version)
    with pytest.raises(NotAllowed, match="asked for this decision"):
        approve(asker, row)


def test_nobody_approves_what_he_ran_planned_sealed_or_whose_policy_he_wrote(admin: User, decision: Decision) -> None:
    Membership.objects.create(user=admin, organisation=factories.home(admin), role=Role.APPROVER)
    with pytest.raises(NotAllowed, match=r"wrote version 1 of the policy, started run 1, wrote the plan of run 1 and sealed the plan of run 1"):
        approve(User.objects.get(pk=admin.pk), decision)


def test_nobody_approves_under_a_policy_of_which_he_wrote_an_earlier_version(admin: User, run: Run, colleague: Callable[..., User]) -> None:
    author, other = colleague(Role.GOVERNANCE), colleague(Role.GOVERNANCE)
    policy = factories.gate_policy(author, [INCIDENTS])
    services.policy_edit(actor=other, policy=policy, seen=1, draft=Draft((), 1))
    services.policy_edit(actor=other, policy=policy, seen=2, draft=Draft(parse([INCIDENTS]), 1))
    row = factories.decision(admin, policy, version=run.plan.version)
    for person in (author, other):
        with pytest.raises(NotAllowed, match="of the policy"):
            approve(person, row)


def test_nobody_approves_with_a_waiver_he_wrote_even_after_taking_it_back(admin: User, run: Run, colleague: Callable[..., User]) -> None:
    factories.incident(admin, versions=[run.plan.version])
    row, writer = factories.decision(admin, policy_of(run, INCIDENTS), version=run.plan.version), colleague(Role.GOVERNANCE)
    waiver = waive(writer, row)
    with pytest.raises(NotAllowed, match="wrote a waiver"):
        approve(writer, row)
    services.waiver_withdraw(actor=writer, waiver=waiver, reason="Not needed.")
    with pytest.raises(NotAllowed, match="wrote a waiver"):
        approve(writer, row)


def test_nobody_approves_on_evidence_he_accepted(admin: User, run: Run, colleague: Callable[..., User]) -> None:
    factories.catalogue(admin)
    reviewer, link = colleague(), accepted_link(admin, run)
    services_link_review(reviewer, link)
    framework = link.requirement.version.framework.slug
    conditions = {"key": "c1", "kind": "coverage", "framework": framework, "value": 1, "required": False}
    row = factories.decision(admin, policy_of(run, conditions), version=run.plan.version)
    with pytest.raises(NotAllowed, match="accepted evidence for"):
        approve(reviewer, row)


def test_nobody_approves_on_a_drill_he_recorded(admin: User, run: Run, colleague: Callable[..., User]) -> None:
    recorder = colleague(Role.GOVERNANCE)
    factories.drill(admin, run.plan.version, days=3)
    other = factories.version(admin, model=run.plan.version.model)
    factories.drill(recorder, run.plan.version, returns_to=other)
    row = factories.decision(admin, policy_of(run, {**ADVISORY, "required": True}), version=run.plan.version)
    with pytest.raises(NotAllowed, match="recorded the rollback drill"):
        approve(recorder, row)


@pytest.mark.parametrize("role", [role for role in Role.values if role not in {Role.ADMINISTRATOR, Role.GOVERNANCE, Role.APPROVER}])
def test_roles_without_the_verb_approve_nothing(decision: Decision, colleague: Callable[..., User], role: str) -> None:
    for act in (services.approval_give, services.approval_refuse):
        with pytest.raises(NotAllowed):
            act(actor=colleague(role), decision=fresh(decision), digest=digest(decision), reason="No.")
    assert Approval.objects.count() == 0


def test_role_that_the_policy_does_not_name_does_not_count(run: Run, colleague: Callable[..., User]) -> None:
    row = factories.decision(colleague(Role.GOVERNANCE), policy_of(run, roles=("approver",)), version=run.plan.version)
    with pytest.raises(NotAllowed, match="None of your roles counts"):
        approve(colleague(Role.ADMINISTRATOR), row)


def test_programs_and_strangers_approve_nothing(admin: User, decision: Decision, colleague: Callable[..., User]) -> None:
    robot = colleague()
    robot.is_service = True
    holder = colleague()
    holder.token_id = holder.pk
    for actor in (robot, holder, factories.user(Role.ADMINISTRATOR)):
        with pytest.raises(NotAllowed):
            approve(actor, decision)


def test_a_wrong_or_old_digest_is_refused(admin: User, run: Run, decision: Decision, colleague: Callable[..., User]) -> None:
    old = digest(decision)
    for wrong in ("", "00" * 32, old[:-1] + ("0" if old[-1] != "0" else "1")):
        with pytest.raises(Conflict, match="Look at the decision again"):
            services.approval_give(actor=colleague(), decision=fresh(decision), digest=wrong)
    another_finding(admin, run)
    with pytest.raises(Conflict):
        approve(colleague(), decision, old)
    assert Approval.objects.count() == 0


def test_one_changed_byte_of_the_evidence_voids_the_approval(run: Run, decision: Decision, colleague: Callable[..., User]) -> None:
    approval = approve(colleague(), decision)
    artifact = Finding.objects.get(step__run=run).result_artifact
    Artifact.objects.filter(pk=artifact.pk).update(sha256=artifact.sha256[:-1] + ("0" if artifact.sha256[-1] != "0" else "1"))
    assert digest(decision) != approval.digest
    assert not stands(fresh(decision), basis_of(fresh(decision)))
    assert any("New in the findings" in line for line in differences(approval.basis, basis_of(fresh(decision)).document))


def test_new_finding_voids_earlier_approvals_and_says_so(admin: User, run: Run, colleague: Callable[..., User]) -> None:
    row, first = factories.decision(colleague(Role.GOVERNANCE), policy_of(run, quorum=2), version=run.plan.version), colleague()
    void = approve(first, row)
    another_finding(admin, run)
    approve(colleague(), row)
    assert fresh(row).state == DecisionState.OPEN, "the void approval does not count towards the quorum"
    assert "New in the findings on record: “It is seen”." in differences(void.basis, basis_of(fresh(row)).document)
    approve(first, row)
    assert fresh(row).state == DecisionState.APPROVED


def test_policy_edit_leaves_the_decision_its_version(admin: User, decision: Decision) -> None:
    before = digest(decision)
    services.policy_edit(actor=admin, policy=decision.policy.policy, seen=1, draft=Draft(parse([INCIDENTS]), 3))
    assert (digest(decision), fresh(decision).policy.number, decision.policy.policy.current.number) == (before, 1, 2)
    with pytest.raises(Conflict, match="version 2 now"):
        services.policy_edit(actor=admin, policy=decision.policy.policy, seen=1, draft=Draft())


def test_no_go_and_missing_conditions_cannot_be_approved(admin: User, run: Run, colleague: Callable[..., User]) -> None:
    incident = factories.incident(admin, versions=[run.plan.version])
    row = factories.decision(colleague(Role.GOVERNANCE), policy_of(run, INCIDENTS), version=run.plan.version)
    assert basis_of(row).outcome == Outcome.NO_GO
    with pytest.raises(InvalidState, match="no go"):
        approve(colleague(), row)
    waive(colleague(Role.GOVERNANCE), row)
    with pytest.raises(InvalidState, match="at least one condition"):
        approve(colleague(), row)
    services.task_add(actor=admin, decision=fresh(row), text="Watch the list sorter", owner=admin, due_on=tomorrow())
    approve(colleague(), row)
    assert (fresh(row).outcome, incident.reference) == (Outcome.GO_WITH_CONDITIONS, "I-000001")


def test_waiver_expires_by_the_clock_and_takes_the_decision_with_it(
    admin: User, run: Run, colleague: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.incident(admin, versions=[run.plan.version])
    row = factories.decision(colleague(Role.GOVERNANCE), policy_of(run, INCIDENTS), version=run.plan.version)
    waive(colleague(Role.GOVERNANCE), row, days=2)
    services.task_add(actor=admin, decision=fresh(row), text="Watch it", owner=admin, due_on=tomorrow())
    approval = approve(colleague(), row)
    assert stands(fresh(row), basis_of(fresh(row)))
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + datetime.timedelta(days=2))
    assert stands(fresh(row), basis_of(fresh(row))), "the last day still counts"
    monkeypatch.setattr(clock, "now", lambda: now + datetime.timedelta(days=3))
    basis = basis_of(fresh(row))
    assert (basis.outcome, basis.waived, stands(fresh(row), basis_of(fresh(row)))) == (Outcome.NO_GO, frozenset(), False)
    assert "No longer in the waivers: “The list was corrected”." in differences(approval.basis, basis.document)


@pytest.mark.parametrize(("days", "field"), [(-1, "expires_on"), (400, "expires_on")])
def test_waiver_needs_a_day_within_a_year(admin: User, run: Run, days: int, field: str) -> None:
    factories.incident(admin, versions=[run.plan.version])
    row = factories.decision(admin, policy_of(run, INCIDENTS), version=run.plan.version)
    with pytest.raises(InvalidInput) as caught:
        waive(admin, row, days=days)
    assert caught.value.field == field


def test_waiver_is_for_one_failed_condition_once_with_an_owner_of_the_house(admin: User, run: Run) -> None:
    row = factories.decision(admin, policy_of(run, INCIDENTS), version=run.plan.version)
    with pytest.raises(InvalidInput, match="is met"):
        waive(admin, row)
    factories.incident(admin, versions=[run.plan.version])
    with pytest.raises(InvalidInput, match="no such condition"):
        waive(admin, row, condition="c7")
    with pytest.raises(InvalidInput, match="person of this organisation"):
        waive(admin, row, owner=factories.user())
    waive(admin, row)
    with pytest.raises(Conflict, match="already"):
        waive(admin, row)


def test_rejection_has_a_reason_and_ends_it(decision: Decision, colleague: Callable[..., User]) -> None:
    with pytest.raises(InvalidInput, match="why it is rejected"):
        services.approval_refuse(actor=colleague(), decision=fresh(decision), digest=digest(decision), reason=" ")
    services.approval_refuse(actor=colleague(), decision=fresh(decision), digest=digest(decision), reason="The purpose is too wide.")
    assert fresh(decision).state == DecisionState.REJECTED
    with pytest.raises(InvalidState, match="rejected"):
        approve(colleague(), decision)


def test_withdrawn_decision_cannot_be_approved_waived_or_added_to(admin: User, decision: Decision, colleague: Callable[..., User]) -> None:
    services.decision_withdraw(actor=admin, decision=decision, reason="Asked twice.")
    for act in (lambda: approve(colleague(), decision), lambda: waive(admin, decision)):
        with pytest.raises(InvalidState, match="withdrawn"):
            act()
    with pytest.raises(InvalidState):
        services.task_add(actor=admin, decision=decision, text="x", owner=admin, due_on=tomorrow())


def test_task_is_done_once_with_a_note_and_changes_nothing_that_was_approved(admin: User, decision: Decision, colleague: Callable[..., User]) -> None:
    task = services.task_add(actor=admin, decision=decision, text="Watch it", owner=admin, due_on=tomorrow())
    before = digest(decision)
    with pytest.raises(InvalidInput, match="what was done"):
        services.task_finish(actor=admin, task=task, note="")
    done = services.task_finish(actor=colleague(), task=task, note="A weekly look is in the calendar.")
    assert (done.done_at is not None, digest(decision)) == (True, before)
    with pytest.raises(InvalidState, match="already"):
        services.task_finish(actor=admin, task=task, note="Again.")


def test_request_needs_one_subject_of_the_same_register_and_a_policy_with_conditions(admin: User, run: Run) -> None:
    policy = policy_of(run)
    with pytest.raises(InvalidInput, match="choose one"):
        services.decision_request(actor=admin, policy=policy, purpose="x")
    with pytest.raises(InvalidInput, match="another organisation"):
        services.decision_request(actor=admin, policy=policy, purpose="x", version=factories.version(factories.user()))
    empty = factories.gate_policy(admin, [])
    with pytest.raises(InvalidState, match="no condition yet"):
        services.decision_request(actor=admin, policy=empty, purpose="x", version=run.plan.version)
    assert Decision.objects.count() == 0


def test_system_is_judged_by_the_versions_at_work_in_it(admin: User, run: Run) -> None:
    system = factories.system(admin)
    row = factories.decision(admin, policy_of(run), system=system)
    assert basis_of(row).results[0].standing == Standing.UNKNOWN
    deployment_register(actor=admin, system=system, version=run.plan.version, environment="production")
    assert basis_of(row).results[0].standing == Standing.MET
    assert factories.incident(admin, systems=[system]).pk


def test_incident_counts_until_its_end_is_entered(admin: User, run: Run) -> None:
    incident = factories.incident(admin, versions=[run.plan.version])
    row = factories.decision(admin, policy_of(run, INCIDENTS), version=run.plan.version)
    assert basis_of(row).results[0].standing == Standing.NOT_MET
    fact = factories.incident_fact(admin, incident, "resolved")
    assert basis_of(row).results[0].standing == Standing.MET
    services.fact_correct(actor=admin, fact=fact, at=None, source="Ticket 13", reason="It came back.")
    assert basis_of(row).results[0].standing == Standing.NOT_MET


def test_go_releases_the_version_and_only_through_the_decision(admin: User, run: Run, decision: Decision, colleague: Callable[..., User]) -> None:
    version = run.plan.version
    with pytest.raises(InvalidState, match="through a decision"):
        version_transition(actor=admin, version=version, lifecycle=Lifecycle.APPROVED, reason="Trust me.")
    with pytest.raises(InvalidState, match="does not stand"):
        services.version_release(actor=admin, decision=fresh(decision))
    approve(colleague(), decision)
    assert services.version_release(actor=admin, decision=fresh(decision)).lifecycle == Lifecycle.APPROVED
    assert LedgerEntry.objects.last().payload["digest"] == fresh(decision).digest  # type: ignore[union-attr]


def test_go_with_conditions_releases_as_restricted(admin: User, run: Run, colleague: Callable[..., User]) -> None:
    row = factories.decision(colleague(Role.GOVERNANCE), policy_of(run, INCIDENTS, ADVISORY), version=run.plan.version)
    services.task_add(actor=admin, decision=row, text="Hold a drill", owner=admin, due_on=tomorrow(30))
    approve(colleague(), row)
    assert services.version_release(actor=admin, decision=fresh(row)).lifecycle == Lifecycle.RESTRICTED


def test_decision_that_no_longer_stands_or_is_about_something_else_releases_nothing(
    admin: User, run: Run, decision: Decision, colleague: Callable[..., User]
) -> None:
    approve(colleague(), decision)
    another_finding(admin, run)
    with pytest.raises(InvalidState, match="does not stand"):
        services.version_release(actor=admin, decision=fresh(decision))
    deploy = factories.decision(colleague(Role.GOVERNANCE), policy_of(run, INCIDENTS, step="deploy"), version=run.plan.version)
    approve(colleague(), deploy)
    with pytest.raises(InvalidState, match="releases it"):
        services.version_release(actor=admin, decision=fresh(deploy))
    assert ModelVersion.objects.get(pk=run.plan.version_id).lifecycle == Lifecycle.CANDIDATE


def test_roll_back_names_a_released_version_of_the_same_register(admin: User) -> None:
    bad, good = factories.version(admin), factories.version(admin)
    ModelVersion.objects.update(lifecycle=Lifecycle.APPROVED)
    with pytest.raises(InvalidState, match="names the version"):
        version_transition(actor=admin, version=bad, lifecycle=Lifecycle.ROLLED_BACK, reason="Bad.")
    for wrong in (bad, factories.version(admin), factories.version(factories.user())):
        with pytest.raises(InvalidInput) as caught:
            services.version_roll_back(actor=admin, version=bad, returns_to=wrong, reason="Bad.")
        assert caught.value.field == "returns_to"
    assert services.version_roll_back(actor=admin, version=bad, returns_to=good, reason="It mixes lists.").lifecycle == Lifecycle.ROLLED_BACK
    assert LedgerEntry.objects.last().payload["returns_to"] == str(good.pk)  # type: ignore[union-attr]


def test_drill_is_recorded_with_day_holder_and_result(admin: User) -> None:
    version = factories.version(admin)
    row = factories.drill(admin, version)
    assert (row.succeeded, row.entry.action) == (True, "decisions.drill.recorded")
    assert "platform team" not in str(row.entry.payload)
    for fields, field in (({"days": -1}, "held_on"), ({"held_by": " "}, "held_by"), ({"result": ""}, "result"), ({"returns_to": version}, "returns_to")):
        with pytest.raises(InvalidInput) as caught:
            factories.drill(admin, version, **fields)
        assert caught.value.field == field


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.API_CLIENT, Role.VENDOR, Role.WORKER, Role.APPROVER])
def test_roles_that_only_look_or_approve_write_nothing(admin: User, decision: Decision, colleague: Callable[..., User], role: str) -> None:
    actor = colleague(role)
    version = decision.version
    assert version is not None
    before = LedgerEntry.objects.count()
    acts: list[Callable[[], object]] = [
        lambda: services.policy_create(actor=actor, organisation=factories.home(admin), name="Mine", step="deploy"),
        lambda: services.policy_edit(actor=actor, policy=decision.policy.policy, seen=1, draft=Draft()),
        lambda: factories.decision(actor, decision.policy.policy, version=version),
        lambda: services.decision_withdraw(actor=actor, decision=decision, reason="x"),
        lambda: waive(actor, decision),
        lambda: services.task_add(actor=actor, decision=decision, text="x", owner=actor, due_on=tomorrow()),
        lambda: services.drill_record(actor=actor, version=version, returns_to=version, held_on=tomorrow(0), held_by="x", succeeded=True, result="x"),
    ]
    for act in acts:
        with pytest.raises(NotAllowed):
            act()
    assert LedgerEntry.objects.count() == before
    assert Membership.objects.filter(user=actor).count() == 1


def waive(actor: User, row: Decision, days: int = 5, condition: str = "c1", owner: User | None = None) -> Any:
    rest = {"owner": owner or actor, "reason": "The list was corrected.", "expires_on": tomorrow(days)}
    return services.waiver_write(actor=actor, decision=fresh(row), condition=condition, **rest)


def another_finding(admin: User, run: Run) -> None:
    again = run_create(actor=admin, plan=run.plan)
    factories.finish(factories.worker(factories.home(admin)), again.steps.get())
    factories.qualified(again)


def accepted_link(admin: User, run: Run) -> Any:
    finding = Finding.objects.get(step__run=run)
    requirement = Requirement.objects.known_at(tomorrow(0)).as_of(tomorrow(0))[0]
    fields = {"artifact": finding.result_artifact, "requirement": requirement, "evidence_kind": "measured_by_hand", "rationale": "It is asked for."}
    return link_propose(actor=admin, tier="observed", **fields)


def services_link_review(actor: User, link: Any) -> None:
    link_review(actor=actor, link=link, accept=True, rationale="It says so.")
