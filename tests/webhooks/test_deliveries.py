"""Deliveries to a real receiver: signed, tried again by schedule, given up in the end, replayed, and never lost with a worker."""

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from celery import Celery

from accounts.models import Role, User
from core import clock
from core.errors import InvalidInput, InvalidState, NotAllowed
from evidence.models import LedgerEntry
from tests import factories
from tests.webhooks.conftest import Hands
from tests.webhooks.receiver import Receiver
from webhooks import tasks
from webhooks.models import Delivery, Subscription
from webhooks.services import (
    deliveries,
    deliveries_due,
    deliveries_replay,
    delivery_claim,
    delivery_finish,
    delivery_replay,
    delivery_send,
    events_collect,
    example_send,
    secret_rotate,
    subscription_create,
    subscription_disable,
    subscription_enable,
    subscription_end,
)

pytestmark = pytest.mark.django_db
Hook = Callable[..., Subscription]
DOWN = [(503, {}, b"away")]


@pytest.fixture
def waiting(admin: User, robot: User, hook: Hook) -> Delivery:
    """A delivery that nobody has tried."""
    hook("vendor.registered")
    factories.vendor(admin)
    events_collect(actor=robot)
    return Delivery.objects.select_related("subscription", "event").get()


def round_of(robot: User) -> list[str]:
    """What a beat and its workers do."""
    return [tasks.deliver(str(key)) for key in deliveries_due(actor=robot)]


