"""Captured prompts: a probe set of one's own, and drafts of plans that show it to the affected version and to the one before."""

from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from assessments.contracts import Refused
from assessments.models import AddedProbeSet, Plan
from assessments.services.plans import PlanItem, plan_create
from assessments.services.probe_sets import probe_set_add
from core.errors import InvalidInput
from core.hashing import sha256_bytes
from decisions.captured import probe_set_file
from decisions.models import CapturedPrompts, Incident
from evidence import ledger
from inventory.models import ModelVersion
from inventory.rows import row_insert

INSTRUMENT = "linear_direction"


def captured_add(*, actor: User, incident: Incident, name: str, raw: bytes, origin: str) -> CapturedPrompts:
    """Make the prompts in the file ``raw`` a probe set of the incident; ``InvalidInput`` on ``file`` says what is wrong, ``Conflict`` what is there already."""
    require(actor, "incident.write", incident)
    require(actor, "probe_set.add", incident)
    if not origin.strip():
        raise InvalidInput("origin", "say where the prompts come from and who wrote the contrast")
    number = incident.captured.count() + 1
    slug = f"incident_{incident.number:06d}"
    text = probe_set_file(name, raw, reference=incident.reference, slug=slug, version=str(number), origin=origin.strip())
    # One that was added, but whose link was lost to a crash right after, is taken up.
    kept = AddedProbeSet.objects.filter(organisation=incident.organisation, digest=sha256_bytes(text)).first()
    found = kept or _added(actor, incident, name, text)
    with transaction.atomic():
        row = CapturedPrompts(incident=incident, probe_set=found, added_by=actor)
        row_insert(row)
        _log(actor, "decisions.captured.added", row, {"probe_set": str(found.pk), "digest": found.digest, "items": found.items})
    return row


@transaction.atomic
def captured_plan(*, actor: User, captured: CapturedPrompts, version: ModelVersion, predecessor: ModelVersion) -> tuple[Plan, Plan]:
    """Draft the same plan for the affected ``version`` and for its ``predecessor``; ``InvalidInput`` where one of them does not fit or grants too little."""
    require(actor, "incident.write", captured)
    affected = captured.incident.versions
    if not affected.filter(pk=version.pk).exists():
        raise InvalidInput("version", "choose one of the versions that the incident names as affected")
    if predecessor.organisation_id != captured.organisation_id or affected.filter(pk=predecessor.pk).exists():
        raise InvalidInput("predecessor", "choose a version of your register that the incident does not name as affected")
    made = (_drafted(actor, captured, version, version, predecessor), _drafted(actor, captured, predecessor, version, predecessor))
    captured.plans.add(*made)
    _log(actor, "decisions.captured.planned", captured, {"plans": [str(plan.pk) for plan in made]})
    return made


def _added(actor: User, incident: Incident, name: str, text: bytes) -> AddedProbeSet:
    try:
        return probe_set_add(actor=actor, organisation=incident.organisation, name=name, raw=text)
    except Refused as error:
        raise InvalidInput("file", str(error)) from error


def _drafted(actor: User, captured: CapturedPrompts, subject: ModelVersion, version: ModelVersion, predecessor: ModelVersion) -> Plan:
    reference, slug = captured.incident.reference, captured.probe_set.slug
    title = f"{reference}: captured prompts, {'affected version' if subject == version else 'predecessor'}"
    claim = f"The prompts captured in {reference} are told apart inside {version} as they are inside its predecessor {predecessor}."
    wish = PlanItem(INSTRUMENT, {"concept": slug})
    # The same seed for both, so that they are split and shuffled alike and can be compared.
    return plan_create(actor=actor, version=subject, title=title, claim=claim, items=[wish], seed=captured.incident.number)


def _log(actor: User, action: str, row: CapturedPrompts, payload: dict[str, Any]) -> None:
    ledger.append(actor=actor, action=action, subject=row.incident.subject, payload=payload, organisation_id=row.organisation_id)
