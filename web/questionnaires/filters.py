"""Filters of the list of requests."""

from typing import Any

import django_filters as filters
from django.db.models import QuerySet

from core import clock
from questionnaires.models import QuestionnaireRequest, RequestState
from web.questionnaires.queries import late


class RequestFilter(filters.FilterSet):
    """By vendor, state, and whether it is late."""

    vendor = filters.CharFilter(field_name="vendor__name", lookup_expr="icontains", label="Vendor contains")
    state = filters.ChoiceFilter(choices=RequestState.choices, label="State", empty_label="Any")
    late = filters.ChoiceFilter(choices=[("yes", "Late")], label="Due", empty_label="Any", method="only_late")

    class Meta:
        model = QuestionnaireRequest
        fields: tuple[str, ...] = ()

    def only_late(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Those past their day."""
        return late(rows, clock.now().date())
