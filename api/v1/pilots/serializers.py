"""Pilots as they are shown and sent."""

from typing import Any, ClassVar

from rest_framework import serializers

from api.v1.base.fields import Key, Number, Text, Whole
from api.v1.base.rows import Body, Row, Values
from assessments.drift import Rule
from assessments.models import Pilot
from assessments.pilot_models import DayState, PilotState
from assessments.pilot_readings import Course, DayRow, course_of
from assessments.pilot_report import drift_words
from assessments.services.plans import LARGEST_SEED
from assessments.services.standard import SEED

TERMS = Rule()


class PilotRow(Row):
    """One sealed plan that is run once a day on a model that only answers; the rule for drift is in the seal."""

    model = Pilot
    id = serializers.UUIDField()
    version = serializers.UUIDField(source="version_id")
    version_label = serializers.CharField(source="version.label")
    model_name = serializers.CharField(source="version.model.name")
    plan = serializers.UUIDField(source="plan_id")
    sealed_digest = serializers.CharField(source="plan.sealed_digest", help_text="of the plan with the rule")
    state = serializers.ChoiceField(choices=PilotState.choices)
    days_planned = serializers.IntegerField()
    hour = serializers.IntegerField(help_text="UTC")
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField(allow_blank=True, help_text="why it ended early")
    report_sha256 = serializers.CharField(source="report.sha256", allow_null=True, help_text="of the attested closing report")
    created_at = serializers.DateTimeField()


class PilotDayRow(serializers.Serializer[Values]):
    """One day: its reading with the interval, or why there is none. A missed day is never made up for."""

    number = serializers.IntegerField()
    due_at = serializers.DateTimeField()
    state = serializers.ChoiceField(choices=DayState.choices)
    run = serializers.UUIDField(allow_null=True)
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    why = serializers.CharField(allow_blank=True, help_text="why it has no reading")


class PilotBand(serializers.Serializer[Values]):
    """The range that the first readings gave; it is frozen."""

    centre = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    until_day = serializers.IntegerField()


class PilotDrift(serializers.Serializer[Values]):
    """What the sealed rule says so far."""

    readings = serializers.IntegerField()
    after_baseline = serializers.IntegerField()
    band = PilotBand(allow_null=True)
    days = serializers.ListField(child=serializers.IntegerField(), help_text="on which drift began")
    words = serializers.CharField()


class PilotWhole(PilotRow):
    """A pilot with its days, its rule and what the rule says so far."""

    computed: ClassVar = frozenset({"rule", "drift", "events", "days"})
    rule = serializers.DictField(help_text="as it is sealed, in terms and in words, with its false alarms")
    drift = PilotDrift()
    events = serializers.ListField(child=serializers.CharField(), help_text="where the endpoint said that another model answered")
    days = PilotDayRow(many=True)

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """Worked out from the days; only ever for one pilot at a time."""
        found = Pilot.objects.select_related("plan").in_bulk([row["id"] for row in rows])
        for row in rows:
            pilot = found[row["id"]]
            course = course_of(pilot)
            row |= {"rule": pilot.plan.document["pilot"], "drift": drift_words(pilot, course), "days": _days(course)}
            row["events"] = [event.words for event in course.events]


def _days(course: Course) -> list[Values]:
    return [_day(held) for held in course.rows]


def _day(held: DayRow) -> Values:
    point = held.point
    reading: dict[str, Any] = {name: getattr(point, name) if point else None for name in ("value", "low", "high")}
    return {"number": held.day.number, "due_at": held.day.due_at, "state": held.day.state, "run": held.day.run_id, **reading, "why": held.why}


class PilotBody(Body):
    """Which endpoint, for how long, and the rule for drift. All of it is sealed at once."""

    version = Key(help_text="id of a model version whose source is an endpoint")
    days = Whole(min_value=7, max_value=60, default=TERMS.days, help_text="one run on each; every run asks the endpoint at your cost")
    hour = Whole(min_value=0, max_value=23, default=TERMS.hour, help_text="UTC; a day begins at this hour or is missed")
    baseline = Whole(min_value=3, max_value=10, default=TERMS.baseline, help_text="readings that give the band")
    row = Whole(min_value=1, max_value=5, default=TERMS.row, help_text="so many readings in a row outside the band are drift")
    least = Number(min_value=0.01, max_value=1, default=TERMS.least, help_text="half the narrowest band")
    seed = Whole(min_value=0, max_value=LARGEST_SEED, default=SEED, help_text="decides the order of the questions, the same every day")
    example: ClassVar = {"version": "5d0a8a34-3df9-4c9c-8f0c-3a8a1f7f0c22", "days": 14, "hour": 3}


class PilotEndBody(Body):
    """Why it ends early."""

    reason = Text(max_length=500, help_text="kept in the log and the closing report for good, so name no person")
    example: ClassVar = {"reason": "The vendor replaced the model."}
