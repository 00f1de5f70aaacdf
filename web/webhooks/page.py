"""What the pages about webhooks show."""

import json
from typing import Any

from django.urls import reverse

from accounts.models import User
from accounts.permissions import allowed
from web.lists.listing import Action, Empty, Listing
from web.settings import page
from web.webhooks import queries
from web.webhooks.filters import WebhookFilter
from web.webhooks.tables import WebhookTable, delivery_mark, mark
from webhooks.events import TYPES
from webhooks.models import SENDING, Delivery, State, Subscription

CRUMBS = (*page.CRUMBS, ("Webhooks", "/settings/webhooks/"))
TEXT = "Programs that hear of what happens here. Each message is signed, tried again until it arrives, and says no more than what changed and where to look."


def listing(actor: User) -> tuple[Listing, tuple[Action, ...]]:
    """The list, and what may be done on it."""
    add = Action("Set up a webhook", reverse("web:webhook-create"), primary=True) if allowed(actor, "webhooks.manage") else None
    empty = Empty("No webhooks yet", "Set one up for each program that shall hear when a clearance changes.", add)
    more: dict[str, Any] = {"pretitle": "Settings", "nav": "settings", "noun": ("webhook", "webhooks")}
    return Listing("webhooks", "Webhooks", TEXT, WebhookTable, WebhookFilter, empty, **more), (add,) if add else ()


def detail_context(actor: User, row: Subscription) -> dict[str, Any]:
    """A webhook with its newest deliveries."""
    facts = [
        ("State", mark(row)),
        ("Address", row.url),
        ("Set up", row.created_at),
        ("Waiting", row.waiting),  # type: ignore[attr-defined]  # annotated by webhook_rows
        ("Name in the log", row.subject),
    ]
    return {
        "webhook": row,
        "facts": facts,
        "events": [(name, TYPES[name].says) for name in row.events],
        "deliveries": [(found, delivery_mark(found.state, found.get_state_display()), _last(found)) for found in queries.deliveries_of(row)],
        "shown": queries.SHOWN,
        "may": allowed(actor, "webhooks.manage", row) and row.state != State.ENDED,
        "sends": row.state in SENDING,
        "crumbs": CRUMBS,
        "nav": "settings",
    }


def delivery_context(actor: User, row: Delivery) -> dict[str, Any]:
    """A delivery with every attempt."""
    facts = [
        ("State", delivery_mark(row.state, row.get_state_display())),
        ("webhook-id", row.event.message_id),
        ("Attempts", row.attempts_made),
    ]
    return {
        "delivery": row,
        "facts": facts,
        "body": json.dumps(json.loads(row.event.body), indent=2, ensure_ascii=False),
        "attempts": row.attempts.all(),
        "may_replay": allowed(actor, "webhooks.manage", row) and not row.pending and row.subscription.state in SENDING,
        "crumbs": (*CRUMBS, (row.subscription.name, reverse("web:webhook-detail", args=[row.subscription_id]))),
        "nav": "settings",
    }


def _last(row: Delivery) -> str:
    """What came of the last attempt."""
    made = list(row.attempts.all())
    if not made:
        return "not tried yet"
    return f"{made[-1].status}" if made[-1].status is not None else made[-1].error
