"""Filters of the list of requirements."""

import datetime
from functools import reduce
from operator import or_
from typing import Any

import django_filters as filters
from django.db.models import Q, QuerySet
from django.forms import DateInput

from frameworks.evidence_kinds import keys_of
from frameworks.models import Framework, Requirement


class RequirementFilter(filters.FilterSet):
    """By words, framework, day and kind of evidence."""

    q = filters.CharFilter(method="matching", label="Reference or words")
    framework = filters.ModelChoiceFilter(
        field_name="version__framework", to_field_name="slug", queryset=Framework.objects.order_by("name"), label="Framework", empty_label="All"
    )
    on = filters.DateFilter(method="in_force", label="Applies on", widget=DateInput(attrs={"type": "date"}))
    evidence = filters.CharFilter(method="asking", label="Evidence kind")

    class Meta:
        model = Requirement
        fields: tuple[str, ...] = ()

    def matching(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Rows whose reference, title or gist holds the text."""
        return rows.filter(Q(ref__icontains=value) | Q(title__icontains=value) | Q(gist__icontains=value))

    def in_force(self, rows: Any, name: str, value: datetime.date) -> QuerySet[Any]:
        """Rows that apply on the day."""
        found: QuerySet[Any] = rows.as_of(value)
        return found

    def asking(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Rows that ask for a kind of evidence, named by its key or in the words of the pages."""
        found = reduce(or_, (Q(evidence_kinds__icontains=key) for key in keys_of(value)))
        return rows.filter(found)
