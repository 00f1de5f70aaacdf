"""The outbox: reads the log behind its cursor, makes events of it and a delivery for everybody who listens, all in one transaction."""

from datetime import timedelta
from uuid import UUID

from django.db import models, transaction

from accounts.models import User
from accounts.permissions import require
from core import clock
from evidence.models import LedgerEntry, LogHead
from webhooks.events import BY_ACTION, message_of
from webhooks.models import Event, Outbox, State, Subscription
from webhooks.shelf import events_add

BATCH = 500
KEPT = timedelta(days=90)


def events_collect(*, actor: User) -> int:
    """Turn every entry behind the cursor into events and deliveries; how many events. A reader that dies has moved nothing: the next begins where it did."""
    require(actor, "webhook.deliver")
    made = 0
    while True:
        read, found = _collect()
        made += found
        if read < BATCH:
            return made


@transaction.atomic
def _collect() -> tuple[int, int]:
    """One batch: how many entries were read and how many events made."""
    # Whoever holds the outbox's lock is the only reader; entries are complete up to the head, because appends are serial.
    outbox = Outbox.objects.select_for_update().filter(id=1).first()
    if outbox is None:
        return 0, 0
    head = int(LogHead.objects.aggregate(size=models.Max("size"))["size"] or 0)
    end = min(head, outbox.cursor + BATCH)
    rows = LedgerEntry.objects.filter(index__gte=outbox.cursor, index__lt=end, action__in=BY_ACTION, attestation__organisation__isnull=False)
    entries = list(rows.select_related("attestation").defer("leaf", "attestation__envelope").order_by("index"))
    subscriptions = list(Subscription.objects.exclude(state=State.ENDED)) if entries else []
    wanted = {(row.organisation_id, kind) for row in subscriptions for kind in row.events}
    events = [_event(row) for row in entries if (row.attestation.organisation_id, BY_ACTION[row.action]) in wanted]
    made = events_add(events, subscriptions)
    read = end - outbox.cursor
    outbox.cursor = end
    outbox.save(update_fields=["cursor"])
    return read, made


def _event(entry: LedgerEntry) -> Event:
    kind = BY_ACTION[entry.action]
    home = entry.attestation.organisation_id
    assert home is not None  # by the query
    key = f"entry:{entry.index}:{kind}"
    body = message_of(entry)
    return Event(organisation_id=home, key=key, type=kind, occurred_at=entry.at, entry=entry.index, body=body)


@transaction.atomic
def events_prune(*, actor: User) -> int:
    """Forget events, and what was noted of their delivery, after 90 days; what they told of stays in the log. How many were forgotten."""
    require(actor, "webhook.deliver")
    old = Event.objects.filter(occurred_at__lt=clock.now() - KEPT).values_list("pk", flat=True)[:BATCH]
    keys: list[UUID] = list(old)
    Event.objects.filter(pk__in=keys).delete()
    return len(keys)
