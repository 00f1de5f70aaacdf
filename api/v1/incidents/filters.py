"""Filters of incidents."""

from django.db.models import QuerySet
from django_filters import FilterSet

from api.v1.base import filters
from decisions.models import CorrectiveAction, Severity


class IncidentFilter(FilterSet):  # the library is untyped
    """Title, severity, system, version, vendor, days."""

    title = filters.text("title", "part of the title", "icontains")
    severity = filters.choice("severity", Severity.choices, "our own judgement")
    system = filters.key("systems", "id of an affected AI system")
    version = filters.key("versions", "id of an affected model version")
    vendor = filters.key("vendors", "id of a vendor concerned")
    opened_from = filters.day("first day", field_name="created_at", lookup_expr="date__gte")
    opened_until = filters.day("last day", field_name="created_at", lookup_expr="date__lte")


class ActionFilter(FilterSet):  # the library is untyped
    """Incident, owner, open or done, due day."""

    incident = filters.key("incident_id", "id of an incident")
    owner = filters.key("owner_id", "id of the person who is to do it")
    open = filters.choice("done_at", [("true", "true"), ("false", "false")], "open, or done")
    due_until = filters.day("due on this day or before", field_name="due_on", lookup_expr="lte")

    def filter_queryset(self, queryset: QuerySet[CorrectiveAction]) -> QuerySet[CorrectiveAction]:
        """Open ones are those without a day on which they were done."""
        wanted = self.form.cleaned_data.pop("open", "")
        found: QuerySet[CorrectiveAction] = super().filter_queryset(queryset)
        return found.filter(done_at__isnull=wanted == "true") if wanted else found


class DraftFilter(FilterSet):  # the library is untyped
    """Incident, clock."""

    incident = filters.key("incident_id", "id of an incident")
    clock = filters.text("clock", "key of the reporting clock, such as gdpr-33-initial", longest=60)
