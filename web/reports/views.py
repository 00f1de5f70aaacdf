"""Asking for the signed report of a run, following it while it is made, and handing it out."""

from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import allowed, require
from reports.models import ReportState
from reports.services import report_enqueue
from web.fetch import actor_of, report_for, run_for
from web.forms import form_response, service_errors
from web.handout import bundle_sent, file_sent
from web.lists.listing import Action, Empty, Listing, list_response
from web.reports import page, queries
from web.reports.filters import ReportFilter, RunFilter
from web.reports.forms import ReportForm
from web.reports.tables import ReportTable, RunTable

REPORTS = Listing(
    slug="reports",
    title="Reports",
    lead="Signed PDFs about one run each, certified against changes and entered in the log.",
    table=ReportTable,
    filterset=ReportFilter,
    empty=Empty("No report was built yet", "Start a run; when all its steps are done, a signed report can be built from it."),
    nav="reports",
)
RUNS = Listing(
    slug="reportable-runs",
    title="Which run?",
    lead="A report is about one run whose steps are all done.",
    pretitle="New report",
    table=RunTable,
    filterset=RunFilter,
    empty=Empty("No run is done yet", "A report needs a run whose steps are all done. Write a plan, seal it and start a run."),
    nav="reports",
)


@require_GET
def report_list(request: HttpRequest) -> HttpResponse:
    """All reports the actor may know of."""
    actor = actor_of(request)
    actions = (Action("New report", reverse("web:report-new"), primary=True),) if allowed(actor, "report.build") else ()
    return list_response(request, REPORTS, queries.reports(actor), (Action("The board's page", reverse("web:board")), *actions))


@require_GET
def report_new(request: HttpRequest) -> HttpResponse:
    """Choose the run."""
    return list_response(request, RUNS, queries.reportable(actor_of(request)))


@require_GET
def report_detail(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """One report, or only its moving part for htmx."""
    actor = actor_of(request)
    template = "web/reports/detail.html#live" if request.headers.get("HX-Request") else "web/reports/detail.html"
    return render(request, template, page.context(actor, queries.report_for(actor, report_id)))


@require_http_methods(["GET", "POST"])
def report_build(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Request the report; a worker draws and signs it. Back to the run where it was asked for there, on its short form."""
    actor = actor_of(request)
    run = run_for(actor, run_id)
    require(actor, "report.build", run)
    form = ReportForm(request.POST if request.method == "POST" else None, run=run)
    if request.method == "POST" and form.is_valid():
        with service_errors(form):
            report = report_enqueue(actor=actor, run=run, prepared_for=form.cleaned_data["prepared_for"], as_of=form.cleaned_data["as_of"])
            if report.state == ReportState.DONE:
                messages.info(request, f"{report.reference} already says exactly this; no second one was made.")
            return redirect("web:report-detail", report.id) if "as_of" in request.POST else redirect("web:run-detail", run.id)
    head = {"pretitle": f"{run} · {run.plan.version}", "title": "Build the signed report", "action": "Build report", "nav": "reports"}
    lead = "A PDF with every finding, the sealed plan and the statements attached. The same request gives the same report."
    return form_response(request, form, **head, lead=lead, back=reverse("web:run-detail", args=[run.id]))


@require_GET
def report_download(request: HttpRequest, report_id: UUID) -> FileResponse:
    """The signed PDF, hashed again on the way out."""
    report = report_for(actor_of(request), report_id)
    return file_sent(report, report.artifact)


@require_GET
def report_bundle(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """The report's signed log entry with its proof: what ``assay verify`` wants beside the PDF."""
    report = report_for(actor_of(request), report_id)
    return bundle_sent(report, report.entry, f"{report.reference}.pdf")
