"""Deliveries: claimed by lease, sent outside any transaction, tried again later and later, given up in the end; replayed on request."""

import random
import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.models import User
from accounts.permissions import require
from core import clock
from core.errors import InvalidInput, InvalidState
from evidence import ledger
from webhooks import signing
from webhooks.events import TEST, message
from webhooks.models import SENDING, Delivery, DeliveryAttempt, DeliveryState, Event, State, Subscription
from webhooks.sending import Answer, send

DELAYS = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds before the second, third … attempt, as Standard Webhooks recommends: ten attempts within some three days."""
JITTER = 0.2
LEASE = timedelta(seconds=60)
RING_AGAIN = timedelta(seconds=60)
MOST_REPLAYED = 5000
GONE = 410


def deliveries_due(*, actor: User, limit: int = 200) -> list[uuid.UUID]:
    """Deliveries whose time has come, and those whose worker was lost; each is rung for once a minute at most."""
    require(actor, "webhook.deliver")
    now = clock.now()
    quiet = Q(rung_at__isnull=True) | Q(rung_at__lt=now - RING_AGAIN)
    keys = list(Delivery.objects.filter(_free(now), quiet, _open()).order_by("next_at").values_list("pk", flat=True)[:limit])
    Delivery.objects.filter(pk__in=keys).update(rung_at=now)
    return keys


@transaction.atomic
def delivery_claim(*, actor: User, delivery_id: uuid.UUID) -> Delivery | None:
    """Take a delivery that is due, by one conditional update; None when it is not free."""
    require(actor, "webhook.deliver")
    now, token = clock.now(), uuid.uuid4()
    lost = Delivery.objects.filter(pk=delivery_id, state=DeliveryState.SENDING, lease_until__lt=now).first()
    taken = Delivery.objects.filter(_free(now), _open(), pk=delivery_id).update(
        state=DeliveryState.SENDING, lease_token=token, lease_until=now + LEASE, attempts_made=F("attempts_made") + 1
    )
    if not taken:
        return None
    row = Delivery.objects.select_related("subscription", "event").get(pk=delivery_id)
    require(actor, "webhook.deliver", row)
    if lost is not None:
        said = "The worker that sent this was lost, so nobody knows whether it arrived. It is sent again."
        DeliveryAttempt.objects.create(delivery=row, number=lost.attempts_made, milliseconds=0, error=said)
    return row


def delivery_send(delivery: Delivery) -> Answer:
    """Sign and send a claimed delivery. Outside any transaction: the receiver may be slow."""
    subscription, now = delivery.subscription, clock.now()
    known = [signing.unseal(subscription.sealed_secret)]
    if subscription.former_secret and subscription.former_until is not None and now < subscription.former_until:
        known.append(signing.unseal(subscription.former_secret))
    body = delivery.event.body.encode()
    return send(subscription.url, body, signing.headers(known, delivery.event.message_id, int(now.timestamp()), body))


@transaction.atomic
def delivery_finish(*, actor: User, delivery: Delivery, answer: Answer) -> Delivery:
    """Note what came of an attempt and what follows; nothing when the lease went to somebody else meanwhile."""
    require(actor, "webhook.deliver", delivery)
    subscription = Subscription.objects.select_for_update(of=("self",)).get(pk=delivery.subscription_id)
    row = Delivery.objects.select_for_update(of=("self",)).select_related("event").get(pk=delivery.pk)
    if row.lease_token != delivery.lease_token or row.state != DeliveryState.SENDING:
        return row
    noted = {"status": answer.status, "milliseconds": answer.milliseconds, "error": answer.error[:300], "excerpt": answer.excerpt[:1000]}
    DeliveryAttempt.objects.create(delivery=row, number=row.attempts_made, **noted)
    row.lease_token, row.lease_until, row.rung_at = None, None, None
    now = clock.now()
    if answer.arrived:
        row.state, row.ended_at, row.next_at = DeliveryState.DELIVERED, now, None
        _succeeded(subscription)
    elif row.attempts_made > len(DELAYS) or row.event.type == TEST or answer.status == GONE:
        row.state, row.ended_at, row.next_at = DeliveryState.GIVEN_UP, now, None
        _failed(actor, subscription, row, answer)
    else:
        row.state, row.next_at = DeliveryState.WAITING, next_attempt(row.attempts_made, now, answer.wait)
        _failed(actor, subscription, row, answer)
    row.save(update_fields=["state", "ended_at", "next_at", "lease_token", "lease_until", "rung_at"])
    return row


def next_attempt(made: int, now: datetime, wait: int = 0) -> datetime:
    """When to try again after ``made`` attempts: the schedule, a fifth more or less, and never before the receiver wants it."""
    seconds = DELAYS[made - 1] * random.uniform(1 - JITTER, 1 + JITTER)
    return now + timedelta(seconds=max(seconds, wait))


@transaction.atomic
def delivery_replay(*, actor: User, delivery: Delivery) -> Delivery:
    """Send an event again, with the same id, as a delivery of its own."""
    require(actor, "webhooks.manage", delivery)
    subscription = _sendable(delivery.subscription)
    if delivery.pending:
        raise InvalidState("This delivery is still being tried; it need not be replayed.")
    row = Delivery.objects.create(subscription=subscription, event=delivery.event, replay=True, next_at=clock.now())
    _log(actor, subscription, {"event": str(delivery.event_id)})
    return row


@transaction.atomic
def deliveries_replay(*, actor: User, subscription: Subscription, since: datetime, until: datetime, undelivered_only: bool = True) -> int:
    """Send what happened from ``since`` until before ``until`` again, or only what never arrived; how many. Also what passed by while it was disabled."""
    require(actor, "webhooks.manage", subscription)
    row = _sendable(subscription)
    if not since < until:
        raise InvalidInput("until", "choose a moment after “since”")
    events = Event.objects.filter(organisation=row.organisation_id, type__in=row.events, occurred_at__gte=since, occurred_at__lt=until)
    # Nobody hears of what happened before they asked.
    events = events.filter(Q(entry__isnull=True, occurred_at__gte=row.created_at) | Q(entry__gte=row.first_entry))
    mine = Delivery.objects.filter(event=OuterRef("pk"), subscription=row)
    events = events.exclude(Exists(mine.filter(state__in=(DeliveryState.WAITING, DeliveryState.SENDING))))
    if undelivered_only:
        events = events.exclude(Exists(mine.filter(state=DeliveryState.DELIVERED)))
    found = list(events.order_by("occurred_at")[: MOST_REPLAYED + 1])
    if len(found) > MOST_REPLAYED:
        raise InvalidInput("since", f"more than {MOST_REPLAYED} events lie in this time; choose a shorter one")
    now = clock.now()
    Delivery.objects.bulk_create(Delivery(subscription=row, event=event, replay=True, next_at=now) for event in found)
    _log(actor, row, {"since": clock.iso(since), "until": clock.iso(until), "events": len(found)})
    return len(found)


@transaction.atomic
def example_send(*, actor: User, subscription: Subscription) -> Delivery:
    """Send an event of no meaning, tried once, also to a webhook that fails."""
    require(actor, "webhooks.manage", subscription)
    row, now = _sendable(subscription), clock.now()
    body = message(TEST, now, row.subject)
    event = Event.objects.create(organisation_id=row.organisation_id, key=f"test:{uuid.uuid4()}", type=TEST, occurred_at=now, body=body)
    _log(actor, row, {"event": str(event.pk), "test": True})
    return Delivery.objects.create(subscription=row, event=event, next_at=now)


def _free(now: datetime) -> Q:
    return Q(state=DeliveryState.WAITING, next_at__lte=now) | Q(state=DeliveryState.SENDING, lease_until__lt=now)


def _open() -> Q:
    sending: QuerySet[Subscription] = Subscription.objects.filter(pk=OuterRef("subscription"), state__in=SENDING)
    return Q(Exists(sending))


def _sendable(subscription: Subscription) -> Subscription:
    row = Subscription.objects.select_for_update(of=("self",)).get(pk=subscription.pk)
    if row.state not in SENDING:
        raise InvalidState("This webhook is disabled or ended; enable it first." if row.state == State.DISABLED else "This webhook is ended; set up another.")
    return row


def _succeeded(row: Subscription) -> None:
    if row.state == State.FAILING:
        row.state, row.failing_since, row.told = State.ACTIVE, None, ""
        row.save(update_fields=["state", "failing_since", "told"])


def _failed(actor: User, row: Subscription, delivery: Delivery, answer: Answer) -> None:
    """Mark the webhook as failing; disable it once a delivery was given up and nothing arrived since that one began, or the receiver says it is gone."""
    if row.state not in SENDING:
        return
    row.failing_since, row.state = row.failing_since or clock.now(), State.FAILING
    row.told = answer.error[:300]
    over = delivery.state == DeliveryState.GIVEN_UP and delivery.event.type != TEST
    if answer.status == GONE or (over and not _arrived_since(row, delivery.created_at)):
        row.state = State.DISABLED
        row.told = "Disabled: the receiver says it is gone." if answer.status == GONE else "Disabled: nothing arrived for days."
        ledger.append(actor=actor, action="webhooks.subscription.disabled", subject=row.subject, payload={"by": "failure"}, organisation_id=row.organisation_id)
    row.save(update_fields=["state", "failing_since", "told"])


def _arrived_since(row: Subscription, moment: datetime) -> bool:
    return Delivery.objects.filter(subscription=row, state=DeliveryState.DELIVERED, ended_at__gte=moment).exists()


def _log(actor: User, row: Subscription, payload: dict[str, object]) -> None:
    ledger.append(actor=actor, action="webhooks.delivery.replayed", subject=row.subject, payload=payload, organisation_id=row.organisation_id)
