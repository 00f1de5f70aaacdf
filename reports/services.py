"""Writes of reports: asked for, made outside any transaction, then signed into the log; and their export to a folder."""

import datetime
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from assessments.models import Run, RunState
from assessments.services.plans import plan_check_seal
from core import clock
from core.canonical import canonical_digest
from core.errors import Conflict, InvalidInput, InvalidState, StorageFailed
from evidence import statements
from evidence.case import case_write, case_zip
from evidence.keys import installed
from evidence.proofs import bundle_read
from evidence.services import evidence_record
from evidence.storage import blob_read
from reports.models import Report, ReportState, Signature
from reports.pipeline import content_with_pipeline, with_designs
from reports.queries import attestations_of
from reports.sign import PROFILE, signer_open
from reports.signed_pages import Made, pages_sign
from reports.signed_rows import Shelf, row_ask, row_done, row_make, row_ring
from reports.snapshot import snapshot_build

PDF, BUNDLE, CASE = "report.pdf", "report.pdf.sigstore.json", "case.zip"


@dataclass(frozen=True)
class ExportedReport:
    """Paths of an exported report, its log entry and its case."""

    pdf: Path
    bundle: Path
    case: Path


def _locked(report: Report) -> Report:
    row: Report = Report.objects.select_for_update(of=("self",)).get(pk=report.pk)
    return row


SHELF = Shelf("reports.report", "reports.tasks.build_report", _locked, lambda row: {"number": row.number})


@transaction.atomic
def report_request(*, actor: User, run: Run, prepared_for: str, as_of: datetime.date) -> Report:
    """A report to be made about a finished run; the existing one where exactly the same would be said."""
    require(actor, "report.build", run)
    _check(run, prepared_for, as_of)
    digest = content_digest(run, prepared_for, as_of)
    found: Report | None = Report.objects.filter(run=run, content_digest=digest).first()
    if found is not None:
        return found
    title = f"Assessment of {run.plan.version.model.name}"
    report = Report(run=run, title=title, prepared_for=prepared_for, as_of=as_of, content_digest=digest, created_by=actor)
    row_ask(actor=actor, shelf=SHELF, row=report, payload={"run": str(run.id), "content": digest, "as_of": as_of.isoformat()})
    return report


@transaction.atomic
def report_enqueue(*, actor: User, run: Run, prepared_for: str, as_of: datetime.date) -> Report:
    """Request a report and ring for a worker to make it."""
    report = report_request(actor=actor, run=run, prepared_for=prepared_for, as_of=as_of)
    row_ring(SHELF, report)
    return report


def report_build(*, actor: User, run: Run, prepared_for: str, as_of: datetime.date) -> Report:
    """Request a report and make it at once; call it in a worker process."""
    return report_make(actor=actor, report=report_request(actor=actor, run=run, prepared_for=prepared_for, as_of=as_of))


def report_make(*, actor: User, report: Report) -> Report:
    """Render, sign, store and log a requested report. Safe to repeat: a report that is done is returned as it is."""
    return row_make(actor=actor, shelf=SHELF, row=report, build=_build)


def report_export(*, actor: User, report: Report, folder: Path) -> ExportedReport:
    """Write PDF, its log entry and the whole case into ``folder``; all three or none. ``Conflict`` where one is there already."""
    require(actor, "evidence.export", report)
    if report.state != ReportState.DONE or report.entry is None:
        raise InvalidState(f"{report.reference} is {report.get_state_display().lower()}; only a finished report can be exported.")
    folder.mkdir(parents=True, exist_ok=True)
    there = [name for name in (PDF, BUNDLE, CASE) if (folder / name).exists()]
    if there:
        raise Conflict(f"{folder / there[0]} exists already; choose another folder for the export")
    with tempfile.TemporaryDirectory(prefix=".report-", dir=folder) as name:
        part = Path(name)
        _export(actor, report, part)
        for name in (CASE, BUNDLE, PDF):
            (part / name).rename(folder / name)
    return ExportedReport(folder / PDF, folder / BUNDLE, folder / CASE)


def content_digest(run: Run, prepared_for: str, as_of: datetime.date) -> str:
    """Hex SHA-256 of what a report would say, whatever its number, its time and the head of the log."""
    return canonical_digest({"content": content_with_pipeline(run, as_of), "prepared_for": prepared_for, "as_of": as_of.isoformat()})


def _check(run: Run, prepared_for: str, as_of: datetime.date) -> None:
    plan_check_seal(run.plan)
    if run.state != RunState.DONE or run.finished_entry is None:
        raise InvalidState(f"{run} is {run.get_state_display().lower()}; a report needs a run whose steps are all done. Retry the others first.")
    if not prepared_for.strip():
        raise InvalidInput("prepared_for", "name the committee, person or authority the report is for")
    if not run.finished_entry.at.date() <= as_of <= clock.now().date():
        raise InvalidInput("as_of", f"choose a day from {run.finished_entry.at.date()}, when the run ended, to today")


def _build(actor: User, report: Report) -> Report:
    """No transaction is open here: drawing, rendering and signing take seconds."""
    content = content_with_pipeline(report.run, report.as_of)
    if "pipeline" in content:
        content |= {"pipeline": with_designs(content["pipeline"])}
    if content_digest(report.run, report.prepared_for, report.as_of) != report.content_digest:
        raise Conflict(f"What {report.reference} would say changed since it was requested; request it again.")
    ring, moment = installed(), clock.now().replace(microsecond=0)
    signer = signer_open(*ring.report_key())
    snapshot = snapshot_build(report=report, content=content, moment=moment, ring=ring, certificate=signer.certificate)
    about = {"report": str(report.id), "number": report.number}
    return _close(actor, report, pages_sign(snapshot.document, snapshot.files, None, signer, about), moment)


def _close(actor: User, report: Report, made: Made, moment: datetime.datetime) -> Report:
    file = made.stored(PDF, "report", str(report))
    with transaction.atomic():
        row = _locked(report)
        if row.state == ReportState.DONE:
            return row
        attestation = evidence_record(
            actor=actor,
            action="reports.report.built",
            subject=row.subject,
            predicate_type=statements.REPORT,
            predicate=made.predicate,
            blobs=[file],
            payload={"run": str(row.run_id), "number": row.number, "snapshot": made.predicate["snapshot_sha256"], "signed": file.blob.sha256},
            organisation_id=row.run.organisation_id,
        )
        row.artifact, row.entry = attestation.artifacts.get(), attestation.entry
        row.snapshot_digest, row.unsigned_sha256, row.signed_sha256 = (made.predicate[f"{name}_sha256"] for name in ("snapshot", "unsigned", "signed"))
        row_done(row, "artifact", "entry", "snapshot_digest", "unsigned_sha256", "signed_sha256")
        Signature.objects.create(report=row, profile=PROFILE, certificate=made.predicate["certificate"], signed_at=moment)
    return row


def _export(actor: User, report: Report, part: Path) -> None:
    entry = report.entry
    if entry is None:
        raise InvalidState(f"{report.reference} has no log entry")
    try:
        (part / PDF).write_bytes(blob_read(report.signed_sha256))
        (part / BUNDLE).write_bytes(bundle_read(entry.attestation))
        case_write(actor=actor, path=part / "case", title=f"Case of {report}", attestations=[*attestations_of(report.run), entry.attestation])
        case_zip(part / "case", part / CASE)
        shutil.rmtree(part / "case")
    except OSError as error:
        raise StorageFailed(f"the report could not be exported: {error.strerror or error}. Nothing was kept.") from error
