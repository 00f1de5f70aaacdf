"""What every report has that is fixed when it is asked for and becomes one signed PDF later."""

from typing import ClassVar

from django.db import models

from accounts.models import User
from core.base import BaseModel
from evidence.models import Artifact, LedgerEntry


class ReportState(models.TextChoices):
    """States of a report."""

    REQUESTED = "requested", "Requested"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class SignedPages(BaseModel):
    """``content`` is what it says, fixed when it was asked for; ``pdf`` and ``entry`` are there once it is made, ``error`` says why it could not be."""

    MARK: ClassVar[str]
    """Letters before the number, as people cite it."""

    number = models.PositiveIntegerField(unique=True)
    content = models.JSONField()
    content_digest = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=ReportState.choices, default=ReportState.REQUESTED)
    error = models.TextField(blank=True)
    pdf = models.ForeignKey(Artifact, on_delete=models.PROTECT, null=True, related_name="+")
    entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, null=True, related_name="+")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True
        ordering: ClassVar = ["-number"]

    @property
    def reference(self) -> str:
        """The number as people cite it."""
        return f"{self.MARK}-{self.number:06d}"
