"""Imports with their file as evidence, and evidence offered from one framework to another along a crosswalk."""

from typing import Any, Final
from uuid import UUID

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from core.errors import InvalidInput, InvalidState, NotAllowed
from evidence.models import Attestation, EvidenceLink
from evidence.services import StoredFile, evidence_record, link_propose
from evidence.storage import blob_put_bytes
from frameworks.crosswalks import Counterpart, counterparts
from frameworks.import_plans import plan_of
from frameworks.import_services import draft_apply, plan_check
from frameworks.imports.shapes import Format, Relationship
from frameworks.models import Framework, ImportDraft, Requirement

PREDICATE: Final = "urn:assay:predicate:framework-import:v1"
MEDIA: Final = {
    Format.CISO_ASSISTANT: ("yaml", "application/yaml"),
    Format.ATLAS: ("yaml", "application/yaml"),
    Format.OSCAL: ("json", "application/json"),
    Format.SHEET: ("sheet", "application/octet-stream"),
}
"""The ending of the kept file and its type. What a sheet is, CSV or XLSX, is not claimed."""
MEANING: Final = {
    Relationship.EQUAL: "demands the same as",
    Relationship.SUPERSET: "demands more than, and all of,",
    Relationship.SUBSET: "demands only a part of",
    Relationship.INTERSECT: "overlaps with",
}
"""What the first requirement does to the second, in words."""


def library_import(*, actor: User, draft: ImportDraft, into: str, seen: str) -> Framework | None:
    """Apply an uploaded file as it was ``seen`` in its preview, and keep the file as evidence; see ``draft_apply``. Nothing is half done."""
    require(actor, "frameworks.load", draft)
    plan = plan_of(draft, into)
    plan_check(plan, seen)
    ending, media_type = MEDIA[plan.found.format]
    title = f"Imported file: {plan.found.name or draft.name}"[:200]
    file = StoredFile(blob_put_bytes(bytes(draft.raw)), f"{draft.digest[:16]}.{ending}", media_type, "framework_file", title)
    said = {"publisher": plan.found.publisher, "licence": plan.found.licence, "source": plan.found.source, "uploaded_as": draft.name}

    def record(*, actor: User, action: str, subject: str, payload: dict[str, Any], organisation_id: UUID | None = None) -> Attestation:
        return evidence_record(
            actor=actor,
            action=action,
            subject=subject,
            predicate_type=PREDICATE,
            predicate={**payload, **said},
            blobs=[file],
            payload=payload,
            organisation_id=organisation_id,
        )

    return draft_apply(actor=actor, record=record, draft=draft, plan=plan, seen=seen)


@transaction.atomic
def link_carry_over(*, actor: User, link: EvidenceLink, requirement: Requirement, kind: str, reason: str) -> EvidenceLink:
    """Propose the evidence of an accepted ``link`` for a corresponding ``requirement``; nothing counts before somebody accepts it.

    ``InvalidState`` unless the link is accepted and a crosswalk sets the two side by side. Along an overlap only a person may, and must say why.
    """
    require(actor, "evidence.record", link.artifact.attestation)
    if link.status != EvidenceLink.Status.ACCEPTED:
        raise InvalidState("Only accepted evidence can be offered to another requirement.")
    found = _between(link.requirement, requirement)
    if found.relationship == Relationship.INTERSECT:
        if actor.is_service:
            raise NotAllowed("The two requirements only overlap: a person has to judge what the evidence says about the other.")
        if not reason.strip():
            raise InvalidInput("reason", "The two only overlap. Say which part of this requirement the evidence answers.")
    wanted, rationale = kind or link.evidence_kind, rationale_of(link, found, reason)
    return link_propose(actor=actor, artifact=link.artifact, requirement=requirement, evidence_kind=wanted, rationale=rationale, tier=link.tier)


def rationale_of(link: EvidenceLink, found: Counterpart, reason: str) -> str:
    """Where the proposal comes from, with the relationship stated."""
    source = link.requirement
    stated = f"Accepted for {source.ref} ({source.version.framework.short_name}), which {MEANING[found.relationship]} this requirement"
    strength = f", strength {found.strength} on its scale" if found.strength is not None else ""
    return " ".join(filter(None, (f"{stated}, by the crosswalk “{found.crosswalk.name}”{strength}.", reason.strip())))


def _between(source: Requirement, target: Requirement) -> Counterpart:
    """How ``source`` lies to ``target``, by the loosest where crosswalks disagree; ``InvalidState`` where none says so."""
    for row in reversed(counterparts(target)):
        if (row.framework.pk, row.ref) == (source.version.framework_id, source.ref):
            return row
    raise InvalidState(f"No crosswalk sets {source.ref} beside {target.ref}. Import one, or link the evidence itself.")
