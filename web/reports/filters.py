"""Filters of reports and of the runs they are made of."""

import django_filters as filters
from django.forms import DateInput

from assessments.models import Run
from reports.models import Report, ReportState


class ReportFilter(filters.FilterSet):
    """By number, reader, run, day and state."""

    number = filters.NumberFilter(label="Number", min_value=0, max_value=2**31 - 1)
    prepared_for = filters.CharFilter(lookup_expr="icontains", label="Prepared for")
    run = filters.NumberFilter(field_name="run__number", label="Run", min_value=0, max_value=2**31 - 1)
    since = filters.DateFilter(field_name="as_of", lookup_expr="gte", label="As of, from", widget=DateInput(attrs={"type": "date"}))
    until = filters.DateFilter(field_name="as_of", lookup_expr="lte", label="As of, to", widget=DateInput(attrs={"type": "date"}))
    state = filters.ChoiceFilter(choices=ReportState.choices, label="State", empty_label="All")

    class Meta:
        model = Report
        fields: tuple[str, ...] = ()


class RunFilter(filters.FilterSet):
    """By plan and model."""

    plan = filters.CharFilter(field_name="plan__title", lookup_expr="icontains", label="Plan contains")
    model = filters.CharFilter(field_name="plan__version__model__name", lookup_expr="icontains", label="Model contains")

    class Meta:
        model = Run
        fields: tuple[str, ...] = ()
