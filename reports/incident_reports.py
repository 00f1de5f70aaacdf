"""Signed reports of incidents: asked for over one version of a draft, made outside any transaction, then signed into the log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import Max
from kombu.exceptions import OperationalError

from accounts.models import User
from accounts.permissions import require
from core import clock
from core.canonical import canonical_digest, canonical_json
from core.errors import AssayError, InvalidState
from core.hashing import sha256_bytes
from decisions.models import DraftVersion, IncidentReport, ReportState
from evidence import bundle, ledger, statements
from evidence.keys import KeyRing, installed
from evidence.models import Artifact, Attestation, LedgerEntry
from evidence.proofs import bundles_read
from evidence.services import StoredFile, evidence_record
from evidence.storage import blob_put_bytes
from reports.incident_content import content_of, render_incident
from reports.render import render_pdf, template_digest
from reports.sign import PROFILE, sign_pdf, signer_open
from reports.snapshot import log_head, renderers

SCHEMA = "urn:assay:incident-report:v1"
DATA = "urn:assay:predicate:incident-report-data:v1"
PDF, JSON = "incident-report.pdf", "incident-report.json"
LEFT_OUT = ("decisions.reminder.sent", "reports.incident_report.requested", "reports.incident_report.failed")


@dataclass(frozen=True)
class Made:
    """A finished PDF, the JSON it was drawn from, and what its statement says about it."""

    pdf: bytes
    data: bytes
    predicate: dict[str, Any]


@transaction.atomic
def incident_report_request(*, actor: User, version: DraftVersion) -> IncidentReport:
    """A report over ``version``, saying what the record says now; the existing one where there is one. A worker is rung for."""
    require(actor, "report.build", version)
    found: IncidentReport | None = IncidentReport.objects.filter(version=version).first()
    if found is None:
        content = content_of(version, clock.now().replace(microsecond=0))
        found = IncidentReport(version=version, content=content, content_digest=canonical_digest(content), asked_by=actor, number=0)
        # The log's lock, taken here, also keeps two requests from choosing the same number.
        _log(actor, "reports.incident_report.requested", found, {"clock": version.clock, "version": version.number, "content": found.content_digest})
        found.number = (IncidentReport.objects.aggregate(highest=Max("number"))["highest"] or 0) + 1
        found.save(force_insert=True)
    if found.state != ReportState.DONE:
        transaction.on_commit(partial(_ring, found))
    return found


def incident_report_make(*, actor: User, report: IncidentReport) -> IncidentReport:
    """Draw, sign, store and log a requested report. Safe to repeat: a report that is made is returned as it is."""
    require(actor, "report.build", report)
    if report.state == ReportState.DONE:
        return report
    try:
        return _close(actor, report, _make(report))
    except AssayError as error:
        _fail(actor, report, str(error))
        raise


def _make(report: IncidentReport) -> Made:
    """No transaction is open here: drawing and signing take seconds."""
    ring, moment = installed(), clock.now().replace(microsecond=0)
    signer = signer_open(*ring.report_key())
    files = _files(report, ring)
    document = _document(report, files, ring, moment, signer.certificate)
    unsigned = render_pdf(document, files, render_incident)
    signed = sign_pdf(unsigned, signer)
    predicate = {
        "report": str(report.id),
        "number": report.number,
        "snapshot_sha256": canonical_digest(document),
        "unsigned_sha256": sha256_bytes(unsigned),
        "signed_sha256": sha256_bytes(signed),
        "attachments": {name: sha256_bytes(data) for name, data in files.items()},
        "profile": PROFILE,
        "certificate": signer.certificate,
    }
    return Made(signed, canonical_json(document), predicate)


def _files(report: IncidentReport, ring: KeyRing) -> dict[str, bytes]:
    """The keys, and every statement the log holds about the incident."""
    rows = Attestation.objects.filter(subject=report.version.incident.subject).exclude(entry__action__in=LEFT_OUT).select_related("entry")
    found = bundles_read(list(rows.order_by("entry__index")))
    return {"trusted_root.json": ring.trusted_root_bytes, **{bundle.file_name(index): data for index, data in found.items()}}


def _document(report: IncidentReport, files: Mapping[str, bytes], ring: KeyRing, moment: datetime, certificate: str) -> dict[str, Any]:
    titles = {bundle.file_name(index): f"Statement: {action}" for index, action in LedgerEntry.objects.filter(
        subject=report.version.incident.subject).values_list("index", "action")}  # fmt: skip
    titles["trusted_root.json"] = "Public keys to check everything against"
    rows = [{"name": name, "title": titles[name], "sha256": sha256_bytes(data), "size": len(data), "embedded": True} for name, data in files.items()]
    return {
        "schema": SCHEMA,
        "report": {"id": str(report.id), "number": report.number, "reference": report.reference, "made_at": clock.iso(moment)},
        "software": {"name": "Assay", "version": settings.ASSAY_VERSION, "renderer": renderers(), "template_digest": template_digest()},
        **report.content,
        "log": log_head(files, ring),
        "keys": [{"label": label, "fingerprint": value} for label, value in ring.trust.fingerprints()],
        "signature": {"profile": PROFILE, "certificate": certificate},
        "attachments": rows,
    }


def _close(actor: User, report: IncidentReport, made: Made) -> IncidentReport:
    pdf, data = blob_put_bytes(made.pdf), blob_put_bytes(made.data)
    with transaction.atomic():
        row = _locked(report)
        if row.state == ReportState.DONE:
            return row
        where: dict[str, Any] = {"actor": actor, "subject": row.version.incident.subject, "organisation_id": row.organisation_id}
        said = {"report": row.reference, "clock": row.version.clock, "version": row.version.number}
        # Two statements: a verifier expects that of a report to be about its PDF and nothing else.
        stored = StoredFile(data, JSON, "application/json", "incident_report", f"{row.reference}, data")
        held = evidence_record(**where, action="reports.incident_report.data_stored", predicate_type=DATA, predicate=said, blobs=[stored], payload=said)
        stored = StoredFile(pdf, PDF, "application/pdf", "incident_report", f"{row.reference}, {row.content['form']['title']}")
        payload = {**said, "content": row.content_digest, "signed": pdf.sha256}
        sealed = evidence_record(
            **where, action="reports.incident_report.built", predicate_type=statements.REPORT, predicate=made.predicate, blobs=[stored], payload=payload
        )
        row.data, row.pdf = Artifact.objects.get(attestation=held), Artifact.objects.get(attestation=sealed)
        row.entry, row.state, row.error = sealed.entry, ReportState.DONE, ""
        row.save(update_fields=["data", "pdf", "entry", "state", "error"])
    return row


@transaction.atomic
def _fail(actor: User, report: IncidentReport, message: str) -> None:
    row = _locked(report)
    if row.state == ReportState.DONE:
        return
    row.state, row.error = ReportState.FAILED, message
    row.save(update_fields=["state", "error"])
    _log(actor, "reports.incident_report.failed", row, {"report": row.reference})


def report_file(report: IncidentReport, form: str) -> Artifact:
    """The PDF or the JSON of a made report; ``InvalidState`` while it is not there."""
    found = report.pdf if form == "pdf" else report.data
    if found is None:
        raise InvalidState(f"{report.reference} is {report.get_state_display().lower()}; there is no file yet.")
    return found


def _locked(report: IncidentReport) -> IncidentReport:
    return IncidentReport.objects.select_for_update(of=("self",)).select_related("version__incident").get(pk=report.pk)


def _log(actor: User, action: str, report: IncidentReport, payload: dict[str, Any]) -> None:
    subject = report.version.incident.subject
    ledger.append(actor=actor, action=action, subject=subject, payload=payload, organisation_id=report.organisation_id)


def _ring(report: IncidentReport) -> None:
    """A broker that is away is no error: the report stays requested and can be asked for again."""
    try:
        current_app.send_task("reports.tasks.build_incident_report", args=[str(report.id)], queue="reports", retry=False)
    except OperationalError:
        return
