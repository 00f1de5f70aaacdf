"""Clearance: the least over what was decided, held against the record; it says why, until when and on which evidence."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role, User
from core import clock
from decisions.basis import basis_of
from decisions.clearance import Clearance, clearance_of, clearances_of, vendors_visible
from decisions.clearance_words import REASONS, WORDS, Word, worst_of
from decisions.gate_models import Decision
from decisions.services import approval_give, approval_refuse, decision_withdraw, task_add, task_finish, version_roll_back, waiver_write
from inventory.models import ModelVersion, Vendor
from inventory.services import deployment_register, version_transition
from tests import factories

pytestmark = pytest.mark.django_db
MUST: list[dict[str, Any]] = [{"key": "c1", "kind": "incidents", "severity": "critical"}]
ADVISED: list[dict[str, Any]] = [*MUST, {"key": "c2", "kind": "questionnaire", "name": "Due diligence", "required": False}]


def decided(admin: User, version: ModelVersion | None = None, conditions: Any = None, step: str = "approve_version", **fields: Any) -> Decision:
    """An approved decision by two people who had no hand in each other's work."""
    writer = factories.user(Role.GOVERNANCE, of=factories.home(admin))
    policy = factories.gate_policy(writer, MUST if conditions is None else conditions, step=step)
    subject = fields if fields else {"version": version}
    row = factories.decision(admin, policy, **subject)
    if conditions is ADVISED:
        task_add(actor=admin, decision=row, text="Look at the letters each week.", owner=admin, due_on=clock.now().date() + timedelta(days=5))
    return approved(admin, row)


def approved(admin: User, row: Decision) -> Decision:
    approver = factories.user(Role.APPROVER, of=factories.home(admin))
    approval_give(actor=approver, decision=row, digest=basis_of(row).digest)
    row.refresh_from_db()
    assert row.state == "approved"
    return row


def rejected(admin: User, row: Decision) -> None:
    approver = factories.user(Role.APPROVER, of=factories.home(admin))
    approval_refuse(actor=approver, decision=row, digest=basis_of(row).digest, reason="Too wide.")


def codes(found: Clearance) -> list[str]:
    return [str(row["code"]) for row in found.document["reasons"]]


@pytest.fixture
def version(admin: User) -> ModelVersion:
    return factories.version(admin)


@pytest.fixture
def vendor(version: ModelVersion) -> Vendor:
    return version.model.vendor


def test_vendor_without_a_version_is_undecided(admin: User) -> None:
    found = clearance_of(factories.vendor(admin))
    assert (found.word, codes(found), found.document["lines"]) == (Word.UNDECIDED, ["nothing_registered"], [])


def test_version_nobody_decided_on_is_undecided(vendor: Vendor) -> None:
    found = clearance_of(vendor)
    assert (found.word, codes(found)) == (Word.UNDECIDED, ["no_decision"])


def test_request_alone_is_undecided_and_says_that_it_waits(admin: User, vendor: Vendor, version: ModelVersion) -> None:
    row = factories.decision(admin, version=version)
    found = clearance_of(vendor)
    assert (found.word, codes(found)) == (Word.UNDECIDED, ["waiting"])
    decision_withdraw(actor=admin, decision=row, reason="Not needed.")
    assert codes(clearance_of(vendor)) == ["no_decision"]


def test_approved_is_cleared_with_decision_and_digest_as_evidence(admin: User, vendor: Vendor, version: ModelVersion) -> None:
    row = decided(admin, version)
    document = clearance_of(vendor).document
    assert (document["decision"], document["uniform"], document["valid_until"], document["conditions"]) == ("cleared", True, None, [])
    assert document["evidence"] == [{"kind": "decision", "id": str(row.pk), "sha256": row.digest, "log_index": row.attestation.entry.index}]
    assert document["reasons"][0]["purpose"] == "To sort letters."
    assert document["lines"][0]["id"] == str(version.pk)


def test_request_that_waits_takes_nothing_from_what_was_decided(admin: User, vendor: Vendor, version: ModelVersion) -> None:
    row = decided(admin, version)
    factories.decision(admin, row.policy.policy, version=version, purpose="Also at night.")
    found = clearance_of(vendor)
    assert found.word == Word.CLEARED
    assert set(codes(found)) == {"approved", "waiting"}


