"""Signed reports of incidents: asked for over one version of a draft, made outside any transaction, then signed into the log."""

from functools import partial
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from core import clock
from core.canonical import canonical_digest, canonical_json
from decisions.models import DraftVersion, IncidentReport
from evidence.models import Attestation
from evidence.services import StoredFile, evidence_record
from evidence.storage import blob_put_bytes
from reports.incident_content import content_of, render_incident
from reports.signed_pages import Pages, pages_make
from reports.signed_rows import Shelf, row_ask, row_close, row_make, row_ring

SCHEMA = "urn:assay:incident-report:v1"
DATA = "urn:assay:predicate:incident-report-data:v1"
PDF, JSON = "incident-report.pdf", "incident-report.json"
LEFT_OUT = ("decisions.reminder.sent", "reports.incident_report.requested", "reports.incident_report.failed")


def _locked(report: IncidentReport) -> IncidentReport:
    return IncidentReport.objects.select_for_update(of=("self",)).select_related("version__incident").get(pk=report.pk)


SHELF = Shelf("reports.incident_report", "reports.tasks.build_incident_report", _locked, lambda row: {"report": row.reference})


@transaction.atomic
def incident_report_request(*, actor: User, version: DraftVersion) -> IncidentReport:
    """A report over ``version``, saying what the record says now; the existing one where there is one. A worker is rung for."""
    require(actor, "report.build", version)
    found: IncidentReport | None = IncidentReport.objects.filter(version=version).first()
    if found is None:
        content = content_of(version, clock.now().replace(microsecond=0))
        found = IncidentReport(version=version, content=content, content_digest=canonical_digest(content), asked_by=actor, number=0)
        payload = {"clock": version.clock, "version": version.number, "content": found.content_digest}
        row_ask(actor=actor, shelf=SHELF, row=found, payload=payload)
    row_ring(SHELF, found)
    return found


def incident_report_make(*, actor: User, report: IncidentReport) -> IncidentReport:
    """Draw, sign, store and log a requested report. Safe to repeat: a report that is made is returned as it is."""
    return row_make(actor=actor, shelf=SHELF, row=report, build=_build)


def _build(actor: User, report: IncidentReport) -> IncidentReport:
    made, name = pages_make(_pages(report)), report.reference
    file = made.stored(PDF, "incident_report", f"{name}, {report.content['form']['title']}")
    data = StoredFile(blob_put_bytes(canonical_json(made.document)), JSON, "application/json", "incident_report", f"{name}, data")
    beside = partial(_stored_data, actor, data=data)
    return row_close(actor=actor, shelf=SHELF, row=report, made=made, file=file, said=_version_of(report), beside=beside)


def _pages(report: IncidentReport) -> Pages:
    """The answers, with the keys and every statement the log holds about the incident."""
    rows = Attestation.objects.filter(subject=report.subject).exclude(entry__action__in=LEFT_OUT).select_related("entry")
    return Pages(
        schema=SCHEMA,
        draw=render_incident,
        heading={"id": str(report.id), "number": report.number, "reference": report.reference},
        said=report.content,
        about={"report": str(report.id), "number": report.number},
        statements=rows,
        title=lambda row: f"Statement: {row.entry.action}",
    )


def _stored_data(actor: User, report: IncidentReport, data: StoredFile) -> list[str]:
    """The JSON under a statement of its own: a verifier expects that of a report to be about its PDF and nothing else."""
    said = {"report": report.reference, **_version_of(report)}
    held = evidence_record(
        actor=actor,
        action=f"{SHELF.action}.data_stored",
        subject=report.subject,
        predicate_type=DATA,
        predicate=said,
        blobs=[data],
        payload=said,
        organisation_id=report.organisation_id,
    )
    report.data = held.artifacts.get()
    return ["data"]


def _version_of(report: IncidentReport) -> dict[str, Any]:
    return {"clock": report.version.clock, "version": report.version.number}
