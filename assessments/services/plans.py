"""Plans: built and checked against the registry, changed or discarded while drafts, then sealed before anything is run."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from assessments import probes
from assessments.access import enough, refusal
from assessments.contracts import SubjectSpec, Threshold
from assessments.judgement import wording
from assessments.models import RUNS_AT_VENDOR, Plan
from assessments.parameters import params_parse
from assessments.registry import instrument, probe_sets_of, source_digest
from assessments.shelf import finder
from core import clock
from core.canonical import canonical_digest, canonical_json
from core.errors import Conflict, InvalidInput, InvalidState
from evidence import ledger, statements
from evidence.services import StoredFile, evidence_record
from evidence.storage import blob_put_bytes
from inventory.models import ModelVersion

SCHEMA = "urn:assay:plan:v1"
RUNS_HERE = "here"
KEY = re.compile(r"[a-z0-9][a-z0-9_.-]{0,79}")
LARGEST_SEED = 2**53 - 1
"""Canonical JSON writes no larger whole number exactly."""


@dataclass(frozen=True)
class PlanItem:
    """A wish for one step: which instrument with which parameters; empty thresholds take the instrument's own."""

    instrument: str
    params: Mapping[str, Any] = field(default_factory=dict)
    thresholds: Sequence[Threshold] = ()
    key: str = ""


@transaction.atomic
def plan_create(
    *,
    actor: User,
    version: ModelVersion,
    title: str,
    claim: str,
    items: Sequence[PlanItem],
    seed: int,
    runs_at: str = RUNS_HERE,
    pilot: Mapping[str, Any] | None = None,
) -> Plan:
    """A new, unsealed plan; raises ``InvalidInput`` or ``Refused`` naming the instrument, parameter or access at fault.

    With ``runs_at`` “vendor” the vendor is to run it on weights that it keeps: every instrument may be used, whatever access we have.
    ``pilot``: the terms of daily runs and the rule for drift, sealed with the rest.
    """
    require(actor, "plan.write", version)
    document = _document(version, title, claim, items, seed, runs_at) | ({} if pilot is None else {"pilot": dict(pilot)})
    plan = Plan.objects.create(version=version, title=document["title"], document=document, author=actor)
    payload = {"digest": plan.digest, "version": str(version.id)}
    ledger.append(actor=actor, action="assessments.plan.drafted", subject=plan.subject, payload=payload, organisation_id=version.organisation_id)
    return plan


@transaction.atomic
def plan_update(*, actor: User, plan: Plan, title: str, claim: str, items: Sequence[PlanItem], seed: int) -> Plan:
    """Write a draft anew, with the instruments as they are now; the log keeps the digest before and after."""
    require(actor, "plan.write", plan)
    row = _locked_draft(plan)
    runs_at = RUNS_AT_VENDOR if row.for_vendor else RUNS_HERE
    before, row.document = row.digest, _document(row.version, title, claim, items, seed, runs_at)
    if row.digest == before:
        return row
    row.title = row.document["title"]
    row.save(update_fields=["document", "title"])
    payload = {"digest": row.digest, "previous": before, "version": str(row.version_id)}
    ledger.append(actor=actor, action="assessments.plan.revised", subject=row.subject, payload=payload, organisation_id=row.organisation_id)
    return row


@transaction.atomic
def plan_discard(*, actor: User, plan: Plan) -> None:
    """Delete a draft; that there was one, and its digest, stay in the log."""
    require(actor, "plan.write", plan)
    row = _locked_draft(plan)
    payload = {"digest": row.digest, "version": str(row.version_id)}
    ledger.append(actor=actor, action="assessments.plan.discarded", subject=row.subject, payload=payload, organisation_id=row.organisation_id)
    row.delete()


def _locked_draft(plan: Plan) -> Plan:
    row = Plan.objects.select_for_update(of=("self",)).select_related("version__model__vendor").filter(pk=plan.pk).first()
    if row is None:
        raise Conflict("This draft was discarded in the meantime.")
    if row.sealed_digest:
        raise InvalidState(f"This plan was sealed on {row.sealed_at:%d %B %Y}; make a new plan to change anything.")
    return row


def _document(version: ModelVersion, title: str, claim: str, items: Sequence[PlanItem], seed: int, runs_at: str) -> dict[str, Any]:
    """The document that will be hashed; every entry is checked here, whoever asks."""
    if not 0 < len(title.strip()) <= 200:
        raise InvalidInput("title", "give the plan a title of at most 200 characters")
    if not claim.strip():
        raise InvalidInput("claim", "say in a sentence what is claimed; the results are held against it")
    if not 0 <= seed <= LARGEST_SEED:
        raise InvalidInput("seed", f"the seed must be a whole number from 0 to {LARGEST_SEED}")
    if not items:
        raise InvalidInput("items", "a plan needs at least one instrument")
    if runs_at not in (RUNS_HERE, RUNS_AT_VENDOR):
        raise InvalidInput("runs_at", "a plan is run here or by the vendor")
    rows = [_item_document(item, version, runs_at) for item in items]
    keys = [row["key"] for row in rows]
    if len(set(keys)) < len(keys):
        raise InvalidInput("items", "two steps carry the same key; give each use of an instrument its own")
    return {
        "schema": SCHEMA,
        "title": title.strip(),
        "claim": claim.strip(),
        "version": str(version.id),
        "subject": asdict(subject_of(version)),
        "seed": seed,
        "split": {"exploration": probes.EXPLORATION, "by": "family"},
        "items": rows,
        **({"runs_at": RUNS_AT_VENDOR} if runs_at == RUNS_AT_VENDOR else {}),
    }


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


def _item_document(item: PlanItem, version: ModelVersion, runs_at: str) -> dict[str, Any]:
    method = instrument(item.instrument)
    card = method.card
    if runs_at == RUNS_HERE and not enough(version.access, card.access):
        raise InvalidInput("instrument", refusal(card, str(version), version.access))
    key = item.key or card.slug
    if not KEY.fullmatch(key):
        raise InvalidInput("items", f"the key “{key}” must consist of small letters, digits, dots, hyphens and underscores, at most 80")
    params = asdict(params_parse(method.Params, item.params))
    find = finder(version.organisation_id)
    return {
        "key": key,
        "instrument": card.slug,
        "version": card.version,
        "source_digest": source_digest(card.slug),
        "question": card.question,
        "estimand": card.estimand,
        "falsifier": card.falsifier,
        "params": params,
        "probe_sets": {slug: find(slug).digest for slug in probe_sets_of(method, params, find)},
        "thresholds": [_threshold(row) for row in (item.thresholds or card.thresholds)],
    }


def _threshold(row: Threshold) -> dict[str, Any]:
    """A threshold as it is sealed; refuses an unknown comparison, a missing limit and one that is no finite number."""
    wording(row)
    if not row.metric.strip():
        raise InvalidInput("thresholds", "every threshold names the measurement it is about")
    if row.value is not None and not math.isfinite(row.value):
        raise InvalidInput("thresholds", f"the limit on {row.metric} must be a finite number")
    return asdict(row)


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
            organisation_id=plan.organisation_id,
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
