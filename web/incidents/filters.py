"""Filters of the list of incidents."""

import django_filters as filters

from decisions.models import Incident, Severity


class IncidentFilter(filters.FilterSet):
    """By title and severity."""

    title = filters.CharFilter(lookup_expr="icontains", label="Title contains")
    severity = filters.ChoiceFilter(choices=Severity.choices, label="Severity", empty_label="Any")

    class Meta:
        model = Incident
        fields: tuple[str, ...] = ()
