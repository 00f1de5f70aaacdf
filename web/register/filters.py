"""Filters of the register of AI systems."""

from typing import Any

import django_filters as filters
from django.db.models import QuerySet

from core import clock
from inventory.models import AISystem, OurRole, RiskClass

DECIDED = (("standing", "Approved"), ("none", "Nothing approved"), ("expired", "Waiver expired"))


class RegisterFilter(filters.FilterSet):
    """By name, owner, role, risk class, whether it was assessed, and what was decided."""

    name = filters.CharFilter(lookup_expr="icontains", label="Name")
    owner = filters.CharFilter(lookup_expr="icontains", label="Answers for it")
    our_role = filters.ChoiceFilter(choices=OurRole.choices, label="Our role", empty_label="Any")
    risk_class = filters.ChoiceFilter(choices=RiskClass.choices, label="Risk class", empty_label="Any")
    assessed = filters.ChoiceFilter(choices=[("yes", "Yes"), ("no", "Never")], method="was_assessed", label="Assessed", empty_label="Any")
    decided = filters.ChoiceFilter(choices=DECIDED, method="was_decided", label="Decision", empty_label="Any")

    class Meta:
        model = AISystem
        fields = ()

    def was_assessed(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """With or without a finished run of a version at work."""
        return rows.filter(assessed_at__isnull=value == "no")

    def was_decided(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """With or without an approved decision, or with one whose waiver has run out."""
        if value == "expired":
            return rows.filter(expires_on__lt=clock.now().date())
        return rows.filter(decision_number__isnull=value == "none")
