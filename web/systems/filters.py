"""Filters of the list of systems."""

from typing import Any

import django_filters as filters
from django.db.models import QuerySet

from inventory.models import AISystem, OurRole, RiskClass


class SystemFilter(filters.FilterSet):
    """By name, role, risk class, jurisdiction, and whether a model is at work in it."""

    name = filters.CharFilter(lookup_expr="icontains", label="Name")
    our_role = filters.ChoiceFilter(choices=OurRole.choices, label="Our role", empty_label="Any")
    risk_class = filters.ChoiceFilter(choices=RiskClass.choices, label="Risk class", empty_label="Any")
    jurisdiction = filters.CharFilter(lookup_expr="iexact", label="Jurisdiction")
    at_work = filters.ChoiceFilter(choices=[("yes", "Yes"), ("no", "No")], method="has_active", label="Model at work", empty_label="Any")

    class Meta:
        model = AISystem
        fields = ()

    def has_active(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """With or without an active deployment."""
        return rows.filter(active_count__gt=0) if value == "yes" else rows.filter(active_count=0)
