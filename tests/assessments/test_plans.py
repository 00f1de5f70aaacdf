"""Drafts of plans: checked whoever writes them, changed and discarded in the open, untouchable once sealed."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Role, User
from assessments.contracts import Refused, Threshold
from assessments.models import Plan
from assessments.services.plans import PlanItem, plan_create, plan_discard, plan_seal, plan_update
from core.errors import Conflict, InvalidInput, InvalidState, NotAllowed
from evidence.models import LedgerEntry
from inventory.models import ModelVersion
from tests import factories

pytestmark = pytest.mark.django_db

WISH: dict[str, Any] = {"title": "A check", "claim": "It is seen.", "items": [PlanItem("known_circuits")], "seed": 7}


@pytest.fixture
def version(admin: User) -> ModelVersion:
    return factories.version(admin)


@pytest.fixture
def draft(admin: User, version: ModelVersion) -> Plan:
    return plan_create(actor=admin, version=version, **WISH)


def entries(plan_subject: str) -> list[LedgerEntry]:
    return list(LedgerEntry.objects.filter(subject=plan_subject))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"claim": ""}, "claim"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**53}, "seed"),
        ({"items": []}, "items"),
        ({"items": [PlanItem("known_circuits"), PlanItem("known_circuits")]}, "items"),
        ({"items": [PlanItem("known_circuits", key="../etc")]}, "items"),
        ({"items": [PlanItem("known_circuits", thresholds=[Threshold(" ", ">=", 1.0)])]}, "thresholds"),
        ({"items": [PlanItem("known_circuits", thresholds=[Threshold("x", ">=", float("nan"))])]}, "thresholds"),
    ],
)
def test_faulty_wish_is_refused_at_its_field(admin: User, version: ModelVersion, change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        plan_create(actor=admin, version=version, **{**WISH, **change})
    assert caught.value.field == field
    assert not Plan.objects.exists()


@pytest.mark.parametrize("threshold", [Threshold("auroc", "about", 1.0), Threshold("auroc", ">=")])
def test_threshold_that_cannot_be_judged_is_refused(admin: User, version: ModelVersion, threshold: Threshold) -> None:
    with pytest.raises(Refused, match="threshold on auroc"):
        plan_create(actor=admin, version=version, **{**WISH, "items": [PlanItem("linear_direction", thresholds=[threshold])]})


def test_change_is_logged_with_both_digests(admin: User, draft: Plan) -> None:
    before = draft.digest
    row = plan_update(actor=admin, plan=draft, **{**WISH, "title": "Another check", "seed": 8})
    assert (row.title, row.document["title"], row.document["seed"]) == ("Another check", "Another check", 8)
    entry = entries(draft.subject)[-1]
    assert entry.action == "assessments.plan.revised"
    assert entry.payload == {"digest": row.digest, "previous": before, "version": str(row.version_id)}
    assert Plan.objects.get().digest == row.digest != before


def test_change_that_changes_nothing_writes_nothing(admin: User, draft: Plan) -> None:
    plan_update(actor=admin, plan=draft, **WISH)
    assert [entry.action for entry in entries(draft.subject)] == ["assessments.plan.drafted"]


def test_discarded_draft_is_gone_but_its_digest_stays_in_the_log(admin: User, draft: Plan) -> None:
    digest = draft.digest
    plan_discard(actor=admin, plan=draft)
    assert not Plan.objects.exists()
    assert entries(draft.subject)[-1].action == "assessments.plan.discarded"
    assert entries(draft.subject)[-1].payload["digest"] == digest


CHANGES: list[Callable[[User, Plan], object]] = [
    lambda actor, plan: plan_update(actor=actor, plan=plan, **{**WISH, "seed": 9}),
    lambda actor, plan: plan_discard(actor=actor, plan=plan),
]


@pytest.mark.parametrize("change", CHANGES)
def test_sealed_plan_is_neither_changed_nor_discarded(admin: User, draft: Plan, change: Callable[[User, Plan], object]) -> None:
    sealed = plan_seal(actor=admin, plan=draft)
    with pytest.raises(InvalidState, match="make a new plan"):
        change(admin, draft)
    assert Plan.objects.get().digest == sealed.sealed_digest


@pytest.mark.parametrize("change", CHANGES)
def test_draft_that_somebody_discarded_meanwhile_is_a_conflict(admin: User, draft: Plan, change: Callable[[User, Plan], object]) -> None:
    stale = Plan.objects.get()
    plan_discard(actor=admin, plan=draft)
    with pytest.raises(Conflict, match="discarded in the meantime"):
        change(admin, stale)


@pytest.mark.parametrize("change", CHANGES)
def test_reader_and_stranger_may_do_neither(admin: User, draft: Plan, change: Callable[[User, Plan], object]) -> None:
    for actor in (factories.user(Role.AUDITOR, of=factories.home(admin)), factories.user()):
        with pytest.raises(NotAllowed):
            change(actor, draft)
    assert len(entries(draft.subject)) == 1


def test_plan_pins_the_texts_that_a_use_shows_and_no_others(admin: User, version: ModelVersion) -> None:
    uses = [
        PlanItem("linear_direction", {"concept": "axis_deception"}, key="read"),
        PlanItem("steering_validation", {"behaviour": "refusal"}, key="first"),
        PlanItem("steering_validation", {"behaviour": "axis_refusal"}, key="axis"),
    ]
    plan = plan_create(actor=admin, version=version, **{**WISH, "items": uses})
    pinned = [set(row["probe_sets"]) for row in plan.document["items"]]
    around = {"refusal_readout", "neutral_text", "prompt_wrappers"}
    assert pinned == [{"axis_deception"}, {"harmful_harmless", *around}, {"axis_refusal", *around}]
    with pytest.raises(Refused, match="unknown probe set 'honesty'"):
        plan_create(actor=admin, version=version, **{**WISH, "items": [PlanItem("linear_direction", {"concept": "honesty"})]})
