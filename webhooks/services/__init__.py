"""Writes of webhooks: setting them up, filling the outbox, delivering."""

from webhooks.services.comparing import clearances_baseline, clearances_compare, clocks_compare
from webhooks.services.deliveries import deliveries_due, deliveries_replay, delivery_claim, delivery_finish, delivery_replay, delivery_send, example_send
from webhooks.services.outbox import events_collect, events_prune
from webhooks.services.subscriptions import (
    secret_rotate,
    subscription_change,
    subscription_create,
    subscription_disable,
    subscription_enable,
    subscription_end,
)

__all__ = [
    "clearances_baseline",
    "clearances_compare",
    "clocks_compare",
    "deliveries_due",
    "deliveries_replay",
    "delivery_claim",
    "delivery_finish",
    "delivery_replay",
    "delivery_send",
    "events_collect",
    "events_prune",
    "example_send",
    "secret_rotate",
    "subscription_change",
    "subscription_create",
    "subscription_disable",
    "subscription_enable",
    "subscription_end",
]
