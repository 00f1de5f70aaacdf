"""The outbox: every entry that matters becomes one event and one delivery for each listener, whatever dies in between."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from core import clock
from core.errors import NotAllowed
from evidence.models import LedgerEntry, LogHead
from inventory.services import vendor_update, vendors_import
from questionnaires.services.answering import answer_write
from questionnaires.services.requests import request_withdraw
from questionnaires.services.reviews import answer_judge, answer_reopen, review_close
from questionnaires.services.submitting import answers_submit
from tests import factories
from tests.decisions.test_clearance import MUST, decided, vendor, version  # noqa: F401 - fixtures
from tests.questionnaires import review_rows
from tests.webhooks.conftest import Hands
from webhooks.events import BY_ACTION, TYPES
from webhooks.models import Delivery, Event, KnownClearance, Outbox, Subscription
from webhooks.services import (
    clearances_compare,
    clocks_compare,
    events_collect,
    events_prune,
    outbox,
    subscription_change,
    subscription_create,
    subscription_disable,
    subscription_end,
)

pytestmark = pytest.mark.django_db
Hook = Callable[..., Subscription]


def bodies(kind: str) -> list[dict[str, Any]]:
    return [json.loads(row.body)["data"] for row in Event.objects.filter(type=kind).order_by("created_at")]


def test_change_becomes_one_thin_event_for_each_listener(admin: User, robot: User, hook: Hook, settings: Any) -> None:
    settings.ASSAY_PUBLIC_ADDRESS = "https://assay.example.org"
    hook("vendor.changed", "vendor.registered")
    hook("vendor.changed", name="Second")
    hook("run.finished", name="Third")
    seller = factories.vendor(admin, name="Secret Models", contact="Ann Example")
    vendor_update(actor=admin, vendor=seller, changes={"contact": "Bea Example", "website": "https://example.org"})
    assert events_collect(actor=robot) == 2
    event = Event.objects.get(type="vendor.changed")
    entry = LedgerEntry.objects.get(action="inventory.vendor.changed")
    assert json.loads(event.body) == {
        "type": "vendor.changed",
        "timestamp": clock.iso(entry.at),
        "data": {
            "object": "vendor", "id": str(seller.pk), "url": f"https://assay.example.org/api/v1/vendors/{seller.pk}",
            "changed": ["contact", "website"], "log_index": entry.index,
        },
    }  # fmt: skip
    assert sorted(event.deliveries.values_list("subscription__name", flat=True)) == ["Procurement", "Second"]
    for private in ("Example", "Secret"):
        assert private not in "".join(Event.objects.values_list("body", flat=True))


def test_reading_twice_makes_nothing_twice(admin: User, robot: User, hook: Hook) -> None:
    hook("vendor.registered")
    factories.vendor(admin)
    assert (events_collect(actor=robot), events_collect(actor=robot)) == (1, 0)
    Outbox.objects.update(cursor=0)
    assert events_collect(actor=robot) == 0, "a cursor put back by a restore does not tell everything again"
    assert Delivery.objects.count() == 1


def test_reader_that_dies_loses_nothing(admin: User, robot: User, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    hook("vendor.registered")
    factories.vendor(admin)
    before = Outbox.objects.get().cursor

    def die(*_: object) -> int:
        Event.objects.bulk_create([])
        raise KeyboardInterrupt

    monkeypatch.setattr(outbox, "events_add", die)
    with pytest.raises(KeyboardInterrupt):
        events_collect(actor=robot)
    assert Outbox.objects.get().cursor == before
    monkeypatch.undo()
    assert events_collect(actor=robot) == 1


def test_long_log_is_read_in_batches_to_its_end(admin: User, robot: User, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "BATCH", 3)
    hook("vendor.registered")
    vendors_import(actor=admin, organisation=factories.home(admin), rows=[{"name": f"V{n}", "access": "text"} for n in range(10)])
    assert events_collect(actor=robot) == 10
    assert Outbox.objects.get().cursor == LogHead.objects.get().size


def test_nobody_hears_of_what_was_before_they_asked(admin: User, robot: User, hook: Hook) -> None:
    hook("vendor.registered")
    factories.vendor(admin)
    hook("vendor.registered", name="Late")
    events_collect(actor=robot)
    assert list(Delivery.objects.values_list("subscription__name", flat=True)) == ["Procurement"]


def test_disabled_hears_nothing_but_the_event_is_kept_for_a_replay(admin: User, robot: User, hook: Hook) -> None:
    subscription_disable(actor=admin, subscription=hook("vendor.registered"))
    factories.vendor(admin)
    assert events_collect(actor=robot) == 1
    assert not Delivery.objects.exists()


def test_ended_keeps_nothing(admin: User, robot: User, hook: Hook) -> None:
    subscription_end(actor=admin, subscription=hook("vendor.registered"))
    factories.vendor(admin)
    assert events_collect(actor=robot) == 0


def test_another_organisation_hears_nothing_of_ours(admin: User, robot: User, hook: Hook, receiver: Any) -> None:
    hook("vendor.registered")
    other = factories.user()
    subscription_create(actor=other, organisation=factories.home(other), name="Theirs", url=receiver.url, events=["vendor.registered"])
    factories.vendor(admin)
    events_collect(actor=robot)
    assert list(Delivery.objects.values_list("subscription__name", flat=True)) == ["Procurement"]


def test_without_listeners_the_log_is_not_read(admin: User, robot: User) -> None:
    factories.vendor(admin)
    assert events_collect(actor=robot) == 0
    assert not Outbox.objects.exists()


def test_only_the_worker_collects(admin: User) -> None:
    for work in (events_collect, clearances_compare, clocks_compare, events_prune):
        with pytest.raises(NotAllowed):
            work(actor=admin)


def test_run_and_finding_come_out_with_run_and_digest(admin: User, robot: User, hook: Hook) -> None:
    factories.catalogue(admin)
    hook("run.finished", "finding.recorded")
    run = factories.finished_run(admin)
    events_collect(actor=robot)
    assert bodies("run.finished")[0]["id"] == str(run.pk)
    assert bodies("run.finished")[0]["state"] == "done"
    (finding,) = bodies("finding.recorded")
    assert (finding["run"], len(finding["artifact_sha256"])) == (str(run.pk), 64)


def test_every_action_of_the_list_is_of_one_type() -> None:
    actions = [action for row in TYPES.values() for action in row.actions]
    assert len(actions) == len(set(actions)) == len(BY_ACTION)


def test_clearance_that_differs_is_told_once(admin: User, robot: User, hook: Hook, vendor: Any, version: Any) -> None:  # noqa: F811
    hook("clearance.changed", "decision.decided")
    assert clearances_compare(actor=robot) == 0
    row = decided(admin, version)
    assert (events_collect(actor=robot), clearances_compare(actor=robot), clearances_compare(actor=robot)) == (1, 1, 0)
    (told,) = bodies("clearance.changed")
    assert (told["id"], told["before"], told["decision"]) == (str(vendor.pk), "undecided", "cleared")
    assert told["url"].endswith(f"/api/v1/vendors/{vendor.pk}/clearance")
    assert "decision" in told["changed"]
    assert bodies("decision.decided")[0] | {"log_index": 0} == {
        "object": "decision", "id": str(row.pk), "url": f"/api/v1/decisions/{row.pk}", "changed": [], "log_index": 0, "state": "approved", "outcome": "go",
    }  # fmt: skip


def test_decision_overtaken_by_the_record_is_told_once_and_again_after_it_stood(admin: User, robot: User, hook: Hook, version: Any) -> None:  # noqa: F811
    hook("clearance.changed", "decision.voided")
    row = decided(admin, version)
    clearances_compare(actor=robot)
    severe = factories.incident(admin, severity="critical", versions=[version])
    assert clearances_compare(actor=robot) == 2
    assert bodies("decision.voided") == [
        {"object": "decision", "id": str(row.pk), "url": f"/api/v1/decisions/{row.pk}", "approved_digest": row.digest},
    ]
    factories.incident(admin, severity="critical", versions=[version])
    clearances_compare(actor=robot)
    assert len(bodies("decision.voided")) == 1
    assert bodies("clearance.changed")[1]["decision"] == "not_cleared"
    assert severe.reference not in "".join(Event.objects.values_list("body", flat=True))


def test_end_of_a_waiver_is_told_although_nothing_was_entered(admin: User, robot: User, hook: Hook, hands: Hands, version: Any) -> None:  # noqa: F811
    hook("clearance.changed")
    decided(admin, version, [{"key": "c1", "kind": "rollback_drill", "value": 30, "required": False}, *[{**MUST[0], "key": "c2"}]][1:])
    clearances_compare(actor=robot)
    assert clearances_compare(actor=robot) == 0
    size = LogHead.objects.get().size
    KnownClearance.objects.update(digest="0" * 64, word="cleared_with_conditions")
    assert clearances_compare(actor=robot) == 0, "nothing was entered and no day began"
    hands.forward(days=1)
    assert clearances_compare(actor=robot) == 1
    assert LogHead.objects.get().size == size


def test_vendor_registered_and_decided_between_two_looks_is_told(admin: User, robot: User, hook: Hook) -> None:
    hook("clearance.changed")
    clearances_compare(actor=robot)
    decided(admin, factories.version(admin))
    assert clearances_compare(actor=robot) == 1


def test_comparison_that_dies_is_made_again(admin: User, robot: User, hook: Hook, version: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    hook("clearance.changed")
    decided(admin, version)

    def die(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("webhooks.services.comparing._told", die)
    with pytest.raises(KeyboardInterrupt):
        clearances_compare(actor=robot)
    monkeypatch.undo()
    assert clearances_compare(actor=robot) == 1


def test_listener_who_joins_later_does_not_swallow_what_others_wait_for(admin: User, robot: User, hook: Hook, version: Any) -> None:  # noqa: F811
    hook("clearance.changed")
    decided(admin, version)
    second = hook("vendor.changed", name="Second")
    subscription_change(actor=admin, subscription=second, changes={"events": ["clearance.changed"]})
    assert clearances_compare(actor=robot) == 1
    assert Delivery.objects.count() == 2


def test_clock_near_its_end_is_told_once_a_lead(admin: User, robot: User, hook: Hook, hands: Hands) -> None:
    hook("incident.clock_due")
    incident = factories.incident(admin)
    factories.incident_fact(admin, incident)
    assert clocks_compare(actor=robot) == 0
    hands.forward(hours=60)
    assert (clocks_compare(actor=robot), clocks_compare(actor=robot)) == (1, 0)
    (told,) = bodies("incident.clock_due")
    assert (told["id"], told["clock"], told["overdue"]) == (str(incident.pk), "gdpr-33-initial", False)
    hands.forward(hours=13)
    assert clocks_compare(actor=robot) == 1
    assert bodies("incident.clock_due")[-1]["overdue"]


def test_events_are_forgotten_after_ninety_days(admin: User, robot: User, hook: Hook, hands: Hands) -> None:
    hook("vendor.registered")
    factories.vendor(admin)
    events_collect(actor=robot)
    hands.forward(days=89)
    assert events_prune(actor=robot) == 0
    hands.forward(days=2)
    assert events_prune(actor=robot) == 1
    assert not Delivery.objects.exists()
    assert timedelta(days=90) == outbox.KEPT


def test_every_event_of_a_questionnaire_comes_from_an_entry_and_leads_to_it(admin: User, robot: User, hook: Hook) -> None:
    hook(*(name for name in TYPES if name.startswith("questionnaire.")))
    row = factories.questionnaire_request(admin)
    invitation, _ = factories.questionnaire_invitation(admin, row)
    for key, value in {"level": "weights", "contacts": [{"role": "Desk", "minutes": 5}], "card": {"declined": "Secret Models says no."}}.items():
        answer_write(actor=robot, invitation=invitation, question=key, raw=value, seen=0)
    answers_submit(actor=robot, invitation=invitation)
    for answer in row.answers.exclude(value=None):
        answer_judge(actor=admin, answer=answer, verdict="rejected", reason="Not so.", revision=answer.revision)
    review_close(actor=admin, request=row)
    answer_reopen(actor=admin, request=row, question="level", reason="Look again.")
    request_withdraw(actor=admin, request=row, reason="Not needed.")
    assert events_collect(actor=robot) == 5
    told = [(found.type, json.loads(found.body)["data"]) for found in Event.objects.order_by("entry")]
    assert [kind.partition(".")[2] for kind, _ in told] == ["sent", "submitted", "reviewed", "reopened", "withdrawn"]
    for _, data in told:
        assert (data["object"], data["id"], data["url"]) == ("questionnaire", str(row.pk), f"/api/v1/questionnaires/{row.pk}")
    assert "Secret" not in "".join(Event.objects.values_list("body", flat=True))


def test_events_of_questionnaires_are_for_those_who_may_read_answers() -> None:
    assert {row.verb for name, row in TYPES.items() if name.startswith("questionnaire.")} == {"questionnaires.read"}


def test_closed_review_and_opened_answer_change_the_clearance_that_is_told(admin: User, robot: User, hook: Hook, vendor: Any, version: Any) -> None:  # noqa: F811
    decided(admin, version)
    hook("clearance.changed")
    row = review_rows.request(admin, vendor=vendor)
    for answer in row.answers.all():
        answer_judge(actor=admin, answer=answer, verdict="rejected", reason="Not so.", revision=answer.revision)
    assert clearances_compare(actor=robot) == 0, "a verdict in a review that is not closed changes nothing"
    review_close(actor=admin, request=row)
    assert clearances_compare(actor=robot) == 1
    answer_reopen(actor=admin, request=row, question="headline", reason="Look again.")
    assert clearances_compare(actor=robot) == 1
    assert [(told["before"], told["decision"]) for told in bodies("clearance.changed")] == [("cleared", "not_cleared"), ("not_cleared", "undecided")]


def test_vendor_without_a_model_is_told_of_once_its_answers_are_rejected(admin: User, robot: User, hook: Hook) -> None:
    hook("clearance.changed")
    clearances_compare(actor=robot)
    row = review_rows.reviewed(admin)
    row.answers.filter(question="headline").update(verdict="rejected")
    assert clearances_compare(actor=robot) == 1
    assert [told["decision"] for told in bodies("clearance.changed")] == ["not_cleared"]
