"""What people decide about cells of the coverage matrix: who closes a gap by when, and which duties do not apply to a system."""

import uuid
from datetime import date
from typing import ClassVar

from django.db import models

from accounts.models import User
from accounts.visibility import M, VisibleQuerySet
from core import clock
from core.base import BaseModel
from frameworks.models import Framework
from inventory.models import AISystem


class ThroughSystem(VisibleQuerySet[M]):
    """Rows that belong to an organisation through their AI system; whoever may see coverage may see them."""

    owner_path = "system__organisation"
    read_verb = "frameworks.read"


class OfSystem(BaseModel):
    """A row about one requirement of one AI system. The requirement is named by framework and reference, which every edition keeps."""

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="+")
    framework = models.ForeignKey(Framework, on_delete=models.PROTECT, related_name="+")
    ref = models.CharField(max_length=60)

    class Meta:
        abstract = True

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.system.organisation_id

    @property
    def subject(self) -> str:
        """The text by which the log names this row."""
        return f"{self._meta.label_lower}:{self.id}"


class GapAssignment(OfSystem):
    """Who closes the gap of one requirement for one system, and by when. It stays while the gap is closed, and counts again when it reopens."""

    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField()
    note = models.CharField(max_length=500, blank=True)
    assigned_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = ThroughSystem.as_manager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["system", "framework", "ref"], name="one_owner_per_gap")]
        ordering: ClassVar = ["due_on"]

    def __str__(self) -> str:
        return f"{self.ref} for {self.system}"

    @property
    def overdue(self) -> bool:
        """Whether its day has passed."""
        return self.due_on < clock.now().date()


class ExemptionState(models.TextChoices):
    """States of an exemption; only an approved one takes a duty out of the gaps."""

    PROPOSED = "proposed", "Proposed"
    APPROVED = "approved", "Approved"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"


EXEMPTION_ALLOWED: dict[str, frozenset[str]] = {
    ExemptionState.PROPOSED: frozenset({ExemptionState.APPROVED, ExemptionState.DECLINED, ExemptionState.WITHDRAWN}),
    ExemptionState.APPROVED: frozenset({ExemptionState.WITHDRAWN}),
    ExemptionState.DECLINED: frozenset(),
    ExemptionState.WITHDRAWN: frozenset(),
}


class Exemption(OfSystem):
    """A person's judgement that a duty does not apply to a system; it counts once a second person approved it.

    ``requirement_digest`` is that of the wording that was judged: a row that demands something else needs a new judgement.
    """

    requirement_digest = models.CharField(max_length=64)
    reason = models.CharField(max_length=1000)
    state = models.CharField(max_length=10, choices=ExemptionState.choices, default=ExemptionState.PROPOSED)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.CharField(max_length=1000, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = ThroughSystem.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["system", "framework", "ref"], condition=models.Q(state__in=["proposed", "approved"]), name="one_open_exemption"),
            models.CheckConstraint(condition=models.Q(state__in=ExemptionState.values), name="exemption_state_known"),
            models.CheckConstraint(condition=models.Q(decided_by__isnull=True) | ~models.Q(decided_by=models.F("proposed_by")), name="exemption_four_eyes"),
            models.CheckConstraint(
                condition=~models.Q(state__in=["approved", "declined"]) | models.Q(decided_by__isnull=False, decided_at__isnull=False),
                name="exemption_decided_by_a_person",
            ),
        ]
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.ref} for {self.system}"

    def held_on(self, seen: date) -> bool:
        """Whether it was approved and not withdrawn by the end of ``seen``."""
        approved = self.state in (ExemptionState.APPROVED, ExemptionState.WITHDRAWN) and self.decided_at is not None and self.decided_at.date() <= seen
        return approved and (self.withdrawn_at is None or self.withdrawn_at.date() > seen)
