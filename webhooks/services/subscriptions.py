"""Writes to webhooks: set up, change, exchange the secret, disable, enable, end."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db import models, transaction

from accounts.models import Organisation, User
from accounts.permissions import allowed, require
from core import clock
from core.errors import InvalidInput, InvalidState
from evidence import ledger
from evidence.models import LogHead
from inventory.rows import row_change, row_insert
from webhooks.addresses import url_check
from webhooks.events import TYPES
from webhooks.models import Delivery, DeliveryState, Outbox, State, Subscription
from webhooks.services.comparing import clearances_baseline
from webhooks.signing import seal, secret_new

OVERLAP_MOST = 168


@transaction.atomic
def subscription_create(*, actor: User, organisation: Organisation, name: str, url: str, events: Iterable[str]) -> tuple[Subscription, str]:
    """A webhook that hears of everything from now on, and its secret, which nobody can read again later."""
    size = _log_size()
    row = Subscription(organisation=organisation, name=name.strip(), url=url.strip(), first_entry=size, created_by=actor)
    require(actor, "webhooks.manage", row)
    url_check(row.url)
    row.events = _checked(actor, row, events)
    secret = secret_new()
    row.sealed_secret = seal(secret)
    Outbox.objects.get_or_create(id=1, defaults={"cursor": size})
    _baseline(actor, row)
    row_insert(row)
    _log(actor, "webhooks.subscription.created", row, {"events": row.events})
    return row, secret


@transaction.atomic
def subscription_change(*, actor: User, subscription: Subscription, changes: Mapping[str, Any]) -> Subscription:
    """Change name, address or events. The log keeps what changed, not the address, which may hold a key."""
    require(actor, "webhooks.manage", subscription)
    row = _locked(subscription)
    wanted = {name: value.strip() if isinstance(value, str) else value for name, value in changes.items()}
    if "url" in wanted:
        url_check(wanted["url"])
    if "events" in wanted:
        wanted["events"] = _checked(actor, row, wanted["events"])
        _baseline(actor, Subscription(pk=row.pk, organisation_id=row.organisation_id, events=wanted["events"]))
    row, changed = row_change(row, editable=("name", "url", "events"), changes=wanted, seen=None)
    if changed:
        _log(actor, "webhooks.subscription.changed", row, {"fields": sorted(changed), "events": row.events})
    return row


@transaction.atomic
def secret_rotate(*, actor: User, subscription: Subscription, overlap_hours: int = 24) -> tuple[Subscription, str]:
    """A new secret; until ``overlap_hours`` are over everything is signed with the former one too, so that the receiver can change in peace."""
    require(actor, "webhooks.manage", subscription)
    if not 0 <= overlap_hours <= OVERLAP_MOST:
        raise InvalidInput("overlap_hours", f"choose from 0, for a secret that leaked, to {OVERLAP_MOST}")
    row, secret = _locked(subscription), secret_new()
    ends = clock.now() + timedelta(hours=overlap_hours)
    row.former_secret, row.former_until = (row.sealed_secret, ends) if overlap_hours else ("", None)
    row.sealed_secret = seal(secret)
    row.save(update_fields=["sealed_secret", "former_secret", "former_until"])
    _log(actor, "webhooks.secret.rotated", row, {"overlap_hours": overlap_hours})
    return row, secret


@transaction.atomic
def subscription_disable(*, actor: User, subscription: Subscription) -> Subscription:
    """Send nothing until it is enabled again."""
    require(actor, "webhooks.manage", subscription)
    row = _locked(subscription)
    if row.state == State.DISABLED:
        raise InvalidState("This webhook is disabled already.")
    row.state, row.told = State.DISABLED, "Disabled by hand."
    row.save(update_fields=["state", "told"])
    _log(actor, "webhooks.subscription.disabled", row, {"by": "hand"})
    return row


@transaction.atomic
def subscription_enable(*, actor: User, subscription: Subscription) -> Subscription:
    """Send again, beginning with what was still waiting. What happened in between can be replayed."""
    require(actor, "webhooks.manage", subscription)
    row = _locked(subscription)
    if row.state == State.ACTIVE:
        raise InvalidState("This webhook is active already.")
    row.state, row.told, row.failing_since = State.ACTIVE, "", None
    row.save(update_fields=["state", "told", "failing_since"])
    Delivery.objects.filter(subscription=row, state=DeliveryState.WAITING).update(next_at=clock.now(), rung_at=None)
    _log(actor, "webhooks.subscription.enabled", row, {})
    return row


@transaction.atomic
def subscription_end(*, actor: User, subscription: Subscription) -> Subscription:
    """End a webhook for good: its secrets are erased, what waits is given up, the record of deliveries stays."""
    require(actor, "webhooks.manage", subscription)
    row, now = _locked(subscription), clock.now()
    row.state, row.told = State.ENDED, "Ended."
    row.sealed_secret, row.former_secret, row.former_until = "", "", None
    # The name is free for another one.
    row.name = f"{row.name[:80]} (ended {now:%Y-%m-%d %H:%M:%S})"
    row.save(update_fields=["state", "told", "sealed_secret", "former_secret", "former_until", "name"])
    waiting = Delivery.objects.filter(subscription=row, state__in=(DeliveryState.WAITING, DeliveryState.SENDING))
    waiting.update(state=DeliveryState.GIVEN_UP, ended_at=now, next_at=None, lease_token=None, lease_until=None)
    _log(actor, "webhooks.subscription.ended", row, {})
    return row


def listening(organisation_id: Any, kind: str) -> list[Subscription]:
    """Webhooks of an organisation that were set up for ``kind`` and are not ended, whatever their state."""
    rows = Subscription.objects.filter(organisation_id=organisation_id).exclude(state=State.ENDED)
    return [row for row in rows if kind in row.events]


def _baseline(actor: User, row: Subscription) -> None:
    """Whoever is the first to hear of clearances hears of what changes from now on."""
    if "clearance.changed" in row.events and not [found for found in listening(row.organisation_id, "clearance.changed") if found.pk != row.pk]:
        clearances_baseline(actor=actor, organisation_id=row.organisation_id)


def _checked(actor: User, row: Subscription, events: Iterable[str]) -> list[str]:
    wanted = sorted(set(events))
    unknown = [name for name in wanted if name not in TYPES]
    if unknown or not wanted:
        raise InvalidInput("events", f"choose at least one of {', '.join(TYPES)}" if not wanted else f"unknown event “{unknown[0]}”; known: {', '.join(TYPES)}")
    beyond = [name for name in wanted if not allowed(actor, TYPES[name].verb, row)]
    if beyond:
        raise InvalidInput("events", f"“{beyond[0]}” tells of things that you may not see; it needs “{TYPES[beyond[0]].verb}”")
    return wanted


def _locked(subscription: Subscription) -> Subscription:
    row = Subscription.objects.select_for_update(of=("self",)).get(pk=subscription.pk)
    if row.state == State.ENDED:
        raise InvalidState("This webhook is ended; set up another.")
    return row


def _log_size() -> int:
    return int(LogHead.objects.aggregate(size=models.Max("size"))["size"] or 0)


def _log(actor: User, action: str, row: Subscription, payload: Mapping[str, Any]) -> None:
    ledger.append(actor=actor, action=action, subject=row.subject, payload=payload, organisation_id=row.organisation_id)
