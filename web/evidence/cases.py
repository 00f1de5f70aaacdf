"""Cases: everything about one run in a ZIP that a stranger can check without us."""

from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import allowed
from core.errors import InvalidInput, InvalidState
from evidence.storage import blobs
from reports.cases import case_request
from reports.models import CaseExport, ReportState
from web import words
from web.evidence import queries
from web.evidence.filters import CaseFilter
from web.evidence.forms import CaseForm
from web.evidence.tables import CaseTable, mark
from web.fetch import actor_of
from web.forms import form_response, service_errors
from web.lists.listing import Action, Empty, Listing, list_response

CASES = Listing(
    slug="cases",
    title="Cases",
    lead="A case is one ZIP with the files, statements, log and keys that prove what was said about a run. Anyone can check it offline.",
    pretitle="Evidence",
    table=CaseTable,
    filterset=CaseFilter,
    empty=Empty("No case was exported yet", "Choose a run that has ended, and hand the ZIP to whoever wants to check it."),
    nav="evidence",
)


@require_GET
def case_list(request: HttpRequest) -> HttpResponse:
    """Cases the actor may know of."""
    actor = actor_of(request)
    may = (("Export a case", "case-export", "evidence.export", True), ("Take in a vendor's case", "case-import", "case.receive", False))
    actions = tuple(Action(label, reverse(f"web:{name}"), primary=primary) for label, name, verb, primary in may if allowed(actor, verb))
    return list_response(request, CASES, CaseExport.objects.visible_to(actor).select_related("run"), actions)


@require_http_methods(["GET", "POST"])
def case_export(request: HttpRequest) -> HttpResponse:
    """Choose a run; a worker puts its case together."""
    actor = actor_of(request)
    wanted = request.POST.get("run") or request.GET.get("run")
    form = CaseForm(request.POST if request.method == "POST" else None, runs=queries.runs_offered(actor, key_of(wanted)), initial={"run": wanted})
    if request.method == "POST" and form.is_valid():
        with service_errors(form):
            case = case_request(actor=actor, run=form.cleaned_data["run"])
            return redirect("web:case-detail", case.pk)
    lead = "The ZIP holds every file and statement of the run and the whole log's hashes. It is put together by a worker; large runs take a minute."
    head = {"pretitle": "Evidence", "title": "Export a case", "lead": lead, "action": "Export", "back": reverse("web:case-list"), "nav": "evidence"}
    return form_response(request, form, **head)


@require_GET
def case_detail(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """One case: its state while it is put together, then the file and how to check it."""
    actor = actor_of(request)
    case = queries.case_for(actor, case_id)
    polls = case.state == ReportState.REQUESTED
    context = {"case": case, "mark": mark(case.state), "polls": polls, "glossary": words.glossary("Log", "Checkpoint", "Attestation"), "nav": "evidence"}
    return render(request, f"web/evidence/case.html{'#live' if request.headers.get('HX-Request') else ''}", context)


@require_GET
def case_download(request: HttpRequest, case_id: UUID) -> FileResponse:
    """The ZIP, hashed again on the way out."""
    case = queries.case_for(actor_of(request), case_id)
    if case.state != ReportState.DONE:
        raise InvalidState(f"{case.title} is {case.get_state_display().lower()}; there is no file yet.")
    return FileResponse(blobs().open(case.sha256), as_attachment=True, filename=case.file_name, content_type="application/zip")


def key_of(text: str | None) -> UUID | None:
    """The id of a run in an address or form; ``InvalidInput`` when it is none."""
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise InvalidInput("run", "choose a run from the list") from error
