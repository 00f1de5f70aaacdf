"""Probe sets that somebody added: what the register keeps of each; the texts themselves are evidence in the store."""

from typing import ClassVar

from django.db import models

from accounts.models import Organisation, User
from accounts.visibility import M, VisibleQuerySet
from core.base import BaseModel
from evidence.models import Artifact


class AddedProbeSetQuerySet(VisibleQuerySet[M]):
    """Questions about sets of added probe sets."""

    read_verb = "assessments.read"


class AddedProbeSet(BaseModel):
    """One file of texts, never changed: another version is another row. ``baseline`` is the AUROC of words, length and format without any model."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="probe_sets")
    slug = models.CharField(max_length=60)
    version = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    items = models.PositiveIntegerField()
    families = models.PositiveIntegerField()
    baseline = models.JSONField()
    artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="+")
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = AddedProbeSetQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "slug", "version"], name="one_probe_set_per_version"),
            models.UniqueConstraint(fields=["organisation", "digest"], name="one_probe_set_per_digest"),
        ]
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.slug}, version {self.version}"

    @property
    def subject(self) -> str:
        """The text by which the log names this set."""
        return f"assessments.probeset:{self.id}"
