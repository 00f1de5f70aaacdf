"""Filters of artifacts, log entries, links and cases."""

import re
from typing import Any

import django_filters as filters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import DateInput

from accounts.models import User
from evidence.models import Artifact, EvidenceLink, LedgerEntry
from frameworks.models import Framework
from reports.models import CaseExport

AREAS = [
    ("inventory.", "Register"),
    ("assessments.", "Assessments"),
    ("evidence.", "Evidence"),
    ("reports.", "Reports"),
    ("accounts.", "Accounts"),
    ("frameworks.", "Requirements"),
]


def day_input() -> DateInput:
    """A date picker."""
    return DateInput(attrs={"type": "date"})


def hexadecimal(value: str) -> None:
    """Refuses what cannot be the beginning of a digest."""
    if not re.fullmatch(r"(sha256:)?[0-9a-fA-F]{1,64}", value.strip()):
        raise ValidationError("Give the beginning of a SHA-256: digits 0–9 and letters a–f.")


class ArtifactFilter(filters.FilterSet):
    """By words, kind, digest, subject and day of recording."""

    title = filters.CharFilter(lookup_expr="icontains", label="Title contains")
    kind = filters.CharFilter(lookup_expr="iexact", label="Kind")
    digest = filters.CharFilter(method="beginning", label="SHA-256 begins with", validators=[hexadecimal])
    subject = filters.CharFilter(lookup_expr="startswith", label="About (as in the log)")
    since = filters.DateFilter(field_name="created_at", lookup_expr="date__gte", label="Recorded from", widget=day_input())
    until = filters.DateFilter(field_name="created_at", lookup_expr="date__lte", label="Recorded to", widget=day_input())

    class Meta:
        model = Artifact
        fields: tuple[str, ...] = ()

    def beginning(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Rows whose digest begins so."""
        return rows.filter(sha256__startswith=value.strip().lower().removeprefix("sha256:"))


class EntryFilter(filters.FilterSet):
    """By area, action, subject, person, index and day."""

    area = filters.ChoiceFilter(method="within", label="Area", choices=AREAS, empty_label="All")
    action = filters.CharFilter(lookup_expr="icontains", label="Action contains")
    subject = filters.CharFilter(lookup_expr="contains", label="About (as in the log)")
    actor = filters.CharFilter(method="by", label="By (user name)")
    first = filters.NumberFilter(field_name="index", lookup_expr="gte", label="From entry", min_value=0, max_value=2**62)
    last = filters.NumberFilter(field_name="index", lookup_expr="lte", label="To entry", min_value=0, max_value=2**62)
    since = filters.DateFilter(field_name="at", lookup_expr="date__gte", label="From day", widget=day_input())
    until = filters.DateFilter(field_name="at", lookup_expr="date__lte", label="To day", widget=day_input())

    class Meta:
        model = LedgerEntry
        fields: tuple[str, ...] = ()

    def within(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Entries whose action begins with the area."""
        return rows.filter(action__startswith=value)

    def by(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Entries by people whose user name holds the text, or by the id as the log has it."""
        if value.startswith("accounts.user:"):
            return rows.filter(actor=value)
        people = User.objects.filter(username__icontains=value).values_list("pk", flat=True)[:100]
        return rows.filter(actor__in=[f"accounts.user:{key}" for key in people])


class LinkFilter(filters.FilterSet):
    """By decision, framework and reference."""

    status = filters.ChoiceFilter(choices=EvidenceLink.Status.choices, label="Decision", empty_label="All")
    framework = filters.ModelChoiceFilter(
        field_name="requirement__version__framework", to_field_name="slug", queryset=Framework.objects.order_by("name"), label="Framework", empty_label="All"
    )
    ref = filters.CharFilter(field_name="requirement__ref", lookup_expr="icontains", label="Reference contains")

    class Meta:
        model = EvidenceLink
        fields: tuple[str, ...] = ()


class CaseFilter(filters.FilterSet):
    """By run."""

    run = filters.NumberFilter(field_name="run__number", label="Run", min_value=0, max_value=2**31 - 1)

    class Meta:
        model = CaseExport
        fields: tuple[str, ...] = ()
