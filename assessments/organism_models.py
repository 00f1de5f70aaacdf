"""Organisms that somebody registered: what is known of each; the weights stay in the folder for models and are held to their digest."""

from typing import ClassVar

from django.db import models

from accounts.models import Organisation, User
from core.base import BaseModel
from evidence.models import Attestation, LedgerEntry


class AddedOrganism(BaseModel):
    """One folder, never changed. It serves the whole installation, as records do; the organisation that registered it answers for it.

    ``locator`` is relative to the folder for models, ``record_digest`` the SHA-256 of its ``organism.json``. Withdrawn, it is tried no more and stays listed.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="organisms")
    slug = models.CharField(max_length=120)
    family = models.CharField(max_length=60)
    role = models.CharField(max_length=12)
    strength = models.FloatField()
    seed = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    planted = models.TextField()
    behaviour = models.JSONField()
    trials = models.JSONField()
    tuning = models.BooleanField(default=False)
    weights_digest = models.CharField(max_length=64)
    record_digest = models.CharField(max_length=64)
    locator = models.CharField(max_length=500)
    attestation = models.OneToOneField(Attestation, on_delete=models.PROTECT, related_name="+")
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["slug"], condition=models.Q(withdrawn_at__isnull=True), name="one_organism_per_name"),
            models.UniqueConstraint(fields=["weights_digest"], condition=models.Q(withdrawn_at__isnull=True), name="one_organism_per_weights"),
            models.CheckConstraint(condition=models.Q(role__in=["planted", "twin", "decoy"]), name="organism_role_known"),
        ]
        ordering: ClassVar = ["family", "-strength", "role", "seed", "created_at"]

    def __str__(self) -> str:
        return self.slug

    @property
    def subject(self) -> str:
        """The text by which the log names this organism."""
        return f"assessments.organism:{self.id}"
