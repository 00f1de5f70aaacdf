"""Artifacts, links and log entries as they are shown."""

from rest_framework import serializers

from api.v1.base.rows import Row, Values
from evidence.models import Artifact, EvidenceLink, LedgerEntry


class ArtifactRow(Row):
    """Immutable bytes, the period they speak about, and the statement that vouches for them."""

    model = Artifact
    id = serializers.UUIDField()
    sha256 = serializers.CharField()
    size = serializers.IntegerField()
    name = serializers.CharField()
    media_type = serializers.CharField()
    kind = serializers.CharField()
    title = serializers.CharField()
    subject = serializers.CharField()
    observed_from = serializers.DateTimeField(allow_null=True)
    observed_to = serializers.DateTimeField(allow_null=True)
    predicate_type = serializers.CharField(source="attestation.predicate_type")
    statement_digest = serializers.CharField(source="attestation.statement_digest")
    log_index = serializers.IntegerField(source="attestation.entry.index")
    created_at = serializers.DateTimeField()


class LinkRow(Row):
    """A claim that an artifact speaks to a requirement; it counts only after a person accepted it."""

    model = EvidenceLink
    id = serializers.UUIDField()
    artifact = serializers.UUIDField(source="artifact_id")
    sha256 = serializers.CharField(source="artifact.sha256")
    subject = serializers.CharField(source="artifact.subject")
    requirement = serializers.UUIDField(source="requirement_id")
    framework = serializers.CharField(source="requirement.version.framework.slug")
    ref = serializers.CharField(source="requirement.ref")
    evidence_kind = serializers.CharField()
    rationale = serializers.CharField()
    tier = serializers.CharField(help_text="verdict of the finding it comes from")
    status = serializers.ChoiceField(choices=EvidenceLink.Status.choices)
    reviewer = serializers.UUIDField(source="reviewer_id", allow_null=True)
    review_rationale = serializers.CharField()
    reviewed_at = serializers.DateTimeField(allow_null=True)
    valid_until = serializers.DateField(allow_null=True)
    created_at = serializers.DateTimeField()


class EntryRow(Row):
    """One line of the log."""

    model = LedgerEntry
    index = serializers.IntegerField()
    action = serializers.CharField()
    subject = serializers.CharField()
    actor = serializers.CharField()
    at = serializers.DateTimeField()
    payload = serializers.DictField()
    leaf_hash = serializers.CharField(help_text="RFC 6962 leaf hash, hex")
    predicate_type = serializers.CharField(source="attestation.predicate_type")
    statement_digest = serializers.CharField(source="attestation.statement_digest")


class CheckpointRow(serializers.Serializer[Values]):
    """The log's newest head. ``note`` is a C2SP signed note: check its signature with the log's key."""

    origin = serializers.CharField()
    tree_size = serializers.IntegerField()
    root = serializers.CharField(help_text="RFC 6962 root, hex")  # type: ignore[assignment]  # a field may be called so
    note = serializers.CharField()
    at = serializers.DateTimeField()


class Document(serializers.Serializer[Values]):
    """A JSON document of another standard, given as it was signed."""
