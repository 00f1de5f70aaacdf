"""Writes to the evidence store: records of stored bytes, and links from them to requirements."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from core.clock import now
from core.errors import Conflict, InvalidInput, InvalidState, NotAllowed
from evidence import ledger, statements
from evidence.models import Artifact, Attestation, EvidenceLink, LedgerEntry
from evidence.storage import Blob
from frameworks.models import Requirement


@dataclass(frozen=True)
class StoredFile:
    """A blob in the store and what a person may know of it; ``name`` is the file name strangers will see."""

    blob: Blob
    name: str
    media_type: str
    kind: str
    title: str
    observed_from: datetime.datetime | None = None
    observed_to: datetime.datetime | None = None


@transaction.atomic
def evidence_record(
    *,
    actor: User,
    action: str,
    subject: str,
    predicate_type: str,
    predicate: Mapping[str, Any],
    blobs: Sequence[StoredFile],
    payload: Mapping[str, Any],
    organisation_id: UUID | None = None,
    verb: str = "evidence.record",
) -> Attestation:
    """Register stored ``blobs`` and log one signed statement about them; names must differ and at least one blob is needed.

    ``verb`` is the permission asked for: what a vendor hands in needs only that of answering.
    """
    require(actor, verb)
    names = [row.name for row in blobs]
    if not names or len(set(names)) != len(names):
        raise InvalidInput("blobs", "a statement needs at least one file and a different name for each")
    statement = statements.build([statements.descriptor(row.name, row.blob.sha256) for row in blobs], predicate_type, predicate)
    entry = ledger.append(actor=actor, action=action, subject=subject, payload=payload, statement=statement, organisation_id=organisation_id)
    Artifact.objects.bulk_create(_artifact(row, subject, entry.attestation) for row in blobs)
    return entry.attestation


@transaction.atomic
def link_propose(*, actor: User, artifact: Artifact, requirement: Requirement, evidence_kind: str, rationale: str, tier: str) -> EvidenceLink:
    """Propose that ``artifact`` speaks to ``requirement`` as ``evidence_kind``; nothing counts before a person accepts it."""
    require(actor, "evidence.record")
    if not rationale.strip():
        raise InvalidInput("rationale", "say in one sentence why this artifact speaks to the requirement")
    if EvidenceLink.objects.filter(artifact=artifact, requirement=requirement, evidence_kind=evidence_kind).exists():
        raise Conflict(f"“{artifact.title}” is already linked to {requirement.ref} as {evidence_kind}")
    link = EvidenceLink.objects.create(artifact=artifact, requirement=requirement, evidence_kind=evidence_kind, rationale=rationale, tier=tier)
    _log_link(actor, "evidence.link.proposed", link, {"rationale": rationale, "tier": tier})
    return link


@transaction.atomic
def link_review(*, actor: User, link: EvidenceLink, accept: bool, rationale: str, valid_until: datetime.date | None = None) -> EvidenceLink:
    """Accept or decline a proposed link, once; only a person may, and must say why. Signed and logged."""
    require(actor, "evidence.review", link.artifact.attestation)
    if actor.is_service:
        raise NotAllowed("A service account cannot review evidence; a person has to.")
    if not rationale.strip():
        raise InvalidInput("rationale", "say in one sentence why the link is accepted or declined")
    if valid_until is not None and valid_until <= now().date():
        raise InvalidInput("valid_until", "choose a day in the future")
    link = EvidenceLink.objects.select_for_update(of=("self",)).select_related("artifact__attestation", "requirement__version").get(pk=link.pk)
    if link.status != EvidenceLink.Status.PROPOSED:
        raise InvalidState(f"the link was already {link.status}; propose a new one to change the decision")
    link.status = EvidenceLink.Status.ACCEPTED if accept else EvidenceLink.Status.DECLINED
    link.reviewer, link.reviewed_at, link.review_rationale, link.valid_until = actor, now(), rationale, valid_until
    link.save(update_fields=["status", "reviewer", "reviewed_at", "review_rationale", "valid_until"])
    until = valid_until.isoformat() if valid_until else ""
    _log_link(actor, f"evidence.link.{link.status}", link, {"rationale": rationale, "tier": link.tier, "valid_until": until}, statements.LINK_REVIEW)
    return link


def _artifact(row: StoredFile, subject: str, attestation: Attestation) -> Artifact:
    return Artifact(
        sha256=row.blob.sha256,
        size=row.blob.size,
        name=row.name,
        media_type=row.media_type,
        kind=row.kind,
        title=row.title,
        subject=subject,
        observed_from=row.observed_from,
        observed_to=row.observed_to,
        attestation=attestation,
    )


def _log_link(actor: User, action: str, link: EvidenceLink, facts: Mapping[str, Any], predicate_type: str = statements.RECORD) -> LedgerEntry:
    payload = {
        "link": str(link.pk),
        "artifact": link.artifact.sha256,
        "requirement": link.requirement.ref,
        "catalogue": link.requirement.version.digest,
        "requirement_digest": link.requirement.digest,
        "evidence_kind": link.evidence_kind,
        **facts,
    }
    statement = None
    if predicate_type != statements.RECORD:
        about = statements.descriptor(link.artifact.name, link.artifact.sha256)
        statement = statements.build([about], predicate_type, {"decision": link.status, **payload})
    owner = link.artifact.attestation.organisation_id
    return ledger.append(actor=actor, action=action, subject=link.artifact.subject, payload=payload, statement=statement, organisation_id=owner)
