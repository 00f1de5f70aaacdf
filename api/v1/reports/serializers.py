"""Reports as they are shown and sent."""

from typing import ClassVar

from rest_framework import serializers

from api.v1.base.fields import Day, Key, Text
from api.v1.base.rows import Body, Row, Values
from reports.models import Report, ReportState


class ReportRow(Row):
    """One signed PDF about one run as of a day. Poll it while its state is ``requested``."""

    model = Report
    computed: ClassVar = frozenset({"reference"})
    id = serializers.UUIDField()
    reference = serializers.CharField()
    number = serializers.IntegerField()
    title = serializers.CharField()
    run = serializers.UUIDField(source="run_id")
    run_number = serializers.IntegerField(source="run.number")
    prepared_for = serializers.CharField()
    as_of = serializers.DateField()
    state = serializers.ChoiceField(choices=ReportState.choices)
    error = serializers.CharField()
    content_digest = serializers.CharField()
    signed_sha256 = serializers.CharField(help_text="hex SHA-256 of the PDF; empty until it is made")
    log_index = serializers.IntegerField(source="entry_id", allow_null=True)
    certificate = serializers.CharField(source="signature.certificate", allow_null=True, help_text="hex SHA-256 of the signing certificate")
    signed_at = serializers.DateTimeField(source="signature.signed_at", allow_null=True)
    created_at = serializers.DateTimeField()

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """The number as people cite it."""
        for row in rows:
            row["reference"] = Report(number=row["number"]).reference


class ReportBody(Body):
    """A report to be made about a finished run."""

    run = Key()
    prepared_for = Text(max_length=200, help_text="the committee, person or authority it is for")
    as_of = Day(required=False, help_text="from the end of the run to today; today when left out")
    example: ClassVar = {"run": "7f6e5d4c-3b2a-4190-8f7e-6d5c4b3a2918", "prepared_for": "Model risk committee"}
