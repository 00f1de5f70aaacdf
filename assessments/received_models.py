"""What crosses the border between a vendor and us: plans received from elsewhere, vendors' keys that a person pinned, cases they sent back."""

import uuid
from typing import Any, ClassVar

from django.db import models

from accounts.models import User
from accounts.visibility import M, VisibleQuerySet
from core.base import BaseModel
from evidence.models import LedgerEntry
from inventory.models import Vendor


class ThroughVendor(VisibleQuerySet[M]):
    """Rows that belong to an organisation through their vendor."""

    owner_path = "vendor__organisation"
    read_verb = "assessments.read"


class ReceivedPlan(BaseModel):
    """Where a plan came from that somebody else wrote and sealed; its document is theirs to the last byte."""

    plan = models.OneToOneField("assessments.Plan", on_delete=models.PROTECT, related_name="received")
    origin = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    their_plan = models.UUIDField()
    their_entry = models.BigIntegerField()
    compared = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.plan} from {self.origin}"


class VendorKey(BaseModel):
    """A vendor's public key file that a person pinned after comparing its fingerprint, which came by another way than the file."""

    class Compared(models.TextChoices):
        """How the fingerprint was obtained."""

        MEETING = "meeting", "In a meeting, from a person we know"
        TELEPHONE = "telephone", "By telephone, on a number we had before"
        PAPER = "paper", "On paper: contract annex or signed letter"
        WEBSITE = "website", "From the vendor's own website over https"

    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="keys")
    fingerprint = models.CharField(max_length=64)
    trusted_root = models.TextField()
    statement_keys = models.JSONField(default=list)
    origin = models.CharField(max_length=200)
    compared = models.CharField(max_length=12, choices=Compared.choices)
    pinned_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    withdrawn_reason = models.TextField(blank=True)

    objects = ThroughVendor.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["vendor", "fingerprint"], condition=models.Q(withdrawn_at__isnull=True), name="one_pinned_key_per_fingerprint"),
            models.CheckConstraint(
                condition=models.Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True) | models.Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="key_withdrawn_by_a_person",
            ),
        ]
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"Key {self.fingerprint[:16]} of {self.vendor.name}"

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.vendor.organisation_id

    @property
    def subject(self) -> str:
        """The text by which the log names this key."""
        return f"assessments.vendorkey:{self.id}"


class ReceivedCase(BaseModel):
    """A vendor's case that was accepted: its file, who attested it, and every check that was made, in words. Refused ones leave only a log entry."""

    class Outcome(models.TextChoices):
        """What the checks came to."""

        ACCEPTED = "accepted", "Accepted"
        LIMITS = "limits", "Accepted with limits"

    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="received_cases")
    plan = models.ForeignKey("assessments.Plan", on_delete=models.PROTECT, related_name="received_cases")
    key = models.ForeignKey(VendorKey, on_delete=models.PROTECT, related_name="cases")
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    results_digest = models.CharField(max_length=64)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    checks: Any = models.JSONField(default=list)
    log_size = models.BigIntegerField()
    log_root = models.CharField(max_length=64)
    received_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, related_name="+")

    objects = ThroughVendor.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["vendor", "sha256"], name="one_received_case_per_file"),
            models.UniqueConstraint(fields=["vendor", "results_digest"], name="one_received_case_per_results"),
            models.CheckConstraint(condition=models.Q(outcome__in=["accepted", "limits"]), name="received_case_outcome_known"),
        ]
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"Case of {self.vendor.name}: {self.plan.title}"

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.vendor.organisation_id

    @property
    def subject(self) -> str:
        """The text by which artifacts and log entries name this case."""
        return f"assessments.receivedcase:{self.id}"
