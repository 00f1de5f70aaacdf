"""Incidents, the facts about them with their times, and the reports that were sent."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import ClassVar

from django.db import models

from accounts.models import Organisation, User
from accounts.visibility import M, VisibleQuerySet
from core.base import BaseModel
from decisions.clocks import Clock, Facts, Sent, clocks_of
from decisions.gap_models import Exemption, ExemptionState, GapAssignment
from decisions.gate_models import Approval, Decision, DecisionTask, GatePolicy, GatePolicyVersion, RollbackDrill, Waiver
from decisions.regimes import shipped
from decisions.response_models import (
    ActionStep,
    CalendarKey,
    CapturedPrompts,
    CorrectiveAction,
    DraftVersion,
    EvidenceHold,
    IncidentReport,
    Reminder,
    ReminderChoice,
    ReportState,
    ThroughIncident,
    VendorPromise,
)
from decisions.vocabulary import FACTS, KINDS, ROLES, ZONES
from evidence.models import Artifact, LedgerEntry
from inventory.models import AISystem, ModelVersion, Vendor

__all__ = [
    "ActionStep",
    "Approval",
    "CalendarKey",
    "CapturedPrompts",
    "CorrectiveAction",
    "Decision",
    "DecisionTask",
    "DraftVersion",
    "EvidenceHold",
    "Exemption",
    "ExemptionState",
    "GapAssignment",
    "GatePolicy",
    "GatePolicyVersion",
    "Incident",
    "IncidentFact",
    "IncidentQuerySet",
    "IncidentReport",
    "Reminder",
    "ReminderChoice",
    "ReportState",
    "RollbackDrill",
    "Severity",
    "Submission",
    "VendorPromise",
    "Waiver",
    "next_clock",
]

FACT_CHOICES, ZONE_CHOICES = list(FACTS.items()), list(ZONES.items())


class IncidentQuerySet(VisibleQuerySet[M]):
    """Incidents of the actor's organisations."""

    read_verb = "incidents.read"


class Severity(models.TextChoices):
    """How bad it is, by our own judgement; no clock depends on it."""

    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"
    CRITICAL = "critical", "Critical"


class Incident(BaseModel):
    """Something that went wrong. ``kinds`` and ``roles`` decide which clocks apply; ``zone`` and ``holidays`` (ISO days) are those of our authority."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="incidents")
    number = models.PositiveIntegerField(unique=True)
    title = models.CharField(max_length=200)
    description = models.TextField()
    severity = models.CharField(max_length=10, choices=Severity.choices)
    kinds = models.JSONField(default=list, blank=True)
    roles = models.JSONField(default=list, blank=True)
    zone = models.CharField(max_length=40, choices=ZONE_CHOICES, default="Europe/Brussels")
    holidays = models.JSONField(default=list, blank=True)
    systems = models.ManyToManyField(AISystem, related_name="incidents")
    versions = models.ManyToManyField(ModelVersion, related_name="incidents")
    vendors = models.ManyToManyField(Vendor, related_name="incidents")
    rolled_back_to = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="+")
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = IncidentQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(severity__in=Severity.values), name="incident_severity_known")]
        ordering: ClassVar = ["-number"]

    def __str__(self) -> str:
        return f"{self.reference}: {self.title}"

    @property
    def reference(self) -> str:
        """The number as people cite it."""
        return f"I-{self.number:06d}"

    @property
    def subject(self) -> str:
        """The text by which files and log entries name this incident."""
        return f"decisions.incident:{self.id}"

    @property
    def kind_words(self) -> list[str]:
        """What it is marked as, in the order of the vocabulary."""
        return [text for name, text in KINDS.items() if name in self.kinds]

    @property
    def role_words(self) -> list[str]:
        """What we are in it, in the order of the vocabulary."""
        return [text for name, text in ROLES.items() if name in self.roles]

    def current_facts(self) -> list["IncidentFact"]:
        """The facts that no correction has replaced and that were not withdrawn, by time."""
        return standing_facts(list(self.facts.all()))

    def current_submissions(self) -> list["Submission"]:
        """The reports recorded as sent that no correction has replaced and that were not withdrawn, by time."""
        return standing_submissions(list(self.submissions.all()))

    def facts_known(self) -> Facts:
        """What the clocks look at."""
        return self.facts_from(list(self.facts.all()), list(self.submissions.all()))

    def facts_from(self, facts: Sequence["IncidentFact"], submissions: Sequence["Submission"]) -> Facts:
        """What the clocks look at, given all facts and submissions of this incident."""
        times = {row.name: row.at for row in standing_facts(facts) if row.at is not None}
        sent = tuple(Sent(row.clock, row.submitted_at) for row in standing_submissions(submissions))
        holidays = frozenset(date.fromisoformat(day) for day in self.holidays)
        return Facts(times, frozenset(self.kinds), frozenset(self.roles), self.zone, holidays, sent)

    def clocks(self, now: datetime) -> list[Clock]:
        """Every clock of every regime, applicable or not."""
        return clocks_of(self.facts_known(), shipped(), now)


def standing_facts(rows: Sequence["IncidentFact"]) -> list["IncidentFact"]:
    """Those of one incident's facts that no correction has replaced and that were not withdrawn, by time."""
    replaced = {row.replaces_id for row in rows}
    return sorted((row for row in rows if row.at is not None and row.pk not in replaced), key=lambda row: (row.at, row.name))


