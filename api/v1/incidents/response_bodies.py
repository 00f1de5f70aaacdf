"""What is sent after an incident: corrective actions and drafts of reports."""

from typing import ClassVar

from rest_framework import serializers

from api.v1.base.fields import Choice, Day, File, Key, Text
from api.v1.base.rows import Body
from decisions.report_forms import draftable
from decisions.services.drafts import LONGEST

INCIDENT = "7c2f4a1e-8d0b-4b8e-9a37-5a1d0c9e6b42"
PERSON = "1f0c7b7e-3c2a-4f59-8d55-0c5a7e2d9b13"


class IncidentActionBody(Body):
    """Something to be done after an incident."""

    incident = Key()
    text = Text(max_length=500, help_text="kept out of the log")
    owner = Key(help_text="id of a person of the organisation whose role works on incidents")
    due_on = Day(help_text="today or later")
    example: ClassVar = {"incident": INCIDENT, "text": "One list instead of two", "owner": PERSON, "due_on": "2027-01-29"}


class ActionChangeBody(Body):
    """Another owner or day."""

    owner = Key()
    due_on = Day()
    reason = Text(max_length=500, help_text="kept in the log for good, so name no person")
    example: ClassVar = {"owner": PERSON, "due_on": "2027-02-26", "reason": "The supplier delivers later."}


class ProofBody(Body):
    """A file that shows that something was done."""

    name = Text(max_length=200, help_text="with its ending, such as receipt.pdf")
    content = File(help_text="the file in Base64, about 1.8 MB; larger ones go through the page")


class ActionDoneBody(Body):
    """How it was done, and a file that shows it."""

    note = Text(max_length=1000)
    proof = ProofBody(required=False, allow_null=True)
    example: ClassVar = {"note": "Both lists are one since Monday."}


class ActionReopenBody(Body):
    """Why it is open again."""

    reason = Text(max_length=500, help_text="kept in the log for good, so name no person")
    example: ClassVar = {"reason": "A third list turned up."}


class IncidentDraftBody(Body):
    """What a draft of a report says beyond the record."""

    incident = Key()
    clock = Choice(choices=[(key, report.label) for key, report in draftable().items()], help_text="key of the reporting clock it is for")
    answers = serializers.DictField(
        child=Text(max_length=LONGEST, allow_blank=True), help_text="text by field; an empty or missing one takes the record's own words"
    )
    example: ClassVar = {"incident": INCIDENT, "clock": "gdpr-33-initial", "answers": {"people": "About 40"}}
