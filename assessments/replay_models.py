"""Replays: steps that were run again from their statements."""

from typing import ClassVar

from django.db import models

from assessments.replay import Outcome
from core.base import BaseModel
from evidence.models import Attestation


class Replay(BaseModel):
    """A step that was run again, and how the outcome compares with the record; kept whatever it says."""

    step = models.ForeignKey("assessments.Step", on_delete=models.PROTECT, related_name="replays")
    outcome = models.CharField(max_length=10)
    comparison = models.JSONField()
    attestation = models.OneToOneField(Attestation, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(outcome__in=[outcome.value for outcome in Outcome]), name="replay_outcome_known")]
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"Replay of {self.step}: {self.outcome}"
