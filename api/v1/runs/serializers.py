"""Runs and their steps as they are shown and sent."""

from collections import defaultdict
from typing import Any, ClassVar

from rest_framework import serializers

from api.v1.base.fields import Key
from api.v1.base.rows import Body, Row, Values
from assessments.contracts import Reading, Verdict
from assessments.models import ENDED, Run, RunState, Step


class RunRow(Row):
    """One execution of a sealed plan."""

    model = Run
    id = serializers.UUIDField()
    number = serializers.IntegerField()
    plan = serializers.UUIDField(source="plan_id")
    plan_title = serializers.CharField(source="plan.title")
    version = serializers.UUIDField(source="plan.version_id")
    version_label = serializers.CharField(source="plan.version.label")
    model_name = serializers.CharField(source="plan.version.model.name")
    state = serializers.ChoiceField(choices=RunState.choices)
    cancel_requested = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    finished_entry = serializers.IntegerField(source="finished_entry_id", allow_null=True, help_text="index of its end in the log")


class StepRow(Row):
    """One instrument of a run: how far it is, and the finding that came of it."""

    model = Step
    position = serializers.IntegerField()
    key = serializers.CharField()
    instrument = serializers.CharField()
    state = serializers.ChoiceField(choices=RunState.choices)
    fraction = serializers.FloatField(help_text="share done, 0 to 1")
    stage = serializers.CharField()
    tokens = serializers.IntegerField()
    tokens_per_second = serializers.FloatField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    attempts_made = serializers.IntegerField()
    error = serializers.CharField()
    finding = serializers.UUIDField(source="finding.id", allow_null=True)
    verdict = serializers.ChoiceField(source="finding.verdict", choices=[(tier.value, tier.value) for tier in Verdict], allow_null=True)
    reading = serializers.ChoiceField(source="finding.reading", choices=[(tier.value, tier.value) for tier in Reading], allow_null=True)


class RunWhole(RunRow):
    """A run with its steps. Poll it while ``ended`` is false."""

    computed: ClassVar = frozenset({"steps", "fraction", "ended"})
    ended = serializers.BooleanField()
    fraction = serializers.FloatField(help_text="share of its steps' work that is done, 0 to 1")
    steps = StepRow(many=True)

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """The steps of all rows by one query."""
        steps: dict[Any, list[Values]] = defaultdict(list)
        found, owners = StepRow.read(Step.objects.filter(run__in=[row["id"] for row in rows]).order_by("position"), "run_id")
        for step, (owner,) in zip(found, owners, strict=True):
            steps[owner].append(step)
        for row in rows:
            mine = steps[row["id"]]
            row["ended"], row["steps"] = row["state"] in ENDED, mine
            row["fraction"] = round(sum(step["fraction"] for step in mine) / len(mine), 4) if mine else 0.0


class RunBody(Body):
    """Which sealed plan to run."""

    plan = Key()
    example: ClassVar = {"plan": "c1b0a9f8-7e6d-4c5b-9a49-382716051423"}
