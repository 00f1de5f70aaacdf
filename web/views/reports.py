"""Asking for the signed report of a run, and handing it out."""

from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from core import clock
from core.errors import InvalidState
from evidence.proofs import bundle_read
from evidence.storage import blobs
from reports.models import ReportState
from reports.services import report_enqueue
from web.fetch import actor_of, report_for, run_for


@require_POST
def report_build(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Request the report as of today; a worker draws and signs it."""
    actor = actor_of(request)
    run = run_for(actor, run_id)
    report = report_enqueue(actor=actor, run=run, prepared_for=request.POST.get("prepared_for", "").strip(), as_of=clock.now().date())
    if report.state == ReportState.DONE:
        messages.info(request, f"{report.reference} already says exactly this; no second one was made.")
    return redirect("web:run-detail", run.id)


@require_GET
def report_download(request: HttpRequest, report_id: UUID) -> FileResponse:
    """The signed PDF, hashed again on the way out."""
    report = report_for(actor_of(request), report_id)
    if report.artifact is None:
        raise InvalidState(f"{report.reference} is {report.get_state_display().lower()}; there is no file yet.")
    return FileResponse(blobs().open(report.artifact.sha256), as_attachment=True, filename=f"{report.reference}.pdf", content_type="application/pdf")


@require_GET
def report_bundle(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """The report's signed log entry with its proof: what ``assay verify`` wants beside the PDF."""
    report = report_for(actor_of(request), report_id)
    if report.entry is None:
        raise InvalidState(f"{report.reference} is {report.get_state_display().lower()}; there is no log entry yet.")
    name = f"{report.reference}.pdf.sigstore.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(bundle_read(report.entry.attestation), content_type="application/json", headers=headers)
