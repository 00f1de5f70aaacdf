"""Filters of the lists of webhooks and deliveries."""

from django_filters import FilterSet

from api.v1.base import filters
from webhooks.events import TYPES
from webhooks.models import DeliveryState, State


class WebhookFilter(FilterSet):  # the library is untyped
    """Name, state."""

    name = filters.text("name", "part of the name", "icontains")
    state = filters.choice("state", State.choices, "state")


class DeliveryFilter(FilterSet):
    """Webhook, state, type of event."""

    webhook = filters.key("subscription", "id of a webhook")
    state = filters.choice("state", DeliveryState.choices, "state")
    type = filters.choice("event__type", [(name, row.says) for name, row in TYPES.items()], "type of the event")
