"""Incidents as they are shown and sent."""

from typing import ClassVar
from zoneinfo import ZoneInfo

from rest_framework import serializers

from api.v1.base.fields import Choice, Key, Moment, Text
from api.v1.base.rows import Body, Row, Values
from core import clock
from decisions.clocks import Clock, ClockState
from decisions.models import Incident, Severity
from decisions.vocabulary import FACTS, KINDS, ROLES, ZONES

STATES = [(state.value, state.value.replace("_", " ")) for state in ClockState]


class Fact(serializers.Serializer[Values]):
    """When one thing happened, as it stands: corrections count, what they replaced is on the incident's page."""

    id = serializers.UUIDField()
    name = serializers.ChoiceField(choices=list(FACTS.items()))
    at = serializers.DateTimeField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field of this name is fine at run time


class Sending(serializers.Serializer[Values]):
    """A report recorded as sent."""

    id = serializers.UUIDField()
    clock = serializers.CharField()
    submitted_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True)
    reference = serializers.CharField()
    late_reason = serializers.CharField()
    log_index = serializers.IntegerField()


class ClockRow(serializers.Serializer[Values]):
    """One report of one law: whether it applies, when it is due, and why. Not legal advice."""

    key = serializers.CharField()
    law = serializers.CharField()
    reference = serializers.CharField()
    stage = serializers.CharField()
    recipient = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    started_at = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True, help_text="in UTC; null where nothing runs or the law says at once")
    explanation = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field of this name is fine at run time


class IncidentRow(Row):
    """Something that went wrong. Kinds and roles decide which clocks apply."""

    model = Incident
    computed: ClassVar = frozenset({"reference"})
    id = serializers.UUIDField()
    reference = serializers.CharField()
    number = serializers.IntegerField()
    organisation = serializers.UUIDField(source="organisation_id")
    title = serializers.CharField()
    description = serializers.CharField()
    severity = serializers.ChoiceField(choices=Severity.choices)
    kinds = serializers.ListField(child=serializers.ChoiceField(choices=list(KINDS.items())))
    roles = serializers.ListField(child=serializers.ChoiceField(choices=list(ROLES.items())))
    zone = serializers.CharField()
    holidays = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """The number as people cite it."""
        for row in rows:
            row["reference"] = Incident(number=row["number"]).reference


class IncidentWhole(IncidentRow):
    """An incident with what is affected, its facts and what was sent."""

    computed: ClassVar = frozenset({"reference", "systems", "versions", "vendors", "facts", "submissions"})
    systems = serializers.ListField(child=serializers.UUIDField())
    versions = serializers.ListField(child=serializers.UUIDField())
    vendors = serializers.ListField(child=serializers.UUIDField())
    facts = Fact(many=True)
    submissions = Sending(many=True)

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """What hangs on each incident, for all at once."""
        super().complete(rows)
        related = ("systems", "versions", "vendors", "facts", "submissions")
        found = Incident.objects.prefetch_related(*related).in_bulk([row["id"] for row in rows])
        for row in rows:
            incident = found[row["id"]]
            row |= {name: sorted(held.pk for held in getattr(incident, name).all()) for name in related[:3]}
            row["facts"] = [{"id": fact.pk, "name": fact.name, "at": fact.at, "source": fact.source} for fact in incident.current_facts()]
            row["submissions"] = [
                {**{name: getattr(sent, name) for name in ("id", "clock", "submitted_at", "due_at", "reference", "late_reason")}, "log_index": sent.entry_id}
                for sent in incident.current_submissions()
            ]


class IncidentClocks(Row):
    """Every clock of an incident as it stands now, whether it applies or not."""

    model = Incident
    computed: ClassVar = frozenset({"clocks"})
    id = serializers.UUIDField()
    clocks = ClockRow(many=True)

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """The clocks, reckoned now."""
        found = Incident.objects.prefetch_related("facts", "submissions").in_bulk([row["id"] for row in rows])
        now = clock.now()
        for row in rows:
            row["clocks"] = [clock_shown(running) for running in found[row["id"]].clocks(now)]


def clock_shown(running: Clock) -> Values:
    """A clock as it is shown."""
    return {
        "key": running.key,
        "law": running.regime.law,
        "reference": running.regime.reference,
        "stage": running.stage.name,
        "recipient": running.regime.recipient,
        "state": running.state.value,
        "started_at": running.started and running.started.astimezone(ZoneInfo("UTC")),
        "due_at": running.due and running.due.astimezone(ZoneInfo("UTC")),
        "explanation": running.explanation,
        "source": running.regime.source,
    }


class IncidentBody(Body):
    """A new incident."""

    organisation = Key(required=False, help_text="only needed by members of several organisations")
    title = Text(max_length=200)
    description = Text(max_length=20000)
    severity = Choice(choices=Severity.choices)
    kinds = serializers.ListField(child=Choice(choices=list(KINDS.items())), required=False, max_length=50)
    roles = serializers.ListField(child=Choice(choices=list(ROLES.items())), required=False, max_length=50)
    zone = Choice(choices=list(ZONES.items()), required=False, help_text="where your EU authority is; Brussels when left out")
    holidays = serializers.ListField(child=Text(max_length=10), required=False, max_length=400, help_text="days such as 2027-12-27")
    systems = serializers.ListField(child=Key(), required=False, max_length=200, help_text="ids of affected AI systems")
    versions = serializers.ListField(child=Key(), required=False, max_length=200, help_text="ids of affected model versions")
    vendors = serializers.ListField(child=Key(), required=False, max_length=200, help_text="ids of vendors concerned")
    example: ClassVar = {
        "title": "Letters went to the wrong people",
        "description": "The sorter mixed two lists.",
        "severity": "high",
        "kinds": ["personal_data_breach"],
        "roles": ["controller"],
    }


class FactBody(Body):
    """When one thing happened."""

    name = Choice(choices=list(FACTS.items()))
    at = Moment()
    source = Text(max_length=500, help_text="how you know")  # type: ignore[assignment]  # a field of this name is fine at run time
    example: ClassVar = {"name": "aware", "at": "2026-11-02T09:00:00Z", "source": "Ticket 12"}


class FactCorrectBody(Body):
    """What takes the place of an entered time; without ``at`` it is withdrawn."""

    name = Choice(choices=list(FACTS.items()), help_text="of the entered time")
    at = Moment(required=False, allow_null=True)
    source = Text(max_length=500)  # type: ignore[assignment]  # a field of this name is fine at run time
    reason = Text(max_length=500, help_text="kept in the log for good, so name no person")
    example: ClassVar = {"name": "aware", "at": "2026-11-02T08:30:00Z", "source": "Mail", "reason": "The mail came before the ticket."}


class SubmissionBody(Body):
    """A report that was sent."""

    clock = Text(max_length=60, help_text="key of the clock, such as gdpr-33-initial")
    submitted_at = Moment()
    reference = Text(max_length=200, help_text="under which the recipient has it")
    late_reason = Text(max_length=1000, required=False, allow_blank=True)
    example: ClassVar = {"clock": "gdpr-33-initial", "submitted_at": "2026-11-03T10:00:00Z", "reference": "DPA-7"}
