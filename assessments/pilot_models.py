"""Pilots: one sealed plan run once a day on a model that only answers."""

import uuid
from typing import ClassVar

from django.db import models

from accounts.models import User
from accounts.visibility import M, VisibleQuerySet
from assessments.drift import Rule, rule_of
from core.base import BaseModel
from evidence.models import Artifact
from inventory.models import ModelVersion


class PilotState(models.TextChoices):
    """How far a pilot is."""

    OPEN = "open", "Running"
    ENDED = "ended", "Ended"
    STOPPED = "stopped", "Ended early"


class DayState(models.TextChoices):
    """What became of a day."""

    WAITING = "waiting", "To come"
    STARTED = "started", "Run"
    MISSED = "missed", "Missed"
    DROPPED = "dropped", "Dropped"


class PilotQuerySet(VisibleQuerySet[M]):
    """Questions about sets of pilots."""

    owner_path = "version__model__vendor__organisation"
    read_verb = "assessments.read"


class Pilot(BaseModel):
    """Daily runs of ``plan``, whose seal holds the rule for drift. ``report``: the attested closing report, once made."""

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="pilots")
    plan = models.OneToOneField("assessments.Plan", on_delete=models.PROTECT, related_name="pilot")
    days_planned = models.PositiveIntegerField()
    hour = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=PilotState.choices, default=PilotState.OPEN)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True)
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    report = models.OneToOneField(Artifact, on_delete=models.PROTECT, null=True, related_name="+")

    objects = PilotQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(state__in=PilotState.values), name="pilot_state_known"),
            models.CheckConstraint(condition=models.Q(state=PilotState.OPEN) | models.Q(ended_at__isnull=False), name="pilot_ended_has_time"),
            models.UniqueConstraint(fields=["version"], condition=models.Q(state=PilotState.OPEN), name="one_open_pilot_per_version"),
        ]
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"Pilot of {self.version}"

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.version.organisation_id

    @property
    def subject(self) -> str:
        """The text by which the log names this pilot."""
        return f"assessments.pilot:{self.id}"

    @property
    def rule(self) -> Rule:
        """The sealed rule."""
        return rule_of(self.plan.document["pilot"])


class PilotDay(BaseModel):
    """One day: begun at or after ``due_at``, or missed. A missed day stays missed."""

    pilot = models.ForeignKey(Pilot, on_delete=models.CASCADE, related_name="days")
    number = models.PositiveIntegerField()
    due_at = models.DateTimeField(db_index=True)
    state = models.CharField(max_length=10, choices=DayState.choices, default=DayState.WAITING)
    run = models.OneToOneField("assessments.Run", on_delete=models.PROTECT, null=True, related_name="pilot_day")
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["pilot", "number"], name="one_pilot_day_per_number"),
            models.CheckConstraint(condition=models.Q(state__in=DayState.values), name="pilot_day_state_known"),
            models.CheckConstraint(
                condition=models.Q(state="started", run__isnull=False) | ~models.Q(state="started") & models.Q(run__isnull=True),
                name="pilot_day_started_has_run",
            ),
        ]
        ordering: ClassVar = ["number"]

    def __str__(self) -> str:
        return f"{self.pilot}, day {self.number}"