def test_newest_word_on_a_step_counts(admin: User, vendor: Vendor, version: ModelVersion) -> None:
    row = decided(admin, version)
    rejected(admin, factories.decision(admin, row.policy.policy, version=version, purpose="For everything."))
    found = clearance_of(vendor)
    assert (found.word, codes(found)) == (Word.NOT_CLEARED, ["rejected"])
    approved(admin, factories.decision(admin, row.policy.policy, version=version))
    assert clearance_of(vendor).word == Word.CLEARED


def test_another_step_rejected_is_not_cleared(admin: User, vendor: Vendor, version: ModelVersion) -> None:
    decided(admin, version)
    writer = factories.user(Role.GOVERNANCE, of=factories.home(admin))
    rejected(admin, factories.decision(admin, factories.gate_policy(writer, MUST, step="deploy"), version=version))
    assert clearance_of(vendor).word == Word.NOT_CLEARED


def test_approval_overtaken_by_the_record_no_longer_clears(admin: User, vendor: Vendor, version: ModelVersion) -> None:
    decided(admin, version)
    factories.incident(admin, severity="critical", versions=[version])
    found = clearance_of(vendor)
    assert (found.word, codes(found)) == (Word.NOT_CLEARED, ["overtaken"])
    assert found.document["evidence"] == [], "what rests on nothing any more cites nothing"


def test_conditions_are_named_with_their_day_and_whether_they_are_done(admin: User, vendor: Vendor, version: ModelVersion, monkeypatch: Any) -> None:
    row = decided(admin, version, ADVISED)
    found = clearance_of(vendor)
    assert found.word == Word.WITH_CONDITIONS
    task, advisory = found.document["conditions"]
    assert (task["kind"], task["done"], task["overdue"]) == ("task", False, False)
    assert advisory["kind"] == "advisory"
    later = clock.now() + timedelta(days=6)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert clearance_of(vendor).document["conditions"][0]["overdue"]
    monkeypatch.undo()
    task_finish(actor=admin, task=row.tasks.get(), note="Looked.")
    assert clearance_of(vendor).document["conditions"][0]["done"]


def test_waiver_gives_the_last_day_and_its_end_ends_the_clearance(admin: User, vendor: Vendor, version: ModelVersion, monkeypatch: Any) -> None:
    factories.incident(admin, severity="critical", versions=[version])
    home = factories.home(admin)
    writer = factories.user(Role.GOVERNANCE, of=home)
    row = factories.decision(admin, factories.gate_policy(writer, MUST), version=version)
    last = clock.now().date() + timedelta(days=30)
    waiver_write(actor=writer, decision=row, condition="c1", owner=admin, reason="The cause is known.", expires_on=last)
    task_add(actor=admin, decision=row, text="Watch it.", owner=admin, due_on=last)
    approved(admin, row)
    found = clearance_of(vendor)
    assert (found.word, found.valid_until) == (Word.WITH_CONDITIONS, last)
    assert ("waiver", last.isoformat()) in {(row["kind"], row["until"]) for row in found.document["conditions"]}
    on = {"last day": clock.now() + timedelta(days=30), "day after": clock.now() + timedelta(days=31)}
    monkeypatch.setattr(clock, "now", lambda: on["last day"])
    assert clearance_of(vendor).word == Word.WITH_CONDITIONS
    monkeypatch.setattr(clock, "now", lambda: on["day after"])
    assert (clearance_of(vendor).word, clearance_of(vendor).valid_until) == (Word.NOT_CLEARED, None)


def test_drill_gives_a_last_day(admin: User, vendor: Vendor, version: ModelVersion) -> None:
    factories.drill(factories.user(Role.GOVERNANCE, of=factories.home(admin)), version, days=10)
    other = ModelVersion.objects.exclude(pk=version.pk).get()
    decided(admin, version, [{"key": "c1", "kind": "rollback_drill", "value": 90}])
    found = clearance_of(vendor, only=version.pk)
    assert found.valid_until == clock.now().date() + timedelta(days=80)
    assert found.word == Word.CLEARED
    assert clearance_of(vendor, only=other.pk).word == Word.UNDECIDED


