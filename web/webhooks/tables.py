"""The list of webhooks."""

from urllib.parse import urlsplit

import django_tables2 as tables
from django.utils.html import format_html
from django.utils.safestring import SafeString

from web.lists.columns import ListTable, WhenColumn
from webhooks.models import DeliveryState, State, Subscription

MARKS = {State.ACTIVE: "tag-accepted", State.FAILING: "tag-proposed", State.DISABLED: "tag-declined", State.ENDED: "tag-quiet"}
DELIVERY_MARKS = {
    DeliveryState.WAITING: "tag-proposed",
    DeliveryState.SENDING: "tag-proposed",
    DeliveryState.DELIVERED: "tag-accepted",
    DeliveryState.GIVEN_UP: "tag-declined",
}


class WebhookTable(ListTable):
    """One webhook per row; of its address only the host, because the rest may hold a key."""

    name = tables.Column(linkify=("web:webhook-detail", [tables.A("pk")]))
    url = tables.Column(verbose_name="Host", orderable=False)
    events = tables.Column(orderable=False)
    state = tables.Column()
    waiting = tables.Column(verbose_name="Waiting", attrs={"th": {"class": "num"}, "td": {"class": "num"}})
    arrived_at = WhenColumn(verbose_name="Last arrived", default="never")

    class Meta(ListTable.Meta):
        model = Subscription
        fields = ("name", "url", "events", "state", "waiting", "arrived_at")
        order_by = ("name",)

    def render_url(self, value: str) -> str:
        """The host."""
        return urlsplit(value).hostname or ""

    def value_url(self, value: str) -> str:
        """The host."""
        return self.render_url(value)

    def value_events(self, value: list[str]) -> str:
        """The types by name."""
        return self.render_events(value)

    def render_events(self, value: list[str]) -> str:
        """The types by name."""
        return ", ".join(value)

    def render_state(self, record: Subscription) -> SafeString:
        """The word."""
        return mark(record)

    def value_state(self, value: str) -> str:
        """The word alone."""
        return value


def mark(row: Subscription) -> SafeString:
    """The state of a webhook."""
    return format_html('<span class="tag {}">{}</span>', MARKS[State(row.state)], row.get_state_display())


def delivery_mark(state: str, word: str) -> SafeString:
    """The state of a delivery."""
    return format_html('<span class="tag {}">{}</span>', DELIVERY_MARKS[DeliveryState(state)], word)
