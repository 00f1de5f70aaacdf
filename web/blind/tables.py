"""The table of blind exercises."""

import django_tables2 as tables

from assessments.models import BlindExercise
from web.blind.page import OUTCOMES
from web.lists.columns import ListTable, WhenColumn


class BlindTable(ListTable):
    """One exercise per row."""

    question = tables.Column(linkify=("web:blind-detail", [tables.A("pk")]))
    version = tables.Column(order_by=("version__model__name",))
    instrument = tables.Column(linkify=("web:instrument-detail", [tables.A("instrument")]))
    state = tables.Column()
    outcome = tables.Column(verbose_name="Score")
    created_at = WhenColumn(verbose_name="Sealed")

    class Meta(ListTable.Meta):
        model = BlindExercise
        fields = ("question", "version", "instrument", "state", "outcome", "created_at")
        order_by = ("-created_at",)

    def render_instrument(self, value: str) -> str:
        """As words."""
        return value.replace("_", " ").capitalize()

    def value_instrument(self, value: str) -> str:
        """The slug."""
        return value

    def render_outcome(self, value: str) -> str:
        """In words."""
        return OUTCOMES[value]
