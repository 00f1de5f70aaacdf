"""Cases on request: asked for in a page, put together by a worker outside any long transaction, kept in the store."""

import tempfile
from pathlib import Path

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from assessments.models import Run
from core.errors import InvalidState, StorageFailed
from evidence import ledger
from evidence.case import case_write, case_zip
from evidence.models import Attestation
from evidence.storage import Blob, blob_put_file
from reports.models import CaseExport, Report, ReportState
from reports.queries import attestations_of
from reports.signed_rows import Shelf, row_done, row_make, row_ring


def _locked(case: CaseExport) -> CaseExport:
    return CaseExport.objects.select_for_update(of=("self",)).get(pk=case.pk)


SHELF = Shelf("evidence.case", "reports.tasks.build_case", _locked, lambda row: {"run": str(row.run_id)}, "evidence.export")


@transaction.atomic
def case_request(*, actor: User, run: Run) -> CaseExport:
    """Ask for the case of a run that has ended, and ring for a worker; one that is already under way is rung for again."""
    require(actor, "evidence.export", run)
    if not run.ended:
        raise InvalidState(f"{run} is {run.get_state_display().lower()}; a case needs a run that has ended.")
    case: CaseExport | None = CaseExport.objects.filter(run=run, state=ReportState.REQUESTED).first()
    if case is None:
        case = CaseExport(run=run, title=f"Case of {run}: {run.plan.title}", created_by=actor)
        payload = {"run": str(run.id)}
        ledger.append(actor=actor, action="evidence.case.requested", subject=case.subject, payload=payload, organisation_id=run.organisation_id)
        case.save(force_insert=True)
    row_ring(SHELF, case)
    return case


def case_make(*, actor: User, case: CaseExport) -> CaseExport:
    """Put the ZIP together, store it and say so in the row. Safe to repeat: a case that is done is returned as it is."""
    return row_make(actor=actor, shelf=SHELF, row=case, build=_build)


def _build(actor: User, case: CaseExport) -> CaseExport:
    blob, statement = _pack(actor, case)
    with transaction.atomic():
        row = _locked(case)
        if row.state != ReportState.DONE:
            row.sha256, row.size, row.entry = blob.sha256, blob.size, statement.entry
            row_done(row, "sha256", "size", "entry")
    return row


def _pack(actor: User, case: CaseExport) -> tuple[Blob, Attestation]:
    """No transaction is open here: copying and hashing may take long."""
    try:
        with tempfile.TemporaryDirectory(prefix="case-") as name:
            folder = Path(name)
            statement = case_write(actor=actor, path=folder / "case", title=case.title, attestations=statements_of(case.run))
            case_zip(folder / "case", folder / "case.zip")
            return blob_put_file(folder / "case.zip"), statement
    except OSError as error:
        raise StorageFailed(f"the case could not be put together: {error.strerror or error}. Nothing was kept.") from error


def statements_of(run: Run) -> list[Attestation]:
    """The statements on a run, and those on its finished reports."""
    reports = Report.objects.filter(run=run, state=ReportState.DONE).select_related("entry__attestation").order_by("number")
    return [*attestations_of(run), *(report.entry.attestation for report in reports if report.entry is not None)]
