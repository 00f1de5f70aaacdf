"""The table of pilots."""

import django_tables2 as tables

from assessments.models import Pilot
from web.lists.columns import ListTable, WhenColumn
from web.lists.listing import Empty, Listing
from web.pilots.filters import PilotFilter


class PilotTable(ListTable):
    """One pilot per row."""

    version = tables.Column(order_by=("version__model__name",), linkify=("web:pilot-detail", [tables.A("pk")]))
    state = tables.Column()
    started = tables.Column(verbose_name="Days run")
    missed = tables.Column(verbose_name="Days missed")
    days_planned = tables.Column(verbose_name="Days planned")
    started_at = WhenColumn(verbose_name="Opened")
    ended_at = WhenColumn(verbose_name="Ended")

    class Meta(ListTable.Meta):
        model = Pilot
        fields = ("version", "state", "started", "missed", "days_planned", "started_at", "ended_at")
        order_by = ("-started_at",)


PILOTS = Listing(
    slug="pilots",
    title="Pilots",
    lead="How would we know that a model behind an endpoint has changed? One sealed plan, run once a day, with a rule for drift fixed beforehand.",
    table=PilotTable,
    filterset=PilotFilter,
    empty=Empty("No pilot yet", "Register a version that is an endpoint, then open a pilot of it. It ends with a report on what your access was enough for."),
    pretitle="Assessments",
    nav="assessments",
    noun=("pilot", "pilots"),
    template="web/pilots/list.html",
)
