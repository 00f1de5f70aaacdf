"""Cases as they are shown and sent."""

from typing import ClassVar

from rest_framework import serializers

from api.v1.base.fields import File, Key
from api.v1.base.rows import Body, Row, Values
from assessments.models import ReceivedCase
from assessments.reception.report import State
from reports.models import CaseExport, ReportState


class CaseRow(Row):
    """One ZIP of everything about a run, which a stranger can check offline. Poll it while its state is ``requested``."""

    model = CaseExport
    id = serializers.UUIDField()
    title = serializers.CharField()
    run = serializers.UUIDField(source="run_id")
    run_number = serializers.IntegerField(source="run.number")
    state = serializers.ChoiceField(choices=ReportState.choices)
    error = serializers.CharField(allow_blank=True)
    sha256 = serializers.CharField(allow_blank=True, help_text="hex SHA-256 of the ZIP; empty until it is made")
    size = serializers.IntegerField(help_text="bytes")
    log_index = serializers.IntegerField(source="entry_id", allow_null=True)
    created_at = serializers.DateTimeField()


class CaseBody(Body):
    """A case to be made of a run that has ended."""

    run = Key()
    example: ClassVar = {"run": "7f6e5d4c-3b2a-4190-8f7e-6d5c4b3a2918"}


class CheckRow(serializers.Serializer[Values]):
    """One check of a received file: what was found, and what the check is for, in words."""

    slug = serializers.CharField()
    title = serializers.CharField()
    meaning = serializers.CharField()
    state = serializers.ChoiceField(choices=[(state.value, state.value.replace("_", " ")) for state in State])
    found = serializers.CharField(allow_blank=True)


class ReceivedCaseRow(Row):
    """A vendor's case that was taken in: attested by the vendor's key, not repeated by us."""

    model = ReceivedCase
    id = serializers.UUIDField()
    vendor = serializers.UUIDField(source="vendor_id")
    plan = serializers.UUIDField(source="plan_id", help_text="our sealed plan that it is about")
    run = serializers.UUIDField(source="run.id", allow_null=True, help_text="the run that stands for it here, with its findings")
    key = serializers.CharField(source="key.fingerprint", help_text="SHA-256 of the vendor's key file that a person pinned")
    sha256 = serializers.CharField(help_text="of the file")
    size = serializers.IntegerField(help_text="bytes")
    results_digest = serializers.CharField()
    outcome = serializers.ChoiceField(choices=ReceivedCase.Outcome.choices)
    log_index = serializers.IntegerField(source="entry_id")
    created_at = serializers.DateTimeField()


class ReceivedCaseWhole(ReceivedCaseRow):
    """A received case with every check that was made."""

    checks = CheckRow(many=True)


class ReceivedCaseBody(Body):
    """A case as the vendor's installation exported it. Everything in it is checked before anything is kept."""

    vendor = Key(help_text="id of the vendor whose pinned key signed it")
    content = File(help_text="the ZIP in Base64; larger ones go through the page or the command line")
    example: ClassVar = {"vendor": "0b9d3c52-6e0f-4a4e-9d55-0e6a6f0b8d11", "content": "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="}


class Reception(serializers.Serializer[Values]):
    """What came of a file. A refused one changes nothing; the log keeps its digest and the names of the failed checks."""

    outcome = serializers.ChoiceField(choices=[*ReceivedCase.Outcome.choices, ("refused", "Refused")])
    repeated = serializers.BooleanField(help_text="the same file or the same results were here before")
    sha256 = serializers.CharField(help_text="of the file as it came in")
    case = serializers.UUIDField(allow_null=True, help_text="null where it was refused")
    checks = CheckRow(many=True)
