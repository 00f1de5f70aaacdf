"""Filters of the lists of models and versions."""

from typing import Any

import django_filters as filters
from django.db.models import Q, QuerySet

from inventory.models import Access, AIModel, Lifecycle, ModelVersion


class ModelFilter(filters.FilterSet):
    """By name and vendor."""

    name = filters.CharFilter(lookup_expr="icontains", label="Model")
    vendor = filters.CharFilter(field_name="vendor__name", lookup_expr="icontains", label="Vendor")

    class Meta:
        model = AIModel
        fields = ()


class VersionFilter(filters.FilterSet):
    """By name, vendor, digest, access, lifecycle, and whether it was ever assessed."""

    name = filters.CharFilter(method="named", label="Model or version")
    vendor = filters.CharFilter(field_name="model__vendor__name", lookup_expr="icontains", label="Vendor")
    digest = filters.CharFilter(field_name="weights_digest", lookup_expr="startswith", label="Digest begins with")
    access = filters.ChoiceFilter(choices=Access.choices, label="Access", empty_label="Any")
    lifecycle = filters.ChoiceFilter(choices=Lifecycle.choices, label="Lifecycle", empty_label="Any")
    assessed = filters.ChoiceFilter(choices=[("yes", "Yes"), ("no", "Never")], method="was_assessed", label="Assessed", empty_label="Any")

    class Meta:
        model = ModelVersion
        fields = ()

    def named(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """In either name."""
        return rows.filter(Q(model__name__icontains=value) | Q(label__icontains=value))

    def was_assessed(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """With or without a finished run."""
        return rows.filter(assessed_at__isnull=value == "no")
