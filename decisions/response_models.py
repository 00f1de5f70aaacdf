"""What follows an incident: corrective actions, drafts of reports, files on hold, what vendors promised, captured prompts, reminders, calendar keys."""

import uuid
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.db import models

from accounts.models import User
from accounts.visibility import M, VisibleQuerySet
from assessments.models import AddedProbeSet, Plan
from core.base import BaseModel
from decisions.vocabulary import FACTS
from evidence.models import Artifact
from evidence.signed_models import SignedPages
from inventory.models import Vendor

if TYPE_CHECKING:
    from decisions.models import Incident


class ThroughIncident(VisibleQuerySet[M]):
    """Rows that belong to an organisation through their incident."""

    owner_path = "incident__organisation"
    read_verb = "incidents.read"


class ThroughDraft(ThroughIncident[M]):
    """Rows that belong to an organisation through the draft of an incident."""

    owner_path = "version__incident__organisation"


class CorrectiveAction(BaseModel):
    """Something to be done after an incident, by whom and until which day; ``done_at`` is empty while it is open."""

    incident = models.ForeignKey("decisions.Incident", on_delete=models.PROTECT, related_name="actions")
    text = models.CharField(max_length=500)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField()
    done_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = ThroughIncident.as_manager()

    class Meta:
        ordering: ClassVar = ["due_on", "created_at"]

    def __str__(self) -> str:
        return self.text

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.incident.organisation_id

    def late_on(self, today: date) -> bool:
        """Whether it is open and its day has passed."""
        return self.done_at is None and self.due_on < today


class ActionStep(BaseModel):
    """One thing that happened to a corrective action, with a note and, when it was done, the file that shows it."""

    class Kind(models.TextChoices):
        """What happened."""

        DONE = "done", "Done"
        REOPENED = "reopened", "Opened again"
        CHANGED = "changed", "Owner or day changed"

    action = models.ForeignKey(CorrectiveAction, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    note = models.CharField(max_length=1000)
    proof = models.ForeignKey(Artifact, on_delete=models.PROTECT, null=True, related_name="+")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["created_at"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.action}"


class EvidenceHold(BaseModel):
    """A file that must stay while an incident needs it. The reference protects the file itself; another person must release it."""

    incident = models.ForeignKey("decisions.Incident", on_delete=models.PROTECT, related_name="holds")
    artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="holds")
    reason = models.CharField(max_length=500)
    placed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    release_reason = models.CharField(max_length=500, blank=True)

    objects = ThroughIncident.as_manager()

    class Meta:
        ordering: ClassVar = ["created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["incident", "artifact"], condition=models.Q(released_at__isnull=True), name="one_hold_per_file_and_incident"),
            models.CheckConstraint(
                condition=models.Q(released_at__isnull=True) | (models.Q(released_by__isnull=False) & ~models.Q(release_reason="")),
                name="hold_release_has_person_and_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"Hold on {self.artifact}"

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.incident.organisation_id


class VendorPromise(BaseModel):
    """Within how many hours a vendor promised to tell us, counted from which fact, where that is written, and when it told us."""

    incident = models.ForeignKey("decisions.Incident", on_delete=models.PROTECT, related_name="promises")
    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="+")
    hours = models.PositiveIntegerField()
    counted_from = models.CharField(max_length=30, choices=list(FACTS.items()))
    source = models.CharField(max_length=500)
    told_at = models.DateTimeField(null=True, blank=True)

    objects = ThroughIncident.as_manager()

    class Meta:
        ordering: ClassVar = ["created_at"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["incident", "vendor"], name="one_promise_per_vendor_and_incident")]

    def __str__(self) -> str:
        return f"{self.vendor}: {self.hours} hours"

    def due(self, incident: "Incident") -> datetime | None:
        """Until when it had to tell us; None while the fact it counts from is unknown."""
        start = incident.facts_known().times.get(self.counted_from)
        return start + timedelta(hours=self.hours) if start else None

    def verdict(self, incident: "Incident", now: datetime) -> str:
        """``kept``, ``late``, ``overdue``, ``running``, or ``unknown`` without the fact it counts from."""
        due = self.due(incident)
        if due is None:
            return "unknown"
        if self.told_at is not None:
            return "kept" if self.told_at <= due else "late"
        return "running" if now <= due else "overdue"

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.incident.organisation_id


class CapturedPrompts(BaseModel):
    """Prompts of an incident as a probe set, and the plans drafted with it; a draft that is discarded leaves."""

    incident = models.ForeignKey("decisions.Incident", on_delete=models.PROTECT, related_name="captured")
    probe_set = models.OneToOneField(AddedProbeSet, on_delete=models.PROTECT, related_name="+")
    plans = models.ManyToManyField(Plan, related_name="+")
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = ThroughIncident.as_manager()

    class Meta:
        ordering: ClassVar = ["created_at"]

    def __str__(self) -> str:
        return str(self.probe_set)

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.incident.organisation_id


class ReportState(models.TextChoices):
    """Where the file of a draft's version stands."""

    REQUESTED = "requested", "Being made"
    DONE = "done", "Made"
    FAILED = "failed", "Failed"


class DraftVersion(BaseModel):
    """One saved version of a draft: ``answers`` by field as people typed them over what the record says. Never changed afterwards."""

    incident = models.ForeignKey("decisions.Incident", on_delete=models.PROTECT, related_name="drafts")
    clock = models.CharField(max_length=60)
    number = models.PositiveIntegerField()
    answers = models.JSONField(default=dict, blank=True)
    saved_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = ThroughIncident.as_manager()

    class Meta:
        ordering: ClassVar = ["clock", "number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["incident", "clock", "number"], name="one_draft_per_number")]

    def __str__(self) -> str:
        return f"{self.clock}, version {self.number}"

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.incident.organisation_id


class IncidentReport(SignedPages):
    """The signed PDF and the JSON of one version of a draft. ``content`` is what they say, fixed when they were asked for."""

    MARK = "IR"

    version = models.OneToOneField(DraftVersion, on_delete=models.PROTECT, related_name="report")
    state = models.CharField(max_length=10, choices=ReportState.choices, default=ReportState.REQUESTED)
    data = models.ForeignKey(Artifact, on_delete=models.PROTECT, null=True, related_name="+")

    objects = ThroughDraft.as_manager()

    class Meta(SignedPages.Meta):
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(state="done") | models.Q(pdf__isnull=False, data__isnull=False, entry__isnull=False), name="incident_report_done_is_logged"
            )
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.version.incident.organisation_id

    @property
    def subject(self) -> str:
        """The text by which the log names the incident it is about."""
        return self.version.incident.subject


class Reminder(BaseModel):
    """One mail about one deadline to one person: ``key`` names deadline and lead. Taken while it is being sent, so that two workers do not both send it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="reminders")
    incident = models.ForeignKey("decisions.Incident", on_delete=models.PROTECT, related_name="reminders")
    key = models.CharField(max_length=200)
    taken_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "key"], name="one_reminder_per_deadline_and_lead")]

    def __str__(self) -> str:
        return self.key


class ReminderChoice(BaseModel):
    """Which reminders a person wants by mail; without a row, both. A convenience, so it is not logged."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="reminder_choice")
    clocks = models.BooleanField(default=True)
    actions = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"Reminders of {self.user}"


class CalendarKey(BaseModel):
    """The secret in the address of a person's calendar of deadlines: only its SHA-256 is kept. One per person."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="calendar_key")
    secret_hash = models.CharField(max_length=64, unique=True)
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"Calendar of {self.user}"
