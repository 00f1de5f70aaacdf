"""Frameworks: list and detail; import: upload, preview, apply, discard."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import require
from evidence import ledger
from evidence.libraries import library_import
from frameworks.import_plans import draft_read, plan_of
from frameworks.import_services import draft_create, draft_discard
from frameworks.import_words import sentences
from frameworks.imports.limits import LARGEST
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.frameworks import page, queries
from web.frameworks.forms import ApplyForm, UploadForm
from web.register_file import CHECK
from web.uploads import Limited, limited

LEAD = "A library or sheet that you have. First you see what it would change; its file is then kept as evidence and the change entered in the log."


@require_GET
def framework_list(request: HttpRequest) -> HttpResponse:
    """What is loaded, with its licence and source; crosswalks; one's own files that wait."""
    return render(request, "web/frameworks/list.html", page.list_context(actor_of(request)))


@require_GET
def framework_detail(request: HttpRequest, framework: str) -> HttpResponse:
    """One framework: where it comes from, its versions, its crosswalks."""
    return render(request, "web/frameworks/detail.html", page.framework_context(actor_of(request), queries.framework_for(framework)))


@require_http_methods(["GET", "POST"])
@limited(LARGEST)
def framework_import(request: HttpRequest, limit: Limited) -> HttpResponse:
    """Upload a file."""
    actor = actor_of(request)
    require(actor, "frameworks.load")
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = UploadForm(*sent, homes=queries.homes(actor), too_large=limit.exceeded)
    if form.is_valid():
        file = form.cleaned_data["file"]
        with service_errors(form):
            draft = draft_create(actor=actor, record=ledger.append, organisation=form.home, name=file.name, raw=file.read(LARGEST + 1))
            return redirect("web:import-preview", draft.pk)
    context = {"title": "Import a file", "lead": LEAD, "action": CHECK, "back": reverse("web:framework-list"), "crumbs": page.CRUMBS, "nav": "requirements"}
    return form_response(request, form, "web/frameworks/import.html", **context)


@require_GET
def import_preview(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """What the file is and what it would change; for a sheet the columns come first."""
    draft = queries.draft_for(actor_of(request), draft_id)
    if draft_read(draft).found is None:
        return redirect("web:import-columns", draft.pk)
    into = request.GET.get("into", "")
    plan = plan_of(draft, into)
    show = request.GET.get("show", "changes" if plan.changes else "rows")
    return render(request, "web/frameworks/preview.html", page.preview_context(draft, plan, into, show, request.GET.get("page", "1")))


@require_http_methods(["GET", "POST"])
def import_apply(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Ask once more, then carry out exactly what was seen."""
    draft = queries.draft_for(actor_of(request), draft_id)
    plan = plan_of(draft, request.POST.get("into", request.GET.get("into", "")))
    form = ApplyForm(posted(request), initial={"into": request.GET.get("into", ""), "seen": plan.seen})
    if form.is_valid():
        with service_errors(form):
            framework = library_import(actor=actor_of(request), draft=draft, **form.cleaned_data)
            messages.success(request, "Imported. The file is kept as evidence and the change is in the log.")
            return redirect("web:framework-detail", framework.slug) if framework else redirect("web:framework-list")
    text = " ".join([*sentences(plan), "Everybody who works with this installation will see it. Evidence that was accepted stays where it is."])
    context = {"title": f"Apply “{plan.found.name or draft.name}”?", "text": text, "action": "Apply", "nav": "requirements"}
    return form_response(request, form, "components/confirm.html", back=reverse("web:import-preview", args=[draft.pk]), **context)


@require_http_methods(["GET", "POST"])
def import_discard(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Forget an uploaded file."""
    actor = actor_of(request)
    draft = queries.draft_for(actor, draft_id)
    if request.method == "POST":
        draft_discard(actor=actor, record=ledger.append, draft=draft)
        messages.success(request, "Discarded. Nothing was imported.")
        return redirect("web:framework-list")
    text = f"“{draft.name}” is forgotten. Nothing that is loaded changes."
    context = {"title": "Discard the uploaded file?", "text": text, "action": "Discard", "danger": True, "nav": "requirements"}
    return render(request, "components/confirm.html", {**context, "back": reverse("web:import-preview", args=[draft.pk])})
