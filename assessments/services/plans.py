"""Plans: built and checked against the registry, then sealed before anything is run."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from assessments import probes
from assessments.contracts import SubjectSpec, Threshold
from assessments.models import Plan
from assessments.parameters import params_parse
from assessments.registry import instrument, source_digest
from core import clock
from core.canonical import canonical_digest, canonical_json
from core.errors import Conflict, InvalidInput, InvalidState
from evidence import ledger, statements
from evidence.services import StoredFile, evidence_record
from evidence.storage import blob_put_bytes
from inventory.models import Access, ModelVersion

SCHEMA = "urn:assay:plan:v1"
ACCESS_ORDER = [Access.TEXT, Access.LOGITS, Access.ACTIVATIONS, Access.WEIGHTS]


@dataclass(frozen=True)
class PlanItem:
    """A wish for one step: which instrument with which parameters; empty thresholds take the instrument's own."""

    instrument: str
    params: Mapping[str, Any] = field(default_factory=dict)
    thresholds: Sequence[Threshold] = ()
    key: str = ""


@transaction.atomic
def plan_create(*, actor: User, version: ModelVersion, title: str, claim: str, items: Sequence[PlanItem], seed: int) -> Plan:
    """A new, unsealed plan; raises ``InvalidInput`` or ``Refused`` naming the instrument, parameter or access at fault."""
    require(actor, "plan.write", version)
    if not items:
        raise InvalidInput("items", "a plan needs at least one instrument")
    document = {
        "schema": SCHEMA,
        "title": title,
        "claim": claim,
        "version": str(version.id),
        "subject": asdict(subject_of(version)),
        "seed": seed,
        "split": {"exploration": probes.EXPLORATION, "by": "family"},
        "items": [_item_document(item, version) for item in items],
    }
    keys = [item["key"] for item in document["items"]]  # type: ignore[attr-defined]
    if len(set(keys)) < len(keys):
        raise InvalidInput("items", "two steps carry the same key; give each use of an instrument its own")
    plan = Plan.objects.create(version=version, title=title, document=document, author=actor)
    ledger.append(actor=actor, action="assessments.plan.drafted", subject=plan.subject, payload={"digest": plan.digest, "version": str(version.id)})
    return plan


def subject_of(version: ModelVersion) -> SubjectSpec:
    """The subject as an instrument needs it, from the register."""
    return SubjectSpec(
        source=version.source,
        locator=version.locator,
        weights_digest=version.weights_digest,
        tokenizer_digest=version.tokenizer_digest,
        template_digest=version.template_digest,
        name=str(version),
    )


def _item_document(item: PlanItem, version: ModelVersion) -> dict[str, Any]:
    method = instrument(item.instrument)
    card = method.card
    if ACCESS_ORDER.index(Access(version.access)) < ACCESS_ORDER.index(Access(card.access)):
        raise InvalidInput("instrument", f"{card.slug} needs access to {card.access}; {version} grants only {version.access}. Ask the vendor for more access.")
    params = asdict(params_parse(method.Params, item.params))
    return {
        "key": item.key or card.slug,
        "instrument": card.slug,
        "version": card.version,
        "source_digest": source_digest(card.slug),
        "question": card.question,
        "estimand": card.estimand,
        "falsifier": card.falsifier,
        "params": params,
        "probe_sets": {slug: probes.probe_set(slug).digest for slug in card.probe_sets},
        "thresholds": [asdict(row) for row in (item.thresholds or card.thresholds)],
    }


def plan_seal(*, actor: User, plan: Plan) -> Plan:
    """Hash the plan into the log; from here on no threshold can move."""
    require(actor, "plan.seal", plan)
    blob = blob_put_bytes(canonical_json(plan.document))
    artifact = StoredFile(blob=blob, name="plan.json", media_type="application/json", kind="plan", title=f"Sealed plan: {plan.title}")
    with transaction.atomic():
        row = Plan.objects.select_for_update(of=("self",)).get(pk=plan.pk)
        if row.sealed_digest:
            raise InvalidState(f"This plan was sealed on {row.sealed_at:%d %B %Y}; make a new plan to change anything.")
        if row.digest != blob.sha256:
            raise Conflict("The plan changed while it was being sealed; look at it again and seal it then.")
        attestation = evidence_record(
            actor=actor,
            action="assessments.plan.sealed",
            subject=row.subject,
            predicate_type=statements.PLAN_SEAL,
            predicate={"plan": str(row.id), "digest": blob.sha256, "subject": row.document["subject"], "sealed_at": clock.iso(clock.now())},
            blobs=[artifact],
            payload={"digest": blob.sha256},
        )
        row.sealed_digest, row.sealed_entry, row.sealed_at = blob.sha256, attestation.entry, clock.now()
        row.save(update_fields=["sealed_digest", "sealed_entry", "sealed_at"])
    return row


def plan_check_seal(plan: Plan) -> None:
    """Raise unless the plan is sealed and still what was sealed, in the row and in the log."""
    if not plan.sealed_digest or plan.sealed_entry is None:
        raise InvalidState("This plan is not sealed. Seal it first: thresholds must be fixed before anything is run.")
    sealed = plan.sealed_entry.payload["digest"]
    found = canonical_digest(plan.document)
    if not found == plan.sealed_digest == sealed:
        raise Conflict(
            f"Plan “{plan.title}” was changed after its seal: log entry {plan.sealed_entry.index} holds sha256 {sealed[:12]}…, "
            f"the plan now hashes to {found[:12]}…. Make and seal a new plan."
        )
