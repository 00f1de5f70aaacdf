"""A sealed plan as a file: what the vendor's side takes in, and each thing for which it refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Role, User
from assessments.models import Plan, ReceivedPlan
from assessments.reception.plan_words import differences
from assessments.services.handovers import plan_hand_over, plan_receive
from assessments.services.plans import plan_check_seal, plan_update
from assessments.services.runs import run_create
from assessments.services.steps import step_spec
from core.canonical import canonical_json
from core.errors import Conflict, IntegrityFailed, InvalidInput, InvalidState, NotAllowed
from evidence.models import LedgerEntry
from inventory.models import ModelVersion
from tests import factories
from tests.assessments import received as two
from tests.tiny_models import build_tiny

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny(tmp_path_factory.mktemp("handed"), "llama")


@pytest.fixture
def plan(admin: User, model: Path) -> Plan:
    return two.our_plan(admin, model)


@pytest.fixture
def package(admin: User, plan: Plan) -> bytes:
    return plan_hand_over(actor=admin, plan=plan)


@pytest.fixture
def vendor(admin: User, package: bytes) -> User:
    """Somebody at the vendor: another organisation of the same installation will do here."""
    return factories.user()


@pytest.fixture
def sold(vendor: User, model: Path) -> ModelVersion:
    return two.version_here(vendor, model, "Sold", "1.0")


def test_it_is_handed_over_once_in_the_log_however_often_it_is_asked_for(admin: User, plan: Plan, package: bytes) -> None:
    again = plan_hand_over(actor=admin, plan=plan)
    assert json.loads(again)["plan"] == json.loads(package)["plan"]
    entry = LedgerEntry.objects.get(action="assessments.plan.handed_over")
    assert entry.payload == {"digest": plan.sealed_digest, "vendor": str(plan.version.model.vendor_id)}


def test_a_draft_is_not_handed_over_nor_by_who_may_not_export(admin: User, plan: Plan) -> None:
    with pytest.raises(InvalidState, match="not sealed"):
        plan_hand_over(actor=admin, plan=factories.plan(admin, seal=False))
    with pytest.raises(NotAllowed):
        plan_hand_over(actor=factories.user(Role.APPROVER, of=factories.home(admin)), plan=plan)


def test_it_is_taken_in_under_the_same_digest_and_runs_on_the_weights_there(plan: Plan, package: bytes, vendor: User, sold: ModelVersion) -> None:
    taken = plan_receive(actor=vendor, data=package, version=sold)
    assert (taken.sealed_digest, taken.document) == (plan.sealed_digest, plan.document)
    plan_check_seal(taken)
    source = ReceivedPlan.objects.get()
    assert (source.their_plan, source.compared) == (plan.pk, False)
    spec = step_spec(run_create(actor=vendor, plan=taken).steps.get())
    assert (spec.subject.locator, spec.subject.weights_digest) == (sold.locator, plan.document["subject"]["weights_digest"])
    assert spec.subject.locator != plan.document["subject"]["locator"]


def test_twice_is_once_and_one_plan_has_one_version(package: bytes, vendor: User, sold: ModelVersion, model: Path) -> None:
    first = plan_receive(actor=vendor, data=package, version=sold)
    entries = LedgerEntry.objects.count()
    assert plan_receive(actor=vendor, data=package, version=sold) == first
    assert LedgerEntry.objects.count() == entries
    with pytest.raises(Conflict, match="taken in before"):
        plan_receive(actor=vendor, data=package, version=two.version_here(vendor, model, "Sold twice", "2"))


def test_a_received_plan_is_not_passed_on_nor_changed(package: bytes, vendor: User, sold: ModelVersion) -> None:
    taken = plan_receive(actor=vendor, data=package, version=sold)
    with pytest.raises(InvalidState, match="sealed it first"):
        plan_hand_over(actor=vendor, plan=taken)
    with pytest.raises(InvalidState, match="sealed"):
        plan_update(actor=vendor, plan=taken, title="x", claim="x", items=[], seed=1)


def changed(package: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    value = json.loads(package)
    change(value)
    return canonical_json(value)


def softer(value: dict[str, Any]) -> None:
    value["plan"]["items"][0]["thresholds"][0]["value"] = 0.1


def swapped(value: dict[str, Any]) -> None:
    value["seal"], value["handover"] = value["handover"], value["seal"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (softer, "not the one that was sealed"),
        (swapped, "not the one that was sealed"),
        (lambda value: value["trusted_root"]["statements"][0].update(valid_from="2020-01-01T00:00:00Z"), ""),
        (lambda value: value.update(extra=1), "not a plan package"),
        (lambda value: value.update(mediaType="application/json"), "not a plan package"),
        (lambda value: value["handover"]["dsseEnvelope"].update(payload="e30="), ""),
    ],
)
def test_a_changed_file_is_refused(package: bytes, vendor: User, sold: ModelVersion, change: Any, says: str, request: pytest.FixtureRequest) -> None:
    data = changed(package, change)
    if "valid_from" in json.dumps(json.loads(data)["trusted_root"]) and not says and json.loads(data)["handover"] == json.loads(package)["handover"]:
        # The day a key began binds nothing: what tells it is the fingerprint.
        with pytest.raises(InvalidInput, match="fingerprint"):
            plan_receive(actor=vendor, data=data, version=sold, fingerprint=two.fingerprint_of(package))
        return
    with pytest.raises(IntegrityFailed, match=says):
        plan_receive(actor=vendor, data=data, version=sold)
    assert not ReceivedPlan.objects.exists()


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"\xff", b"[" * 50_000, b'{"a":1}\n'])
def test_what_is_no_package_is_refused(vendor: User, sold: ModelVersion, data: bytes) -> None:
    with pytest.raises(IntegrityFailed, match="not a plan package"):
        plan_receive(actor=vendor, data=data, version=sold)


def test_other_weights_are_refused_with_both_digests(plan: Plan, package: bytes, vendor: User, tmp_path: Path) -> None:
    other = two.version_here(vendor, build_tiny(tmp_path / "other", "llama", seed=9), "Other", "1")
    with pytest.raises(InvalidInput) as error:
        plan_receive(actor=vendor, data=package, version=other)
    assert plan.document["subject"]["weights_digest"] in str(error.value)
    assert other.weights_digest in str(error.value)


def test_other_code_of_an_instrument_is_refused(package: bytes, vendor: User, sold: ModelVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assessments.services.handovers.source_digest", lambda slug: "00" * 32)
    with pytest.raises(InvalidInput, match="the code of known_circuits here is not what was sealed"):
        plan_receive(actor=vendor, data=package, version=sold)


def test_the_fingerprint_is_compared_when_it_is_given(package: bytes, vendor: User, sold: ModelVersion) -> None:
    with pytest.raises(InvalidInput, match="not the one given"):
        plan_receive(actor=vendor, data=package, version=sold, fingerprint="ab" * 32)
    plan_receive(actor=vendor, data=package, version=sold, fingerprint=two.fingerprint_of(package).upper())
    assert ReceivedPlan.objects.get().compared


ITEM = {**factories.item("one"), "params": {"prompts": 48}}
PLAN = {"title": "T", "seed": 3, "split": {"exploration": 0.5, "by": "family"}, "items": [ITEM]}


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (PLAN, []),
        ({**PLAN, "seed": 4}, ["the seed: “3” was sealed, the case has “4”"]),
        ({**PLAN, "items": []}, ["1 steps were sealed, the case has 0"]),
        ({**PLAN, "items": [{**ITEM, "params": {"prompts": 8}}]}, ["step “one”, the parameter prompts: “48” was sealed, the case has “8”"]),
        ({**PLAN, "items": [{**ITEM, "probe_sets": {}}]}, [f"step “one”, the texts of probe set ioi: “{'11' * 32}” was sealed, the case has “nothing”"]),
        ({**PLAN, "items": [{**ITEM, "thresholds": []}]}, ["step “one”, 1 limits were sealed, the case has 0"]),
        (
            {**PLAN, "items": [{**ITEM, "thresholds": [{"metric": "effect", "op": ">=", "value": 0.5}]}]},
            ["step “one”, the limit on effect: “effect >= 1.0” was sealed, the case has “effect >= 0.5”"],
        ),
        ({**PLAN, "split": {"exploration": 0.9, "by": "family"}}, ["the split of the texts, exploration: “0.5” was sealed, the case has “0.9”"]),
        ({**PLAN, "runs_at": "vendor"}, ["who runs it: “nothing” was sealed, the case has “vendor”"]),
    ],
)
def test_differences_are_named_in_words(found: dict[str, Any], says: list[str]) -> None:
    assert differences(PLAN, found) == says
