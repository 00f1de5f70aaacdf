"""Events as they are stored, with a delivery for each webhook that listens; part of the transaction of whoever reads the log."""

from collections.abc import Sequence
from datetime import datetime

from core import clock
from webhooks.models import SENDING, Delivery, Event, Subscription


def events_add(events: Sequence[Event], subscriptions: Sequence[Subscription]) -> int:
    """Store events, leaving out those whose key is known, with a delivery for each webhook that listens; how many were new. Call in a transaction."""
    known = set(Event.objects.filter(key__in=[row.key for row in events]).values_list("key", flat=True))
    fresh = [row for row in events if row.key not in known]
    Event.objects.bulk_create(fresh)
    now = clock.now()
    Delivery.objects.bulk_create(_delivery(row, event, now) for event in fresh for row in subscriptions if _hears(row, event))
    return len(fresh)


def _hears(row: Subscription, event: Event) -> bool:
    mine = row.organisation_id == event.organisation_id and event.type in row.events and row.state in SENDING
    return mine and (event.entry is None or event.entry >= row.first_entry)


def _delivery(row: Subscription, event: Event, now: datetime) -> Delivery:
    return Delivery(subscription=row, event=event, next_at=now)
