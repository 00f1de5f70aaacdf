"""Requirements and coverage as they are shown."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from accounts.models import User
from api.v1.base.rows import Row, Values
from evidence.mapping import CoverageRow, State
from frameworks.models import Requirement
from reports.coverage import GAPS, STATES
from reports.gaps import Gap


class RequirementRow(Row):
    """One duty in our own words, with its dates and the kinds of evidence that speak to it."""

    model = Requirement
    id = serializers.UUIDField()
    framework = serializers.CharField(source="version.framework.slug")
    framework_name = serializers.CharField(source="version.framework.name")
    known_from = serializers.DateField(source="version.known_from")
    catalogue_digest = serializers.CharField(source="version.digest")
    ref = serializers.CharField()
    title = serializers.CharField()
    gist = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())
    evidence_kinds = serializers.ListField(child=serializers.CharField())
    applies_from = serializers.DateField(allow_null=True)
    applies_until = serializers.DateField(allow_null=True)
    formal_application = serializers.DateField(allow_null=True)
    voluntary = serializers.BooleanField()
    review_every = serializers.CharField(help_text="ISO 8601 duration, or empty")
    sourced = serializers.BooleanField(help_text="whether we checked it against the source")

    @classmethod
    def visible(cls, actor: User) -> QuerySet[Any]:
        """All: the law is no secret of anyone's."""
        return Requirement.objects.all()


class RequirementWhole(RequirementRow):
    """A requirement with its sources."""

    retention = serializers.CharField()
    sources = serializers.JSONField()
    details = serializers.JSONField()


class GapRow(Row):
    """One duty that applies to one AI system on the day and is not covered, with who closes it and by when."""

    system = serializers.UUIDField()
    system_name = serializers.CharField()
    requirement = serializers.UUIDField()
    framework = serializers.CharField()
    ref = serializers.CharField()
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=[(state, STATES[state]) for state in GAPS])
    why = serializers.CharField(help_text="why the duty applies")
    needs = serializers.CharField(help_text="what would close it")
    missing_kinds = serializers.ListField(child=serializers.CharField())
    begins = serializers.DateField(allow_null=True, help_text="the day from which the duty binds this system")
    fresh = serializers.BooleanField(help_text="whether it is no gap today")
    owner = serializers.UUIDField(allow_null=True)
    owner_name = serializers.CharField(help_text="empty while nobody is in charge")
    due_on = serializers.DateField(allow_null=True)
    overdue = serializers.BooleanField()


PLACE = "place"
"""Field by which a page of gaps goes on after another; it is not shown."""


def gap_row(gap: Gap) -> Values:
    """One gap; its place puts systems by name, then the duties of each by framework and reference."""
    cell, care = gap.cell, gap.assignment
    row, subject = cell.requirement, cell.subject
    slug = row.version.framework.slug
    return {
        PLACE: [subject.name, str(subject.key), slug, row.ref],
        "system": subject.key,
        "system_name": subject.name,
        "requirement": row.pk,
        "framework": slug,
        "ref": row.ref,
        "title": row.title,
        "state": cell.state,
        "why": cell.applies.reason,
        "needs": gap.needs,
        "missing_kinds": cell.answer.missing_kinds,
        "begins": cell.applies.begins,
        "fresh": gap.fresh,
        "owner": care.owner_id if care else None,
        "owner_name": str(care.owner) if care else "",
        "due_on": care.due_on if care else None,
        "overdue": gap.overdue,
    }


class CountedLink(serializers.Serializer[Values]):
    """A link from evidence to a requirement, as far as coverage is concerned."""

    id = serializers.UUIDField()
    artifact = serializers.UUIDField()
    sha256 = serializers.CharField()
    evidence_kind = serializers.CharField()
    tier = serializers.CharField()
    valid_until = serializers.DateField(allow_null=True)


class CoveredRow(serializers.Serializer[Values]):
    """How well one requirement is answered."""

    requirement = serializers.UUIDField()
    framework = serializers.CharField()
    ref = serializers.CharField()
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=[(state.value, state.value) for state in State])
    missing_kinds = serializers.ListField(child=serializers.CharField())
    current = CountedLink(many=True)
    stale = CountedLink(many=True)
    proposed = CountedLink(many=True)


class Coverage(serializers.Serializer[Values]):
    """Which requirements in force on a day are answered by accepted evidence. Proposed links do not count."""

    as_of = serializers.DateField()
    subjects = serializers.ListField(child=serializers.CharField())
    counts = serializers.DictField(child=serializers.IntegerField())
    items = CoveredRow(many=True)


def coverage_row(row: CoverageRow) -> Values:
    """One line of coverage."""
    requirement = row.requirement
    links = {name: [_link(link) for link in getattr(row, name)] for name in ("current", "stale", "proposed")}
    return {
        "requirement": requirement.id,
        "framework": requirement.version.framework.slug,
        "ref": requirement.ref,
        "title": requirement.title,
        "state": row.state.value,
        "missing_kinds": row.missing_kinds,
        **links,
    }


def _link(link: Any) -> Values:
    shown = {name: getattr(link, name) for name in ("id", "evidence_kind", "tier", "valid_until")}
    return {**shown, "artifact": link.artifact_id, "sha256": link.artifact.sha256}
