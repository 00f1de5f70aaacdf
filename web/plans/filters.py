"""How plans can be narrowed down."""

import django_filters as filters
from django.db.models import QuerySet

from assessments.models import Plan
from web.runs.filters import DayInput, VersionFilter

STATES = (("draft", "Draft"), ("sealed", "Sealed"))


class PlanFilter(filters.FilterSet):
    """Title, version, state, first and last day."""

    title = filters.CharFilter(lookup_expr="icontains", label="Title")
    version = VersionFilter("version__")
    state = filters.ChoiceFilter(choices=STATES, empty_label="Any", method="in_state", label="State")
    since = filters.DateFilter(field_name="created_at", lookup_expr="date__gte", label="From", widget=DayInput)
    until = filters.DateFilter(field_name="created_at", lookup_expr="date__lte", label="To", widget=DayInput)

    class Meta:
        model = Plan
        fields: tuple[str, ...] = ()

    def in_state(self, rows: QuerySet[Plan], _name: str, value: str) -> QuerySet[Plan]:
        """Drafts have no seal."""
        return rows.filter(sealed_digest="") if value == "draft" else rows.exclude(sealed_digest="")
