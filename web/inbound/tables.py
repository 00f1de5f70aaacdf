"""The list of customers' questionnaires as a table, and its filters."""

import django_filters as filters
import django_tables2 as tables

from questionnaires.models import QuestionnaireRequest, RequestState
from web.lists.columns import ListTable

STATES = {RequestState.OPENED: "Being answered", RequestState.REVIEWED: "Approved"}
"""The two states such a questionnaire can be in, in words."""


class InboundTable(ListTable):
    """One questionnaire a row."""

    customer = tables.Column(linkify=("web:inbound-detail", {"inbound_id": tables.A("pk")}))
    state = tables.Column()
    due_on = tables.DateColumn(verbose_name="Due", format="j F Y")
    owner = tables.Column(order_by=("owner__username",))

    class Meta(ListTable.Meta):
        model = QuestionnaireRequest
        fields = ("customer", "state", "due_on", "owner")
        order_by = ("due_on",)

    def render_state(self, record: QuestionnaireRequest) -> str:
        """In words that fit what we answer."""
        return STATES.get(RequestState(record.state), record.get_state_display())


class InboundFilter(filters.FilterSet):
    """By customer and state."""

    customer = filters.CharFilter(lookup_expr="icontains", label="Customer contains")
    state = filters.ChoiceFilter(choices=list(STATES.items()), label="State", empty_label="Any")

    class Meta:
        model = QuestionnaireRequest
        fields: tuple[str, ...] = ()
