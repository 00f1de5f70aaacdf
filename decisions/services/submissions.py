"""Recording that a report was sent: when, under which reference, with which proof, and why late; and correcting such a record."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from core import clock
from core.errors import Conflict, InvalidInput, InvalidState, NotFound
from decisions.clocks import Clock, ClockState
from decisions.models import Incident, IncidentReport, ReportState, Submission
from decisions.services.proofs import Proof, proof_stored
from evidence import ledger
from evidence.models import Artifact, LedgerEntry
from evidence.services import StoredFile, evidence_record
from inventory.rows import row_check

PREDICATE = "urn:assay:predicate:incident-submission:v1"
ACTION = "decisions.submission.recorded"


def submission_record(
    *,
    actor: User,
    incident: Incident,
    clock_key: str,
    submitted_at: datetime,
    reference: str,
    late_reason: str = "",
    proof: Proof | None = None,
    report: IncidentReport | None = None,
) -> Submission:
    """Record a report sent on the clock ``clock_key``; a late one needs its reason, and ``report`` is the one built here that was sent.

    ``NotFound`` without such a clock, ``InvalidState`` where none is open.
    """
    require(actor, "incident.submit", incident)
    row = Submission(incident=incident, clock=clock_key, submitted_at=submitted_at, reference=reference.strip(), report=report, recorded_by=actor)
    _check_report(row)
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


def submission_correct(*, actor: User, submission: Submission, submitted_at: datetime | None, reference: str, reason: str, late_reason: str = "") -> Submission:
    """Put a new record in the place of ``submission``, which stays; without ``submitted_at`` it is withdrawn: nothing was sent. Proof and report carry over."""
    require(actor, "incident.submit", submission)
    if not reason.strip():
        raise InvalidInput("reason", "say in one sentence what was wrong with the earlier record")
    with transaction.atomic():
        incident = Incident.objects.select_for_update(of=("self",)).get(pk=submission.incident_id)
        if Submission.objects.filter(replaces=submission).exists():
            raise Conflict("This record was corrected in the meantime. Look at the newest one and correct that.")
        row = Submission(incident=incident, clock=submission.clock, submitted_at=submitted_at or submission.submitted_at, reference=reference.strip())
        row.replaces, row.reason, row.withdrawn, row.due_at = submission, reason.strip(), submitted_at is None, submission.due_at
        row.proof, row.report, row.recorded_by = submission.proof, submission.report, actor
        _check_time(row, late_reason)
        row.entry = _log_correction(actor, row, submission)
        row.save(force_insert=True)
    return row


def _check_report(row: Submission) -> None:
    report = row.report
    if report is not None and (report.version.incident_id, report.version.clock, report.state) != (row.incident_id, row.clock, ReportState.DONE):
        raise InvalidInput("report", "choose a finished report of this incident that was drafted for this clock")


def _check_time(row: Submission, late_reason: str) -> None:
    if row.submitted_at > clock.now():
        raise InvalidInput("submitted_at", "this lies in the future; record a report once it was sent, in UTC")
    late = row.due_at is not None and row.submitted_at > row.due_at and not row.withdrawn
    if late and not late_reason.strip():
        raise InvalidInput("late_reason", "the report was sent after its due time; say why")
    row.late_reason = late_reason.strip() if late else ""
    if row.withdrawn and row.due_at is not None:
        # A withdrawn record says nothing about when; the old time only keeps its place on the timeline.
        row.due_at = None
    row_check(row)


def _check(row: Submission, late_reason: str) -> None:
    running = clock_named(row.incident, row.clock)
    if not running.open:
        raise InvalidState(_closed(running))
    if running.started is not None and row.submitted_at < running.started:
        raise InvalidInput("submitted_at", "this is before the clock started; check the time, or correct the fact that started it")
    row.due_at = running.due
    _check_time(row, late_reason)


def _closed(running: Clock) -> str:
    if running.state in (ClockState.SUBMITTED, ClockState.SUBMITTED_LATE):
        return "A report is recorded on this clock already."
    return f"Nothing can be recorded on this clock. {running.explanation}"


def _stored(row: Submission, proof: Proof) -> StoredFile:
    title = f"Proof of submission: {row.incident.reference}, {row.clock}"
    return proof_stored(proof, name=row.clock, kind="authority_correspondence", title=title)


def _said(row: Submission) -> dict[str, Any]:
    said = {
        "clock": row.clock,
        "submitted_at": clock.iso(row.submitted_at),
        "due_at": clock.iso(row.due_at) if row.due_at else "",
        "reference": row.reference,
        "late_reason": row.late_reason,
    }
    return {**said, "report": row.report.reference} if row.report else said


def _log_correction(actor: User, row: Submission, before: Submission) -> LedgerEntry:
    payload = {**_said(row), "withdrawn": row.withdrawn, "reason": row.reason, "before": _said(before), "replaces_entry": before.entry_id}
    return ledger.append(
        actor=actor, action="decisions.submission.corrected", subject=row.incident.subject, payload=payload, organisation_id=row.organisation_id
    )


def _log(actor: User, row: Submission, file: StoredFile | None) -> None:
    said = _said(row)
    where: dict[str, Any] = {"actor": actor, "action": ACTION, "subject": row.incident.subject, "organisation_id": row.organisation_id}
    if file is None:
        row.entry = ledger.append(**where, payload=said)
        return
    attestation = evidence_record(**where, predicate_type=PREDICATE, predicate=said, blobs=[file], payload={**said, "proof": file.blob.sha256})
    row.proof, row.entry = Artifact.objects.get(attestation=attestation), LedgerEntry.objects.get(attestation=attestation)
