"""Filters of incidents."""

from django_filters import FilterSet

from api.v1.base import filters
from decisions.models import Severity


class IncidentFilter(FilterSet):  # the library is untyped
    """Title, severity, system, version, vendor, days."""

    title = filters.text("title", "part of the title", "icontains")
    severity = filters.choice("severity", Severity.choices, "our own judgement")
    system = filters.key("systems", "id of an affected AI system")
    version = filters.key("versions", "id of an affected model version")
    vendor = filters.key("vendors", "id of a vendor concerned")
    opened_from = filters.day("first day", field_name="created_at", lookup_expr="date__gte")
    opened_until = filters.day("last day", field_name="created_at", lookup_expr="date__lte")
