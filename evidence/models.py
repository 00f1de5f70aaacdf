"""Tables of the evidence store and its log. Rows of the log are only ever added."""

import datetime
import json
from typing import Any, ClassVar, Self

from django.db import models

from accounts.models import Organisation, User
from accounts.permissions import allowed
from accounts.visibility import M, VisibleQuerySet
from core.base import BaseModel
from frameworks.models import Requirement


class EvidenceQuerySet(VisibleQuerySet[M]):
    """Rows an actor may know of because the statement that vouches for them was made in one of their organisations."""

    owner_path = "attestation__organisation"
    read_verb = "evidence.read"

    def visible_to(self, actor: User) -> Self:
        """Rows of the actor's organisations; those of the installation as a whole too for a role that may read its accounts."""
        own = super().visible_to(actor)
        if not (allowed(actor, self.read_verb) and allowed(actor, "accounts.read")):
            return own
        return own | self.filter(**{f"{self.owner_path}__isnull": True})


class AttestationQuerySet(EvidenceQuerySet[M]):
    """Statements an actor may know of."""

    owner_path = "organisation"


class LinkQuerySet(EvidenceQuerySet[M]):
    """Links whose artifact an actor may know of."""

    owner_path = "artifact__attestation__organisation"


class Attestation(BaseModel):
    """A signed statement: its DSSE envelope, the digest of its payload, and in whose register it was made (None: the installation's own)."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    envelope = models.TextField()
    predicate_type = models.CharField(max_length=200)
    statement_digest = models.CharField(max_length=64, unique=True)
    subject = models.CharField(max_length=200, db_index=True)

    objects = AttestationQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.predicate_type} on {self.subject}"

    @property
    def parsed_envelope(self) -> dict[str, Any]:
        """The DSSE envelope as a dictionary."""
        return dict(json.loads(self.envelope))


class ArtifactQuerySet(EvidenceQuerySet["Artifact"]):
    """Questions about sets of artifacts."""

    def observed_by(self, moment: datetime.datetime) -> Self:
        """Artifacts whose period of observation began by ``moment``."""
        return self.filter(models.Q(observed_from__isnull=True) | models.Q(observed_from__lte=moment))


class Artifact(BaseModel):
    """Immutable bytes in the store, the period they speak about, and the statement that vouches for them."""

    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.PositiveBigIntegerField()
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100)
    kind = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    subject = models.CharField(max_length=200, db_index=True)
    observed_from = models.DateTimeField(null=True)
    observed_to = models.DateTimeField(null=True)
    attestation = models.ForeignKey(Attestation, on_delete=models.PROTECT, related_name="artifacts")

    objects = ArtifactQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["attestation", "name"], name="one_artifact_per_name_and_statement")]

    def __str__(self) -> str:
        return self.title


class LedgerEntry(models.Model):
    """One line of the log. ``index`` counts from 0 without gaps; ``leaf`` is what the tree commits to."""

    index = models.BigIntegerField(primary_key=True)
    leaf = models.TextField()
    leaf_hash = models.CharField(max_length=64)
    actor = models.CharField(max_length=80)
    action = models.CharField(max_length=80, db_index=True)
    subject = models.CharField(max_length=200, db_index=True)
    payload = models.JSONField()
    at = models.DateTimeField()
    attestation = models.OneToOneField(Attestation, on_delete=models.PROTECT, related_name="entry")

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["index"]
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(index__gte=0), name="ledger_index_from_zero")]

    def __str__(self) -> str:
        return f"{self.index} {self.action} {self.subject}"


class LogNode(models.Model):
    """Hash of the complete subtree ``index`` at ``level`` (1 = two leaves); level 0 is in the entries."""

    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["level", "index"], name="one_hash_per_node")]

    def __str__(self) -> str:
        return f"{self.level}/{self.index}"


class LogHead(models.Model):
    """The one row whose lock orders all appends."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    size = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="one_log_head")]

    def __str__(self) -> str:
        return f"head of {self.size} entries"


class Checkpoint(models.Model):
    """The log's head as signed after an append: C2SP signed note over origin, size and root."""

    tree_size = models.BigIntegerField(primary_key=True)
    root = models.CharField(max_length=64)
    note = models.TextField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"checkpoint at {self.tree_size}"


class EvidenceLink(BaseModel):
    """A claim that an artifact speaks to a requirement; it counts only after a person accepted it."""

    class Status(models.TextChoices):
        """Proposed by software or a person, then decided once."""

        PROPOSED = "proposed", "Proposed"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"

    artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="links")
    requirement = models.ForeignKey(Requirement, on_delete=models.PROTECT, related_name="links")
    evidence_kind = models.CharField(max_length=60)
    rationale = models.TextField()
    tier = models.CharField(max_length=20)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PROPOSED)
    reviewer = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="reviewed_links")
    review_rationale = models.TextField(blank=True)
    reviewed_at = models.DateTimeField(null=True)
    valid_until = models.DateField(null=True)

    objects = LinkQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["artifact", "requirement", "evidence_kind"], name="one_link_per_artifact_requirement_kind"),
            models.CheckConstraint(
                condition=models.Q(status="proposed", reviewer__isnull=True, reviewed_at__isnull=True)
                | models.Q(status__in=["accepted", "declined"], reviewer__isnull=False, reviewed_at__isnull=False),
                name="link_decided_by_a_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.artifact} for {self.requirement}"
