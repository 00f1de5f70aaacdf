"""Filters of artifacts, links and log entries."""

from django_filters import FilterSet

from api.v1.base import filters
from evidence.models import EvidenceLink


class ArtifactFilter(FilterSet):  # the library is untyped
    """Digest, kind, subject, days."""

    sha256 = filters.text("sha256", "hex SHA-256, or how it begins", "startswith", 64)
    kind = filters.text("kind", "for example result")
    subject = filters.text("subject", "for example inventory.modelversion:<id>")
    recorded_from = filters.day("first day", field_name="created_at", lookup_expr="date__gte")
    recorded_until = filters.day("last day", field_name="created_at", lookup_expr="date__lte")


class LinkFilter(FilterSet):  # the library is untyped
    """Status, requirement, artifact, subject."""

    status = filters.choice("status", EvidenceLink.Status.choices, "proposed or decided")
    requirement = filters.key("requirement_id", "id of the requirement")
    ref = filters.text("requirement__ref", "reference of the requirement")
    artifact = filters.key("artifact_id", "id of the artifact")
    subject = filters.text("artifact__subject", "for example assessments.step:<id>")


class EntryFilter(FilterSet):  # the library is untyped
    """Action, subject, actor, days."""

    action = filters.text("action", "for example assessments.plan.sealed", longest=80)
    subject = filters.text("subject", "for example inventory.vendor:<id>")
    actor = filters.text("actor", "for example accounts.user:<id>", longest=80)
    from_day = filters.day("first day", field_name="at", lookup_expr="date__gte")
    until_day = filters.day("last day", field_name="at", lookup_expr="date__lte")
