"""Filters of customers' questionnaires."""

from django_filters import FilterSet

from api.v1.base import filters
from questionnaires.models import RequestState


class InboundFilter(FilterSet):  # the library is untyped
    """Customer, state, due day."""

    customer = filters.text("customer", "part of the customer's name", "icontains")
    state = filters.choice("state", [(state.value, state.label) for state in (RequestState.OPENED, RequestState.REVIEWED)], "opened, or approved")
    due_until = filters.day("due on this day or before", field_name="due_on", lookup_expr="lte")
