"""Files on hold while an incident needs them; which version was rolled back to; and what vendors promised against what happened."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from core import clock
from core.errors import Conflict, InvalidInput, InvalidState, NotAllowed
from decisions.models import EvidenceHold, Incident, VendorPromise
from decisions.vocabulary import FACTS
from evidence import ledger
from evidence.models import Artifact
from inventory.models import ModelVersion, Vendor
from inventory.rows import row_check, row_insert

MOST_HOURS = 24 * 366


@transaction.atomic
def hold_place(*, actor: User, incident: Incident, artifact: Artifact, reason: str) -> EvidenceHold:
    """Keep ``artifact`` for ``incident``: nothing can delete it, and only another person can release it."""
    require(actor, "incident.write", incident)
    if artifact.attestation.organisation_id != incident.organisation_id:
        raise InvalidInput("artifact", "this file is not in the register of the incident")
    if EvidenceHold.objects.filter(incident=incident, artifact=artifact, released_at__isnull=True).exists():
        raise Conflict("This file is on hold for this incident already.")
    row = EvidenceHold(incident=incident, artifact=artifact, reason=reason.strip(), placed_by=actor)
    row_insert(row)
    _log(actor, "decisions.hold.placed", row, {"artifact": artifact.sha256, "reason": row.reason})
    return row


@transaction.atomic
def hold_release(*, actor: User, hold: EvidenceHold, reason: str) -> EvidenceHold:
    """End a hold, with a reason; not by the person who placed it."""
    require(actor, "incident.write", hold)
    row = EvidenceHold.objects.select_for_update(of=("self",)).select_related("incident", "artifact").get(pk=hold.pk)
    if row.released_at is not None:
        raise InvalidState("This hold was released already.")
    if row.placed_by_id == actor.pk:
        raise NotAllowed("You placed this hold yourself. Another person has to release it.")
    if not reason.strip():
        raise InvalidInput("reason", "say in one sentence why the file need not be kept any longer")
    row.released_at, row.released_by, row.release_reason = clock.now(), actor, reason.strip()
    row_check(row)
    row.save(update_fields=["released_at", "released_by", "release_reason"])
    _log(actor, "decisions.hold.released", row, {"artifact": row.artifact.sha256, "reason": row.release_reason})
    return row


@transaction.atomic
def promise_enter(
    *, actor: User, incident: Incident, vendor: Vendor, hours: int, counted_from: str, source: str, told_at: datetime | None = None
) -> VendorPromise:
    """Enter within how many hours ``vendor`` promised to tell us and when it did; entering it again replaces it, and the log keeps both."""
    require(actor, "incident.write", incident)
    if not incident.vendors.filter(pk=vendor.pk).exists():
        raise InvalidInput("vendor", "choose one of the vendors this incident concerns")
    if not 1 <= hours <= MOST_HOURS:
        raise InvalidInput("hours", f"give whole hours from 1 to {MOST_HOURS}")
    if counted_from not in FACTS:
        raise InvalidInput("counted_from", f"choose one of {', '.join(FACTS)}")
    if told_at is not None and told_at > clock.now():
        raise InvalidInput("told_at", "this lies in the future; leave it empty until the vendor has told you")
    locked = Incident.objects.select_for_update(of=("self",)).get(pk=incident.pk)
    row = VendorPromise.objects.filter(incident=locked, vendor=vendor).first() or VendorPromise(incident=locked, vendor=vendor)
    row.hours, row.counted_from, row.source, row.told_at = hours, counted_from, source.strip(), told_at
    row_check(row)
    row.save()
    told = clock.iso(told_at) if told_at else ""
    _log(actor, "decisions.promise.entered", row, {"vendor": str(vendor.pk), "hours": hours, "counted_from": counted_from, "told_at": told})
    return row


@transaction.atomic
def rollback_name(*, actor: User, incident: Incident, version: ModelVersion | None) -> Incident:
    """Name the version that was rolled back to, or none. It moves nothing: deployments and lifecycle are changed in the register."""
    require(actor, "incident.write", incident)
    row = Incident.objects.select_for_update(of=("self",)).get(pk=incident.pk)
    if version is not None and version.organisation_id != row.organisation_id:
        raise InvalidInput("version", "this version belongs to another organisation's register")
    if version is not None and row.versions.filter(pk=version.pk).exists():
        raise InvalidInput("version", "this is one of the affected versions; choose the one that took its place")
    if row.rolled_back_to_id == (version.pk if version else None):
        return row
    row.rolled_back_to = version
    row.save(update_fields=["rolled_back_to"])
    payload = {"version": str(version.pk) if version else ""}
    ledger.append(actor=actor, action="decisions.incident.rolled_back", subject=row.subject, payload=payload, organisation_id=row.organisation_id)
    return row


def _log(actor: User, action: str, row: EvidenceHold | VendorPromise, payload: dict[str, Any]) -> None:
    ledger.append(actor=actor, action=action, subject=row.incident.subject, payload=payload, organisation_id=row.organisation_id)