def standing_submissions(rows: Sequence["Submission"]) -> list["Submission"]:
    """Those of one incident's submissions that no correction has replaced and that were not withdrawn, by time."""
    replaced = {row.replaces_id for row in rows}
    return sorted((row for row in rows if not row.withdrawn and row.pk not in replaced), key=lambda row: row.submitted_at)


def next_clock(clocks: Iterable[Clock]) -> Clock | None:
    """The open clock to look at first: what is due at once, then by due time; None when nothing is open."""
    rows = [row for row in clocks if row.open]
    return min(rows, key=lambda row: (row.due is not None, row.due or row.started, row.key), default=None)


class IncidentFact(BaseModel):
    """When one thing happened, who entered it and from what source. A correction ``replaces`` it, without ``at`` to withdraw it."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="facts")
    name = models.CharField(max_length=30, choices=FACT_CHOICES)
    at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=500)
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="replaced_by")
    reason = models.CharField(max_length=500, blank=True)
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = ThroughIncident.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["incident", "name"], condition=models.Q(replaces__isnull=True), name="one_first_fact_per_name"),
            models.CheckConstraint(condition=models.Q(replaces__isnull=False) | models.Q(at__isnull=False), name="first_fact_has_a_time"),
        ]
        ordering: ClassVar = ["created_at"]

    def __str__(self) -> str:
        return f"{self.get_name_display()} ({self.incident.reference})"

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.incident.organisation_id


class Submission(BaseModel):
    """A report that was sent on one clock: when, under which reference, with which proof, and why late. ``due_at`` is what the clock said then.

    A correction ``replaces`` it and says why in ``reason``; ``withdrawn`` says that nothing was sent after all.
    """

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="submissions")
    clock = models.CharField(max_length=60)
    submitted_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    reference = models.CharField(max_length=200)
    late_reason = models.CharField(max_length=1000, blank=True)
    proof = models.ForeignKey(Artifact, on_delete=models.PROTECT, null=True, related_name="+")
    report = models.ForeignKey(IncidentReport, on_delete=models.PROTECT, null=True, related_name="submissions")
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="replaced_by")
    reason = models.CharField(max_length=500, blank=True)
    withdrawn = models.BooleanField(default=False)
    entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, related_name="+")
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = ThroughIncident.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(due_at__isnull=True) | models.Q(submitted_at__lte=models.F("due_at")) | ~models.Q(late_reason=""), name="late_has_a_reason"
            )
        ]
        ordering: ClassVar = ["submitted_at"]

    def __str__(self) -> str:
        return f"{self.clock} of {self.incident.reference}"

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.incident.organisation_id
