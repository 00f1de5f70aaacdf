"""Gate policies, the decisions made under them, approvals, waivers, conditions as tasks, and rollback drills."""

import uuid
from typing import Any, ClassVar

from django.db import models

from accounts.models import Organisation, User
from accounts.visibility import M, VisibleQuerySet
from core.base import BaseModel
from core.canonical import canonical_digest
from decisions.gate_vocabulary import OUTCOMES, STEPS
from evidence.models import Attestation, LedgerEntry
from inventory.models import AISystem, ModelVersion


class GateQuerySet(VisibleQuerySet[M]):
    """Rows of the actor's organisations."""

    read_verb = "decisions.read"


class ThroughPolicy(GateQuerySet[M]):
    """Rows that belong to an organisation through their policy."""

    owner_path = "policy__organisation"


class ThroughDecision(GateQuerySet[M]):
    """Rows that belong to an organisation through their decision."""

    owner_path = "decision__organisation"


class ThroughVersion(GateQuerySet[M]):
    """Rows that belong to an organisation through the model version they are about."""

    owner_path = "version__model__vendor__organisation"


class GatePolicy(BaseModel):
    """A gate before one step of the lifecycle; what it asks for stands in its versions."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="gate_policies")
    name = models.CharField(max_length=120)
    step = models.CharField(max_length=30, choices=list(STEPS.items()))

    objects = GateQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "name"], name="one_gate_policy_per_name"),
            models.CheckConstraint(condition=models.Q(step__in=list(STEPS)), name="gate_policy_step_known"),
        ]
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def subject(self) -> str:
        """The text by which log entries name this policy."""
        return f"decisions.gatepolicy:{self.id}"

    @property
    def current(self) -> "GatePolicyVersion":
        """The newest version; there is always one."""
        return max(self.versions.all(), key=lambda row: row.number)


class GatePolicyVersion(BaseModel):
    """What a policy asked for from one edit to the next. Never changed: an edit makes the next version, and decisions keep theirs."""

    policy = models.ForeignKey(GatePolicy, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    conditions = models.JSONField(default=list, blank=True)
    quorum = models.PositiveSmallIntegerField()
    roles = models.JSONField()
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = ThroughPolicy.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["policy", "number"], name="one_gate_policy_version_per_number"),
            models.CheckConstraint(condition=models.Q(quorum__gte=1), name="gate_policy_quorum_of_one_or_more"),
        ]
        ordering: ClassVar = ["-number"]

    def __str__(self) -> str:
        return f"{self.policy}, version {self.number}"

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.policy.organisation_id

    @property
    def document(self) -> dict[str, Any]:
        """All it asks for, as it is hashed."""
        return {"step": self.policy.step, "number": self.number, "conditions": self.conditions, "quorum": self.quorum, "roles": self.roles}

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the document."""
        return canonical_digest(self.document)


class DecisionState(models.TextChoices):
    """Where a decision stands with its approvers; whether it still holds follows from the record, not from this."""

    OPEN = "open", "Waiting for approval"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Decision(BaseModel):
    """A step asked for one model version or AI system under one version of a policy.

    ``digest``, ``outcome`` and ``basis`` are those that reached the quorum, empty before; ``basis`` is what the digest is of.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="decisions")
    number = models.PositiveIntegerField(unique=True)
    policy = models.ForeignKey(GatePolicyVersion, on_delete=models.PROTECT, related_name="decisions")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="decisions")
    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, null=True, related_name="decisions")
    purpose = models.TextField()
    state = models.CharField(max_length=10, choices=DecisionState.choices, default=DecisionState.OPEN)
    outcome = models.CharField(max_length=20, choices=[(key.value, text) for key, text in OUTCOMES.items()], blank=True)
    digest = models.CharField(max_length=64, blank=True)
    basis = models.JSONField(null=True, blank=True)
    attestation = models.OneToOneField(Attestation, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = GateQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(version__isnull=True) ^ models.Q(system__isnull=True), name="decision_has_one_subject"),
            models.CheckConstraint(condition=models.Q(state__in=DecisionState.values), name="decision_state_known"),
            models.CheckConstraint(
                condition=~models.Q(state="approved") | models.Q(attestation__isnull=False, basis__isnull=False), name="decision_approved_is_attested"
            ),
        ]
        ordering: ClassVar = ["-number"]

    def __str__(self) -> str:
        return f"{self.reference}: {self.get_step} for {self.about}"

    @property
    def reference(self) -> str:
        """The number as people cite it."""
        return f"D-{self.number:06d}"

    @property
    def get_step(self) -> str:
        """The step of the lifecycle in words."""
        return STEPS[self.policy.policy.step]

    @property
    def about(self) -> ModelVersion | AISystem:
        """What it is asked for."""
        found = self.version or self.system
        assert found is not None
        return found

    @property
    def subject(self) -> str:
        """The text by which files and log entries name this decision."""
        return f"decisions.decision:{self.id}"


class Vote(models.TextChoices):
    """What an approver said."""

    APPROVE = "approve", "Approved"
    REJECT = "reject", "Rejected"


class Approval(BaseModel):
    """One person's word on exactly the basis with this digest; ``basis`` is kept so that a later difference can be told."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="approvals")
    approver = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    vote = models.CharField(max_length=10, choices=Vote.choices)
    digest = models.CharField(max_length=64)
    basis = models.JSONField()
    reason = models.CharField(max_length=1000, blank=True)
    entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, related_name="+")

    objects = ThroughDecision.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["decision", "approver", "digest"], name="one_word_per_person_and_basis"),
            models.CheckConstraint(condition=~models.Q(vote="reject") | ~models.Q(reason=""), name="rejection_has_a_reason"),
        ]
        ordering: ClassVar = ["created_at"]

    def __str__(self) -> str:
        return f"{self.get_vote_display()} by {self.approver}"

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.decision.organisation_id


class Waiver(BaseModel):
    """Leave to go on although one condition of a decision is not met, with an owner, a reason and a last day."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="waivers")
    condition = models.CharField(max_length=20)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=1000)
    expires_on = models.DateField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = ThroughDecision.as_manager()

    class Meta:
        ordering: ClassVar = ["created_at"]

    def __str__(self) -> str:
        return f"Waiver of {self.condition} until {self.expires_on}"

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.decision.organisation_id


class DecisionTask(BaseModel):
    """A condition under which a step may be taken: what must be done, by whom and by when."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="tasks")
    text = models.CharField(max_length=500)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField()
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.CharField(max_length=1000, blank=True)

    objects = ThroughDecision.as_manager()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(done_at__isnull=True) | ~models.Q(note=""), name="task_done_has_a_note")]
        ordering: ClassVar = ["due_on", "created_at"]

    def __str__(self) -> str:
        return self.text

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.decision.organisation_id


class RollbackDrill(BaseModel):
    """A rollback that was tried before it was needed: from one version to another, on a day, by somebody, with a result."""

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="rollback_drills")
    returns_to = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    held_on = models.DateField()
    held_by = models.CharField(max_length=200)
    succeeded = models.BooleanField()
    result = models.CharField(max_length=1000)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, related_name="+")

    objects = ThroughVersion.as_manager()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=~models.Q(version=models.F("returns_to")), name="drill_returns_to_another_version")]
        ordering: ClassVar = ["-held_on", "-created_at"]

    def __str__(self) -> str:
        return f"Drill of {self.held_on} from {self.version}"

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.version.organisation_id