def signed_with(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """As a receiver checks it, from the convention's words alone."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    made = base64.b64encode(hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()).decode()
    return f"v1,{made}" in headers["webhook-signature"].split()


def test_event_arrives_signed(admin: User, robot: User, hook: Hook, receiver: Receiver) -> None:
    row = hook("vendor.registered")
    factories.vendor(admin)
    events_collect(actor=robot)
    assert round_of(robot) == ["delivered"]
    ((headers, body),) = receiver.taken
    delivery = Delivery.objects.get()
    assert signed_with(row.secret, headers, body)  # type: ignore[attr-defined]
    assert (headers["webhook-id"], headers["content-type"]) == (delivery.event.message_id, "application/json")
    assert abs(int(headers["webhook-timestamp"]) - clock.now().timestamp()) < 60
    assert json.loads(body)["type"] == "vendor.registered"
    assert (delivery.state, delivery.attempts_made, delivery.attempts.get().status) == ("delivered", 1, 204)
    assert round_of(robot) == []


def test_schedule_is_kept_with_jitter_and_ends(robot: User, waiting: Delivery, receiver: Receiver, hands: Hands) -> None:
    hands.forward(seconds=1)
    receiver.answers = list(DOWN)
    waits = []
    for number in range(1, 11):
        assert round_of(robot) == ["waiting" if number < 10 else "given_up"]
        waiting.refresh_from_db()
        if waiting.next_at is not None:
            waits.append((waiting.next_at - hands.at).total_seconds())
            hands.at = waiting.next_at - timedelta(seconds=1)
            assert round_of(robot) == [], "not before its time"
            hands.at = waiting.next_at
    assert all(0.8 * planned <= wait <= 1.2 * planned for planned, wait in zip(deliveries.DELAYS, waits, strict=True))
    assert waits != [float(planned) for planned in deliveries.DELAYS]
    assert (waiting.attempts_made, waiting.attempts.count(), len(receiver.taken)) == (10, 10, 10)
    assert len({headers["webhook-id"] for headers, _ in receiver.taken}) == 1
    assert {row.excerpt for row in waiting.attempts.all()} == {"away"}
    webhook = Subscription.objects.get()
    assert (webhook.state, webhook.told) == ("disabled", "Disabled: nothing arrived for days.")
    entry = LedgerEntry.objects.get(action="webhooks.subscription.disabled")
    assert (entry.payload, entry.subject) == ({"by": "failure"}, webhook.subject)


def test_webhook_fails_and_recovers(robot: User, waiting: Delivery, receiver: Receiver, hands: Hands) -> None:
    receiver.answers = [(500, {}, b""), (200, {}, b"ok")]
    hands.forward(seconds=1)
    round_of(robot)
    webhook = Subscription.objects.get()
    assert (webhook.state, webhook.failing_since, webhook.told) == ("failing", hands.at, "The receiver answered 500.")
    hands.forward(seconds=10)
    assert round_of(robot) == ["delivered"]
    webhook.refresh_from_db()
    assert (webhook.state, webhook.failing_since, webhook.told) == ("active", None, "")


def test_one_given_up_does_not_disable_a_webhook_to_which_others_arrived(admin: User, robot: User, waiting: Delivery, receiver: Receiver, hands: Hands) -> None:
    Delivery.objects.update(attempts_made=9)
    hands.forward(hours=1)
    factories.vendor(admin)
    events_collect(actor=robot)
    other = Delivery.objects.exclude(pk=waiting.pk).get()
    assert tasks.deliver(str(other.pk)) == "delivered"
    receiver.answers = list(DOWN)
    assert tasks.deliver(str(waiting.pk)) == "given_up"
    assert Subscription.objects.get().state == "failing"


def test_receiver_says_when_to_come_again(robot: User, waiting: Delivery, receiver: Receiver, hands: Hands) -> None:
    receiver.answers = [(429, {"Retry-After": "600"}, b"")]
    hands.forward(seconds=1)
    round_of(robot)
    waiting.refresh_from_db()
    assert waiting.next_at == hands.at + timedelta(seconds=600)


def test_gone_disables_at_once(robot: User, waiting: Delivery, receiver: Receiver) -> None:
    receiver.answers = [(410, {}, b"")]
    assert round_of(robot) == ["given_up"]
    assert (Subscription.objects.get().state, Delivery.objects.get().attempts_made) == ("disabled", 1)


def test_worker_killed_in_the_middle_loses_nothing(robot: User, waiting: Delivery, receiver: Receiver, hands: Hands) -> None:
    hands.forward(seconds=1)
    taken = delivery_claim(actor=robot, delivery_id=waiting.pk)
    assert taken is not None
    delivery_send(taken)  # and then it dies before it can note that
    hands.forward(seconds=59)
    assert round_of(robot) == []
    assert tasks.deliver(str(waiting.pk)) == "not free"
    hands.forward(seconds=2)
    assert round_of(robot) == ["delivered"]
    assert [headers["webhook-id"] for headers, _ in receiver.taken] == [waiting.event.message_id] * 2
    assert "worker" in waiting.attempts.get(number=1).error


def test_worker_thought_dead_does_not_undo_what_the_next_one_did(robot: User, waiting: Delivery, receiver: Receiver, hands: Hands) -> None:
    hands.forward(seconds=1)
    slow = delivery_claim(actor=robot, delivery_id=waiting.pk)
    assert slow is not None
    hands.forward(seconds=61)
    assert round_of(robot) == ["delivered"]
    receiver.answers = list(DOWN)
    assert delivery_finish(actor=robot, delivery=slow, answer=delivery_send(slow)).state == "delivered"
    assert Subscription.objects.get().state == "active"


def test_two_workers_do_not_send_the_same(robot: User, waiting: Delivery) -> None:
    assert delivery_claim(actor=robot, delivery_id=waiting.pk) is not None
    assert delivery_claim(actor=robot, delivery_id=waiting.pk) is None
    assert delivery_claim(actor=robot, delivery_id=uuid.uuid4()) is None


def test_bell_is_rung_once_a_minute_for_what_waits(robot: User, waiting: Delivery, hands: Hands) -> None:
    hands.forward(seconds=1)
    assert deliveries_due(actor=robot) == [waiting.pk]
    assert deliveries_due(actor=robot) == []
    hands.forward(seconds=61)
    assert deliveries_due(actor=robot) == [waiting.pk]


def test_beat_collects_and_rings_and_a_broker_that_is_away_loses_nothing(admin: User, hook: Hook, monkeypatch: pytest.MonkeyPatch, hands: Hands) -> None:
    hook("vendor.registered", "clearance.changed", "incident.clock_due")
    factories.vendor(admin)
    hands.forward(seconds=1)
    broken = Celery("test", broker="redis+socket:///nonexistent.sock", set_as_current=False)
    monkeypatch.setattr(tasks, "current_app", broken)
    assert tasks.collect() == 0
    hands.forward(seconds=61)
    monkeypatch.setattr(tasks, "current_app", Celery("test", broker="memory://", set_as_current=False))
    assert tasks.collect() == 1


def test_former_secret_signs_too_until_the_overlap_ends(admin: User, robot: User, hook: Hook, receiver: Receiver, hands: Hands) -> None:
    row = hook("vendor.registered")
    former = row.secret  # type: ignore[attr-defined]
    _, fresh = secret_rotate(actor=admin, subscription=row, overlap_hours=24)
    for wanted, hours in ((True, 23), (False, 2)):
        hands.forward(hours=hours)
        example_send(actor=admin, subscription=row)
        round_of(robot)
        headers, body = receiver.taken[-1]
        assert signed_with(fresh, headers, body)
        assert signed_with(former, headers, body) is wanted
    _, leaked_no_more = secret_rotate(actor=admin, subscription=row, overlap_hours=0)
    example_send(actor=admin, subscription=row)
    round_of(robot)
    assert not signed_with(fresh, *receiver.taken[-1])
    assert signed_with(leaked_no_more, *receiver.taken[-1])
    assert fresh not in "".join(LedgerEntry.objects.values_list("leaf", flat=True))


def test_secret_of_another_installation_is_told_and_not_sent(robot: User, waiting: Delivery, receiver: Receiver, settings: Any) -> None:
    settings.SECRET_KEY = "another key altogether, as long as one is"
    assert round_of(robot) == ["waiting"]
    assert receiver.taken == []
    assert "rotate the secret" in waiting.attempts.get().error


def test_replay_of_one_is_a_delivery_of_its_own_with_the_same_id(admin: User, robot: User, waiting: Delivery, receiver: Receiver) -> None:
    with pytest.raises(InvalidState, match="still being tried"):
        delivery_replay(actor=admin, delivery=waiting)
    round_of(robot)
    waiting.refresh_from_db()
    again = delivery_replay(actor=admin, delivery=waiting)
    assert round_of(robot) == ["delivered"]
    assert (again.replay, again.event_id) == (True, waiting.event_id)
    assert len({headers["webhook-id"] for headers, _ in receiver.taken}) == 1


def test_replay_of_a_time_sends_what_passed_by(admin: User, robot: User, hook: Hook, receiver: Receiver, hands: Hands) -> None:
    row = hook("vendor.registered")
    begun = hands.at
    arrived = factories.vendor(admin)
    hands.forward(seconds=1)
    events_collect(actor=robot)
    round_of(robot)
    subscription_disable(actor=admin, subscription=row)
    hands.forward(hours=1)
    missed = factories.vendor(admin)
    events_collect(actor=robot)
    wish = {"since": begun, "until": hands.at + timedelta(seconds=1)}
    with pytest.raises(InvalidState, match="enable"):
        deliveries_replay(actor=admin, subscription=row, **wish)
    subscription_enable(actor=admin, subscription=row)
    assert deliveries_replay(actor=admin, subscription=row, **wish) == 1
    assert deliveries_replay(actor=admin, subscription=row, **wish) == 0, "it waits already"
    hands.forward(seconds=1)
    round_of(robot)
    assert deliveries_replay(actor=admin, subscription=row, undelivered_only=False, **wish) == 2
    assert deliveries_replay(actor=admin, subscription=row, since=begun - timedelta(days=2), until=begun - timedelta(days=1)) == 0
    told = [json.loads(body)["data"]["id"] for _, body in receiver.taken]
    assert told == [str(arrived.pk), str(missed.pk)]
    with pytest.raises(InvalidInput, match="until"):
        deliveries_replay(actor=admin, subscription=row, since=begun, until=begun)


def test_disabled_waits_and_goes_on_where_it_was(admin: User, robot: User, waiting: Delivery, receiver: Receiver) -> None:
    subscription_disable(actor=admin, subscription=waiting.subscription)
    assert (round_of(robot), tasks.deliver(str(waiting.pk))) == ([], "not free")
    subscription_enable(actor=admin, subscription=waiting.subscription)
    assert round_of(robot) == ["delivered"]


def test_ended_sends_nothing_more_and_forgets_its_secret(admin: User, robot: User, waiting: Delivery, hook: Hook) -> None:
    row = subscription_end(actor=admin, subscription=waiting.subscription)
    waiting.refresh_from_db()
    assert (waiting.state, round_of(robot), row.sealed_secret) == ("given_up", [], "")
    for change in (subscription_enable, subscription_end, secret_rotate, example_send):
        with pytest.raises(InvalidState):
            change(actor=admin, subscription=row)
    hook("vendor.registered", name="Procurement")


def test_test_event_is_tried_once(admin: User, robot: User, hook: Hook, receiver: Receiver) -> None:
    receiver.answers = list(DOWN)
    example_send(actor=admin, subscription=hook())
    assert round_of(robot) == ["given_up"]
    assert json.loads(receiver.taken[0][1])["type"] == "webhook.test"
    assert Subscription.objects.get().state == "failing", "a test alone disables nothing"


@pytest.mark.parametrize("role", [role for role in Role.values if role not in (Role.ADMINISTRATOR, Role.API_CLIENT)])
def test_others_change_nothing(admin: User, hook: Hook, role: str) -> None:
    row, person = hook(), factories.user(role, of=factories.home(admin))
    for change in (subscription_disable, subscription_enable, subscription_end, secret_rotate, example_send):
        with pytest.raises(NotAllowed):
            change(actor=person, subscription=row)
    with pytest.raises(NotAllowed):
        subscription_disable(actor=factories.user(), subscription=row)


def test_nobody_subscribes_to_what_they_may_not_see(admin: User, hook: Hook, receiver: Receiver) -> None:
    program = factories.user(Role.API_CLIENT, of=factories.home(admin))
    program.limited_to = frozenset({"webhooks.manage", "clearance.read"})
    wish = {"organisation": factories.home(admin), "name": "Program", "url": receiver.url}
    with pytest.raises(InvalidInput, match="may not see"):
        subscription_create(actor=program, events=["incident.opened"], **wish)
    row, _ = subscription_create(actor=program, events=["clearance.changed"], **wish)
    assert row.events == ["clearance.changed"]


@pytest.mark.parametrize(("field", "events"), [("events", []), ("events", ["everything"]), ("events", ["webhook.test"])])
def test_bad_wish_is_refused_by_field(hook: Hook, field: str, events: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        hook(**{"events": events})
    assert caught.value.field == field
    assert not Subscription.objects.exists()
