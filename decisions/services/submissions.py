"""Recording that a report was sent: when, under which reference, with which proof, and why late."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from core import clock
from core.errors import InvalidInput, InvalidState, NotFound
from decisions.clocks import Clock, ClockState
from decisions.models import Incident, Submission
from evidence import ledger
from evidence.models import Artifact, LedgerEntry
from evidence.services import StoredFile, evidence_record
from evidence.storage import blob_put_bytes
from inventory.rows import row_check

PREDICATE = "urn:assay:predicate:incident-submission:v1"
ACTION = "decisions.submission.recorded"
LARGEST = 10 * 1024 * 1024
"""Bytes of a proof file."""
SUFFIXES = {
    ".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".txt": "text/plain", ".eml": "message/rfc822",
    ".json": "application/json", ".xml": "application/xml",
}  # fmt: skip
"""Kinds of proof files by suffix, with their media types."""


@dataclass(frozen=True)
class Proof:
    """A file that shows that the report was sent, such as a receipt."""

    name: str
    data: bytes


def submission_record(
    *, actor: User, incident: Incident, clock_key: str, submitted_at: datetime, reference: str, late_reason: str = "", proof: Proof | None = None
) -> Submission:
    """Record a report sent on the clock ``clock_key``; a late one needs its reason. ``NotFound`` without such a clock, ``InvalidState`` where none is open."""
    require(actor, "incident.submit", incident)
    row = Submission(incident=incident, clock=clock_key, submitted_at=submitted_at, reference=reference.strip(), recorded_by=actor)
    # Once before the file is stored, so that a refusal leaves nothing behind, and once under the lock.
    _check(row, late_reason)
    file = _stored(row, proof) if proof is not None else None
    with transaction.atomic():
        row.incident = Incident.objects.select_for_update(of=("self",)).get(pk=incident.pk)
        _check(row, late_reason)
        _log(actor, row, file)
        row.save(force_insert=True)
    return row


def clock_named(incident: Incident, key: str) -> Clock:
    """The clock of ``incident`` with that key, as it stands now; ``NotFound`` when no regime has it."""
    found = next((row for row in incident.clocks(clock.now()) if row.key == key), None)
    if found is None:
        raise NotFound("There is no such reporting clock.")
    return found


def _check(row: Submission, late_reason: str) -> None:
    running = clock_named(row.incident, row.clock)
    if not running.open:
        raise InvalidState(_closed(running))
    if row.submitted_at > clock.now():
        raise InvalidInput("submitted_at", "this lies in the future; record a report once it was sent, in UTC")
    if running.started is not None and row.submitted_at < running.started:
        raise InvalidInput("submitted_at", "this is before the clock started; check the time, or correct the fact that started it")
    late = running.due is not None and row.submitted_at > running.due
    if late and not late_reason.strip():
        raise InvalidInput("late_reason", "the report was sent after its due time; say why")
    row.due_at, row.late_reason = running.due, late_reason.strip() if late else ""
    row_check(row)


def _closed(running: Clock) -> str:
    if running.state in (ClockState.SUBMITTED, ClockState.SUBMITTED_LATE):
        return "A report is recorded on this clock already."
    return f"Nothing can be recorded on this clock. {running.explanation}"


def _stored(row: Submission, proof: Proof) -> StoredFile:
    suffix = PurePath(proof.name).suffix.lower()
    if suffix not in SUFFIXES:
        raise InvalidInput("proof", f"use a file that ends in {', '.join(SUFFIXES)}")
    if not proof.data or len(proof.data) > LARGEST:
        raise InvalidInput("proof", f"use a file of at most {LARGEST // 1024 // 1024} MiB that is not empty")
    title = f"Proof of submission: {row.incident.reference}, {row.clock}"
    return StoredFile(blob_put_bytes(proof.data), f"{row.clock}{suffix}", SUFFIXES[suffix], "authority_correspondence", title)


def _log(actor: User, row: Submission, file: StoredFile | None) -> None:
    said: dict[str, Any] = {
        "clock": row.clock,
        "submitted_at": clock.iso(row.submitted_at),
        "due_at": clock.iso(row.due_at) if row.due_at else "",
        "reference": row.reference,
        "late_reason": row.late_reason,
    }
    where: dict[str, Any] = {"actor": actor, "action": ACTION, "subject": row.incident.subject, "organisation_id": row.organisation_id}
    if file is None:
        row.entry = ledger.append(**where, payload=said)
        return
    attestation = evidence_record(**where, predicate_type=PREDICATE, predicate=said, blobs=[file], payload={**said, "proof": file.blob.sha256})
    row.proof, row.entry = Artifact.objects.get(attestation=attestation), LedgerEntry.objects.get(attestation=attestation)
