"""The list of incidents as a table."""

import django_tables2 as tables
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core import clock
from decisions.models import Incident, next_clock
from web.incidents.wall import Card
from web.lists.columns import ListTable, WhenColumn

NOTHING = "nothing to send"


class IncidentTable(ListTable):
    """One incident a row."""

    number = tables.Column(verbose_name="Number", accessor="reference", order_by=("number",))
    title = tables.Column(linkify=("web:incident-detail", {"incident_id": tables.A("pk")}))
    severity = tables.Column()
    next = tables.Column(verbose_name="Next report", accessor="pk", orderable=False)
    created_at = WhenColumn(verbose_name="Opened")

    class Meta(ListTable.Meta):
        model = Incident
        fields = ("number", "title", "severity", "next", "created_at")
        order_by = ("-number",)

    def render_next(self, record: Incident) -> SafeString:
        """State, time left and law of the most urgent open clock, and how many more are open."""
        card, more = urgent(record)
        if card is None:
            return format_html('<span class="text-secondary">{}</span>', NOTHING)
        text, rest = said(card), f", and {more} more open" if more else ""
        return format_html('<span class="state state-{}">{}</span><span class="sub">{}{}</span>', card.clock.state, card.word, text, rest)

    def value_next(self, record: Incident) -> str:
        """The same in plain words."""
        card, _ = urgent(record)
        return NOTHING if card is None else f"{card.word}: {said(card)}"


def urgent(incident: Incident) -> tuple[Card | None, int]:
    """The card of the most urgent open clock, and how many others are open."""
    now = clock.now()
    rows = [row for row in incident.clocks(now) if row.open]
    found = next_clock(rows)
    return (Card(found, now), len(rows) - 1) if found else (None, 0)


def said(card: Card) -> str:
    """Law, stage and time left."""
    name = f"{card.clock.regime.law}, {card.clock.stage.label.lower()}"
    return f"{card.left}, {name}" if card.left else name
