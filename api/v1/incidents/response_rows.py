"""What follows an incident, as it is shown: corrective actions and drafts of reports."""

from collections import defaultdict
from typing import Any, ClassVar

from rest_framework import serializers

from api.v1.base.rows import Row, Values
from decisions.models import ActionStep, CorrectiveAction, DraftVersion, IncidentReport
from decisions.response_models import ReportState


class ActionStepRow(serializers.Serializer[Values]):
    """One thing that happened to a corrective action; ``proof`` is the digest of the file that shows it."""

    kind = serializers.ChoiceField(choices=ActionStep.Kind.choices)
    note = serializers.CharField()
    proof = serializers.CharField(allow_null=True)
    by = serializers.UUIDField()
    at = serializers.DateTimeField()


class IncidentActionRow(Row):
    """Something to be done after an incident, by whom and until which day."""

    model = CorrectiveAction
    computed: ClassVar = frozenset({"steps"})
    id = serializers.UUIDField()
    incident = serializers.UUIDField(source="incident_id")
    text = serializers.CharField()
    owner = serializers.UUIDField(source="owner_id")
    due_on = serializers.DateField()
    done_at = serializers.DateTimeField(allow_null=True, help_text="null while it is open")
    steps = ActionStepRow(many=True, help_text="oldest first")
    created_at = serializers.DateTimeField()

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """The steps of all at once."""
        found: dict[Any, list[Values]] = defaultdict(list)
        names = ("kind", "note", "proof__sha256", "by_id", "created_at")
        for owner, *values in ActionStep.objects.filter(action__in=[row["id"] for row in rows]).order_by("created_at").values_list("action_id", *names):
            found[owner].append(dict(zip(("kind", "note", "proof", "by", "at"), values, strict=True)))
        for row in rows:
            row["steps"] = found[row["id"]]


class DraftReport(serializers.Serializer[Values]):
    """The signed report that was made over one version of a draft."""

    reference = serializers.CharField()
    state = serializers.ChoiceField(choices=ReportState.choices)
    content_digest = serializers.CharField()
    pdf_sha256 = serializers.CharField(allow_null=True)
    log_index = serializers.IntegerField(allow_null=True)


class IncidentDraftRow(Row):
    """One saved version of a draft of a report; it never changes. ``clock`` is the key of the reporting clock it is for."""

    model = DraftVersion
    computed: ClassVar = frozenset({"report"})
    id = serializers.UUIDField()
    incident = serializers.UUIDField(source="incident_id")
    clock = serializers.CharField()
    number = serializers.IntegerField()
    saved_by = serializers.UUIDField(source="saved_by_id")
    report = DraftReport(allow_null=True, help_text="null where none was asked for over this version")
    created_at = serializers.DateTimeField()

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """The report over each, for all at once."""
        held = IncidentReport.objects.filter(version__in=[row["id"] for row in rows]).select_related("pdf").defer("content")
        found = {report.version_id: report for report in held}
        for row in rows:
            row["report"] = _report(found[row["id"]]) if row["id"] in found else None


def _report(row: IncidentReport) -> Values:
    own = {"reference": row.reference, "state": row.state, "content_digest": row.content_digest}
    return {**own, "pdf_sha256": row.pdf.sha256 if row.pdf else None, "log_index": row.entry_id}


class IncidentDraftWhole(IncidentDraftRow):
    """A version of a draft with what people typed over what the record says."""

    answers = serializers.DictField(help_text="text by field; empty ones take the record's own words")