def test_whole_vendor_is_as_good_as_its_least_version(admin: User, vendor: Vendor, version: ModelVersion) -> None:
    decided(admin, version)
    other = factories.version(admin, model=version.model)
    found = clearance_of(vendor)
    assert (found.word, found.document["uniform"]) == (Word.UNDECIDED, False)
    assert {row["id"]: row["decision"] for row in found.document["lines"]} == {str(version.pk): "cleared", str(other.pk): "undecided"}
    assert clearance_of(vendor, only=version.pk).word == Word.CLEARED
    version_transition(actor=admin, version=other, lifecycle="retired", reason="Never used.")
    assert clearance_of(vendor).word == Word.CLEARED, "what is retired is not asked about any more"


def test_rolled_back_version_is_not_cleared(admin: User, vendor: Vendor, version: ModelVersion) -> None:
    other = factories.version(admin, model=version.model)
    ModelVersion.objects.update(lifecycle="approved")
    decided(admin, version)
    decided(admin, other)
    version_roll_back(actor=admin, version=version, returns_to=other, reason="It drifted.")
    assert clearance_of(vendor, only=version.pk).word == Word.NOT_CLEARED
    assert clearance_of(vendor, only=other.pk).word == Word.CLEARED


def test_decision_on_a_system_speaks_for_versions_at_work_in_it(admin: User, vendor: Vendor, version: ModelVersion) -> None:
    system = factories.system(admin)
    deployment_register(actor=admin, system=system, version=version, environment="production")
    assert [row["kind"] for row in clearance_of(vendor).document["lines"]] == ["version"]
    decided(admin, step="deploy", system=system)
    found = clearance_of(vendor)
    assert ([row["kind"] for row in found.document["lines"]], found.word) == (["system"], Word.CLEARED)
    assert clearance_of(vendor, only=version.pk).word == Word.CLEARED, "by the system it works in"
    deployment_register(actor=admin, system=factories.system(admin), version=version, environment="production")
    assert clearance_of(vendor).word == Word.UNDECIDED, "another use was decided by nobody"


def test_key_of_another_vendor_finds_nothing(admin: User, vendor: Vendor) -> None:
    assert codes(clearance_of(vendor, only=factories.version(admin).pk)) == ["nothing_registered"]


def test_digest_follows_the_content_and_not_the_hour(admin: User, vendor: Vendor, version: ModelVersion, monkeypatch: Any) -> None:
    before = clearance_of(vendor).digest
    noon = clock.now() + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: noon)
    assert clearance_of(vendor).digest == before
    monkeypatch.undo()
    decided(admin, version)
    assert clearance_of(vendor).digest != before


def test_queries_do_not_grow_with_the_vendors(admin: User) -> None:
    def cost(vendors: list[Vendor]) -> int:
        with CaptureQueriesContext(connection) as taken:
            clearances_of(vendors)
        return len(taken)

    versions = [factories.version(admin) for _ in range(4)]
    for row in versions:
        decided(admin, row)
    vendors = [row.model.vendor for row in versions]
    assert cost(vendors) == cost(vendors[:1])
    assert cost(vendors) <= 14


def test_only_those_with_the_verb_know_of_vendors(admin: User, vendor: Vendor) -> None:
    home = factories.home(admin)
    seen = {role: vendors_visible(factories.user(role, of=home)).filter(pk=vendor.pk).exists() for role in Role.values}
    assert {role for role, known in seen.items() if not known} == {Role.VENDOR, Role.WORKER}
    assert not vendors_visible(factories.user()).exists()


def test_every_word_and_reason_is_ordered_and_named() -> None:
    assert set(WORDS) == set(Word)
    assert set(REASONS.values()) <= set(Word)
    assert worst_of([Word.CLEARED, Word.WITH_CONDITIONS, Word.UNDECIDED, Word.NOT_CLEARED]) == Word.NOT_CLEARED
    assert worst_of([]) == Word.CLEARED
