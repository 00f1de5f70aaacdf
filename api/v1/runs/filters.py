"""Filters of runs."""

from django_filters import FilterSet

from api.v1.base import filters
from assessments.models import RunState


class RunFilter(FilterSet):  # the library is untyped
    """Plan, version, state, days."""

    plan = filters.key("plan_id", "id of the plan")
    version = filters.key("plan__version_id", "id of the model version")
    state = filters.choice("state", RunState.choices, "how far it is")
    started_from = filters.day("first day", field_name="created_at", lookup_expr="date__gte")
    started_until = filters.day("last day", field_name="created_at", lookup_expr="date__lte")
