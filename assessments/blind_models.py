"""Blind exercises: one sealed truth about one model version, answered by a finding, then revealed and scored."""

import uuid
from typing import Any, ClassVar

from django.db import models

from accounts.models import User
from accounts.visibility import M, VisibleQuerySet
from assessments.blind import Outcome, Planted
from core.base import BaseModel
from evidence.models import LedgerEntry
from inventory.models import ModelVersion


class BlindState(models.TextChoices):
    """How far an exercise is."""

    SEALED = "sealed", "Sealed, waiting for an answer"
    ANSWERED = "answered", "Answered, waiting for the truth"
    REVEALED = "revealed", "Revealed and scored"
    WITHDRAWN = "withdrawn", "Withdrawn"


BLIND_ALLOWED: dict[str, frozenset[str]] = {
    BlindState.SEALED: frozenset({BlindState.ANSWERED, BlindState.WITHDRAWN}),
    BlindState.ANSWERED: frozenset({BlindState.REVEALED, BlindState.WITHDRAWN}),
    BlindState.REVEALED: frozenset(),
    BlindState.WITHDRAWN: frozenset(),
}
OPEN = (BlindState.SEALED, BlindState.ANSWERED)


class BlindQuerySet(VisibleQuerySet[M]):
    """Questions about sets of exercises."""

    owner_path = "version__model__vendor__organisation"
    read_verb = "assessments.read"


class BlindExercise(BaseModel):
    """One exercise. Until it is revealed only ``commitment`` says anything of the truth: the truth itself is nowhere in the installation."""

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="blind_exercises")
    instrument = models.CharField(max_length=60, db_index=True)
    question = models.CharField(max_length=500)
    commitment = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=10, choices=BlindState.choices, default=BlindState.SEALED)
    sealed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    sealed_entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, related_name="+")
    finding = models.ForeignKey("assessments.Finding", on_delete=models.PROTECT, null=True, related_name="blind_exercises")
    findings_since = models.PositiveIntegerField(default=0)
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    answered_entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, null=True, related_name="+")
    planted = models.CharField(max_length=10, blank=True)
    description = models.TextField(blank=True)
    outcome = models.CharField(max_length=20, blank=True)
    closed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    closed_entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.TextField(blank=True)

    objects = BlindQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(state__in=BlindState.values), name="blind_state_known"),
            models.CheckConstraint(condition=models.Q(planted__in=["", *Planted]), name="blind_planted_known"),
            models.CheckConstraint(condition=models.Q(outcome__in=["", *Outcome]), name="blind_outcome_known"),
            models.CheckConstraint(condition=models.Q(state=BlindState.REVEALED) | models.Q(planted="", description="", outcome=""), name="blind_truth_hidden"),
            models.UniqueConstraint(fields=["version", "instrument"], condition=models.Q(state__in=OPEN), name="one_open_blind_exercise"),
        ]
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"Blind exercise on {self.version}"

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.version.organisation_id

    @property
    def subject(self) -> str:
        """The text by which the log names this exercise."""
        return f"assessments.blindexercise:{self.id}"

    def facts(self) -> dict[str, Any]:
        """What every statement about this exercise says: no more than everybody may know."""
        weights = self.version.weights_digest
        return {"exercise": str(self.id), "version": str(self.version_id), "weights_digest": weights, "instrument": self.instrument, "question": self.question}
