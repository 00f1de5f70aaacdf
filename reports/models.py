"""Reports that were asked for and made, and the signature on each."""

import uuid
from typing import ClassVar

from django.db import models

from accounts.models import Organisation, User
from accounts.visibility import VisibleQuerySet
from assessments.models import Run
from core.base import BaseModel
from evidence.models import Artifact, LedgerEntry
from evidence.signed_models import ReportState, SignedPages
from inventory.models import Vendor

__all__ = ["BoardReport", "CaseExport", "Report", "ReportState", "Signature", "VendorPack"]


class ReportQuerySet(VisibleQuerySet["Report"]):
    """Questions about sets of reports."""

    owner_path = "run__plan__version__model__vendor__organisation"
    read_verb = "reports.read"


class Report(BaseModel):
    """One signed PDF about one run as of a day. Asking again for the same content gives the same report."""

    number = models.PositiveIntegerField(unique=True)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="reports")
    title = models.CharField(max_length=200)
    prepared_for = models.CharField(max_length=200)
    as_of = models.DateField()
    state = models.CharField(max_length=10, choices=ReportState.choices, default=ReportState.REQUESTED)
    error = models.TextField(blank=True)
    content_digest = models.CharField(max_length=64)
    snapshot_digest = models.CharField(max_length=64, blank=True)
    unsigned_sha256 = models.CharField(max_length=64, blank=True)
    signed_sha256 = models.CharField(max_length=64, blank=True)
    artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, null=True, related_name="+")
    entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, null=True, related_name="+")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = ReportQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "content_digest"], name="one_report_per_content"),
            models.CheckConstraint(condition=models.Q(state__in=ReportState.values), name="report_state_known"),
            models.CheckConstraint(condition=~models.Q(state="done") | models.Q(artifact__isnull=False, entry__isnull=False), name="report_done_is_logged"),
        ]
        ordering: ClassVar = ["-number"]

    def __str__(self) -> str:
        return f"{self.reference}: {self.title}"

    @property
    def reference(self) -> str:
        """The number as people cite it."""
        return f"R-{self.number:06d}"

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.run.organisation_id

    @property
    def subject(self) -> str:
        """The text by which the log names this report."""
        return f"reports.report:{self.id}"


class Signature(BaseModel):
    """How a report was signed: ``certificate`` is the hex SHA-256 of the DER certificate."""

    report = models.OneToOneField(Report, on_delete=models.PROTECT, related_name="signature")
    profile = models.CharField(max_length=20)
    certificate = models.CharField(max_length=64)
    signed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.profile} on {self.report}"


class CaseQuerySet(VisibleQuerySet["CaseExport"]):
    """Questions about sets of exported cases."""

    owner_path = "run__plan__version__model__vendor__organisation"
    read_verb = "evidence.read"


class CaseExport(BaseModel):
    """A case that was asked for: one ZIP of everything about a run, kept in the store under its own SHA-256."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="cases")
    title = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=ReportState.choices, default=ReportState.REQUESTED)
    error = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, null=True, related_name="+")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = CaseQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(state__in=ReportState.values), name="case_state_known"),
            models.CheckConstraint(condition=~models.Q(state="done") | models.Q(entry__isnull=False, size__gt=0), name="case_done_is_logged"),
        ]
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return self.title

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.run.organisation_id

    @property
    def subject(self) -> str:
        """The text by which the log names this case."""
        return f"reports.case:{self.id}"

    @property
    def file_name(self) -> str:
        """What the ZIP is called when it is handed out."""
        return f"case-run-{self.run.number}-{self.sha256[:8]}.zip"


class BoardReportQuerySet(VisibleQuerySet["BoardReport"]):
    """Questions about sets of board reports."""

    read_verb = "reports.read"


class BoardReport(SignedPages):
    """One signed page for a board: ``content`` is what it says, fixed when it was asked for. The same content gives the same report."""

    MARK = "B"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")

    objects = BoardReportQuerySet.as_manager()

    class Meta(SignedPages.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "content_digest"], name="one_board_report_per_content"),
            models.CheckConstraint(condition=models.Q(state__in=ReportState.values), name="board_report_state_known"),
            models.CheckConstraint(condition=~models.Q(state="done") | models.Q(pdf__isnull=False, entry__isnull=False), name="board_report_done_is_logged"),
        ]

    def __str__(self) -> str:
        return f"{self.reference}: the board's page"

    @property
    def subject(self) -> str:
        """The text by which the log names this report."""
        return f"reports.boardreport:{self.id}"


class VendorPackQuerySet(VisibleQuerySet["VendorPack"]):
    """Questions about sets of due-diligence packs."""

    owner_path = "vendor__organisation"
    read_verb = "reports.read"


class VendorPack(SignedPages):
    """A due-diligence pack on a vendor: ``content`` is what it says, fixed when it was asked for. The same content gives the same pack."""

    MARK = "V"

    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="packs")

    objects = VendorPackQuerySet.as_manager()

    class Meta(SignedPages.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["vendor", "content_digest"], name="one_vendor_pack_per_content"),
            models.CheckConstraint(condition=models.Q(state__in=ReportState.values), name="vendor_pack_state_known"),
            models.CheckConstraint(condition=~models.Q(state="done") | models.Q(pdf__isnull=False, entry__isnull=False), name="vendor_pack_done_is_logged"),
        ]

    def __str__(self) -> str:
        return f"{self.reference}: due diligence on {self.vendor}"

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.vendor.organisation_id

    @property
    def subject(self) -> str:
        """The text by which the log names this pack."""
        return f"reports.vendorpack:{self.id}"
