"""Attempts: who ran which step on what, and how it ended."""

from typing import ClassVar

from django.db import models

from assessments.models import Step
from core.base import BaseModel


class Outcome(models.TextChoices):
    """How an attempt ended; open while running."""

    OPEN = "open", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    LOST = "lost", "Worker lost"


class Attempt(BaseModel):
    """One try of one step by one worker process, with its lease."""

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="attempts")
    token = models.UUIDField(unique=True)
    worker = models.CharField(max_length=200)
    device = models.CharField(max_length=60, blank=True)
    heartbeat_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.OPEN)
    error = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(outcome__in=Outcome.values), name="attempt_outcome_known")]
        ordering: ClassVar = ["created_at"]

    def __str__(self) -> str:
        return f"{self.step} by {self.worker}: {self.outcome}"


class WorkerBeat(models.Model):
    """When a worker process last said that it lives, and which queues it serves. Operational, not evidence: the log does not know it."""

    name = models.CharField(max_length=200, primary_key=True)
    queues = models.JSONField()
    host = models.CharField(max_length=200)
    pid = models.PositiveIntegerField()
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}, seen {self.seen_at:%H:%M:%S}"
