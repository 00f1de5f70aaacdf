"""Four eyes as one table: nobody approves what he asked for, ran, wrote or waived, whatever his role and way; and one changed byte voids an approval."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Role, User
from accounts.permissions import SCOPES
from assessments.models import Finding, Run
from core import clock
from core.errors import InvalidState, NotAllowed
from decisions import services
from decisions.basis import basis_of, differences, stands
from decisions.gate_models import Approval, Decision, DecisionState, DecisionTask, GatePolicyVersion, Waiver
from evidence.models import Artifact, LedgerEntry
from tests import factories
from tests.api.caller import ROOT, Api, token_of

pytestmark = pytest.mark.django_db
FINDING = {"key": "c1", "kind": "finding", "instrument": "known_circuits", "tier": "observed"}
INCIDENTS = {"key": "c2", "kind": "incidents", "severity": "high"}
LATER = clock.now().date() + datetime.timedelta(days=20)


def build(asker: User, runner: User, author: User, waiver: User, adder: User) -> Decision:
    """A go with conditions in which each of five people had one hand."""
    run: Run = factories.qualified(factories.finished_run(runner))
    factories.incident(asker, versions=[run.plan.version])
    row = factories.decision(asker, factories.gate_policy(author, [FINDING, INCIDENTS]), version=run.plan.version)
    services.waiver_write(actor=waiver, decision=row, condition="c2", owner=asker, reason="The cause is known.", expires_on=LATER)
    services.task_add(actor=adder, decision=row, text="Look weekly", owner=asker, due_on=LATER)
    return fresh(row)


def fresh(row: Decision) -> Decision:
    return Decision.objects.get(pk=row.pk)


def by_service(person: User, row: Decision, act: str, digest: str) -> int:
    give = {"approve": services.approval_give, "reject": services.approval_refuse}[act]
    try:
        give(actor=User.objects.get(pk=person.pk), decision=row, digest=digest, reason="x")
    except NotAllowed:
        return 403
    return 200


def by_page(person: User, row: Decision, act: str, digest: str) -> int:
    browser = Client()
    browser.force_login(person)
    return browser.post(reverse(f"web:decision-{act}", args=[row.pk]), {"digest": digest, "reason": "x"}).status_code


def by_session(person: User, row: Decision, act: str, digest: str) -> int:
    browser = Client()
    browser.force_login(person)
    return browser.post(f"{ROOT}decisions/{row.pk}/{act}", {"digest": digest, "reason": "x"}, content_type="application/json").status_code


def by_token(person: User, row: Decision, act: str, digest: str) -> int:
    return Api(token_of(person, *SCOPES)).post(f"decisions/{row.pk}/{act}", {"digest": digest, "reason": "x"}).status_code


WAYS = (by_service, by_page, by_session, by_token)


@pytest.mark.parametrize("deed", ["asker", "runner", "author", "waiver", "adder"])
def test_nobody_approves_or_rejects_what_he_had_a_hand_in_whatever_his_role_and_whichever_way(admin: User, deed: str) -> None:
    house = factories.home(admin)
    person = factories.user(Role.ADMINISTRATOR, of=house)
    row = build(**{**dict.fromkeys(("asker", "runner", "author", "waiver", "adder"), admin), deed: person})
    digest, answers = basis_of(row).digest, {}
    for role in Role.values:
        Membership.objects.filter(user=person).update(role=role)
        answers |= {(role, way.__name__, act): way(User.objects.get(pk=person.pk), row, act, digest) for way in WAYS for act in ("approve", "reject")}
    assert {key: code for key, code in answers.items() if code != 403} == {}
    assert len(answers) == len(Role.values) * len(WAYS) * 2
    assert (Approval.objects.count(), fresh(row).state) == (0, DecisionState.OPEN)
    assert not LedgerEntry.objects.filter(subject=row.subject, action__in=["decisions.decision.approved", "decisions.decision.rejected"]).exists()


@pytest.mark.parametrize("way", [by_service, by_page, by_session], ids=lambda way: way.__name__)
def test_somebody_without_a_hand_in_it_does(admin: User, way: Callable[..., int]) -> None:
    row = build(admin, admin, admin, admin, admin)
    assert way(factories.user(Role.APPROVER, of=factories.home(admin)), row, "approve", basis_of(row).digest) in (200, 302)
    assert fresh(row).state == DecisionState.APPROVED


def flipped(row: Any, name: str) -> None:
    """One byte of a column becomes another."""
    old = getattr(row, name)
    type(row).objects.filter(pk=row.pk).update(**{name: old[:-1] + ("b" if old[-1] != "b" else "c")})


def condition_moved(row: Decision) -> None:
    GatePolicyVersion.objects.filter(pk=row.policy_id).update(conditions=[FINDING, {**INCIDENTS, "severity": "critical"}])


BYTES: dict[str, tuple[Callable[[Decision], None], str]] = {
    "purpose": (lambda row: flipped(row, "purpose"), "The purpose changed"),
    "evidence": (lambda _: flipped(Artifact.objects.get(pk=Finding.objects.get().result_artifact_id), "sha256"), "New in the findings on record"),
    "waiver": (lambda row: flipped(Waiver.objects.get(decision=row), "reason"), "New in the waivers"),
    "task": (lambda row: flipped(DecisionTask.objects.get(decision=row), "text"), "New in the conditions to be fulfilled"),
    "policy": (condition_moved, "The policy changed"),
    "subject": (lambda row: flipped(row.version, "label"), "What it is asked for changed"),
}


@pytest.mark.parametrize("part", BYTES)
def test_one_changed_byte_of_anything_that_was_approved_voids_it_and_is_named(admin: User, part: str) -> None:
    approver, row = factories.user(Role.APPROVER, of=factories.home(admin)), build(admin, admin, admin, admin, admin)
    given = services.approval_give(actor=approver, decision=row, digest=basis_of(row).digest)
    assert stands(fresh(row), basis_of(fresh(row)))
    change, said = BYTES[part]
    change(fresh(row))
    after = fresh(row)
    basis = basis_of(after)
    assert not stands(after, basis)
    assert any(said in line for line in differences(given.basis, basis.document)), differences(given.basis, basis.document)
    with pytest.raises(InvalidState, match="does not stand"):
        services.version_release(actor=admin, decision=after)
