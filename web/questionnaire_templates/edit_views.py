"""The editor: every form makes a new state of the draft, which is checked whole. Undone by discarding the draft."""

from collections.abc import Callable
from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.permissions import require
from core.errors import Conflict, InvalidInput, InvalidState, NotFound
from questionnaires.document import Document
from questionnaires.editing import PartKind, head_put, part_move, part_put, part_remove
from questionnaires.models import Template, TemplateVersion
from questionnaires.services.templates import draft_write
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.questionnaire_templates import page, queries
from web.questionnaire_templates.part_forms import LABELS, PartForm, part_of

SAVED = "Stored in the draft. Vendors see nothing of it before it is published."


def _edited(request: HttpRequest, template_id: UUID) -> tuple[Template, TemplateVersion]:
    """The questionnaire and what its editor begins from; only for those who may write."""
    template = queries.template_for(actor_of(request), template_id)
    require(actor_of(request), page.VERB, template)
    return template, queries.edited_of(template)


def _kind(kind: str) -> PartKind:
    if kind not in LABELS:
        raise NotFound("There is no such kind of part.")
    return cast(PartKind, kind)


def _back(template: Template, part: str = "") -> str:
    return reverse("web:template-edit", args=[template.pk]) + (f"#{part}" if part else "")


@require_GET
def template_edit(request: HttpRequest, template_id: UUID) -> HttpResponse:
    """The draft as a list of its parts, each with its forms, and what it changes so far."""
    template, edited = _edited(request, template_id)
    document, newest = edited.parsed(), queries.newest_of(template)
    context = {
        "template": template, "edited": edited, "document": document, "title": f"Edit “{template.name}”", "pretitle": page.version_name(edited),
        "crumbs": page.crumbs((template.name, reverse("web:template-detail", args=[template.pk]))), "nav": page.NAV,
        "groups": page.sections_of(document), "ends": page.ends_of(document), "is_draft": edited.published_at is None,
        "changes": page.changes_of(newest, edited) if edited.published_at is None else [], "newest": newest,
    }  # fmt: skip
    return render(request, "web/questionnaire_templates/edit.html", context)


@require_http_methods(["GET", "POST"])
def template_head(request: HttpRequest, template_id: UUID) -> HttpResponse:
    """Title, description, source and headline."""
    template, edited = _edited(request, template_id)
    document = edited.parsed()
    form = PartForm(posted(request), document, "questionnaire", document, edited.digest)
    if form.is_valid() and _store(request, form, template, lambda: head_put(document, form.raw())):
        return redirect(_back(template))
    lead = "The title stands on top of the page that vendors answer."
    return form_response(request, form, title="Title and description", pretitle=template.name, lead=lead, action="Save", back=_back(template), nav=page.NAV)


@require_http_methods(["GET", "POST"])
def template_part_add(request: HttpRequest, template_id: UUID, kind: str) -> HttpResponse:
    """Add a part."""
    template, edited = _edited(request, template_id)
    wanted, document = _kind(kind), edited.parsed()
    within = request.GET.get("in", "") or document.sections[0].id
    form = PartForm(posted(request), document, wanted, None, edited.digest, within)
    if form.is_valid():
        place = {"within": form.cleaned_data["in"], "after": form.cleaned_data["after"]} if wanted == "question" else {}
        if _store(request, form, template, lambda: part_put(document, wanted, form.raw(), **place)):
            return redirect(_back(template, form.cleaned_data["id"]))
    title = f"Add: {LABELS[wanted].lower()}"
    return form_response(request, form, title=title, pretitle=template.name, action="Add", back=_back(template), nav=page.NAV)


@require_http_methods(["GET", "POST"])
def template_part_edit(request: HttpRequest, template_id: UUID, kind: str, part: str) -> HttpResponse:
    """Change a part."""
    template, edited = _edited(request, template_id)
    wanted, document = _kind(kind), edited.parsed()
    form = PartForm(posted(request), document, wanted, part_of(document, wanted, part), edited.digest)
    if form.is_valid():
        within = form.cleaned_data["in"] if wanted == "question" else ""
        if _store(request, form, template, lambda: part_put(document, wanted, form.raw(), part, within=within)):
            return redirect(_back(template, part))
    title = f"{LABELS[wanted]} {part}"
    return form_response(request, form, title=title, pretitle=template.name, action="Save", back=_back(template, part), nav=page.NAV)


@require_http_methods(["GET", "POST"])
def template_part_remove(request: HttpRequest, template_id: UUID, kind: str, part: str) -> HttpResponse:
    """Ask once more, then leave a part out of the draft."""
    template, edited = _edited(request, template_id)
    wanted, document = _kind(kind), edited.parsed()
    part_of(document, wanted, part)
    if request.method == "POST":
        _try(request, lambda: draft_write(actor=actor_of(request), template=template, document=part_remove(document, wanted, part), seen=edited.digest))
        return redirect(_back(template))
    text = "It goes from the draft only. Requests that were sent keep it."
    context = {"title": f"Remove {LABELS[wanted].lower()} {part}?", "text": text, "action": "Remove", "back": _back(template, part), "danger": True}
    return render(request, "components/confirm.html", {**context, "nav": page.NAV})


@require_POST
def template_part_move(request: HttpRequest, template_id: UUID, kind: str, part: str) -> HttpResponse:
    """Move a part up or down among its like."""
    template, edited = _edited(request, template_id)
    wanted, document, up = _kind(kind), edited.parsed(), request.POST.get("way") != "down"
    part_of(document, wanted, part)
    seen = request.POST.get("seen", "")
    _try(request, lambda: draft_write(actor=actor_of(request), template=template, document=part_move(document, wanted, part, up=up), seen=seen))
    return redirect(_back(template, part))


def _store(request: HttpRequest, form: PartForm, template: Template, change: Callable[[], Document]) -> bool:
    """Store what ``change`` makes of the document; False with the error in ``form`` where it may not be so."""
    try:
        document = change()
    except InvalidInput as error:
        form.refuse(error)
        return False
    with service_errors(form):
        draft_write(actor=actor_of(request), template=template, document=document, seen=form.cleaned_data["seen"])
        messages.success(request, SAVED)
        return True
    return False


def _try(request: HttpRequest, write: Callable[[], TemplateVersion]) -> None:
    """``write``, or its refusal as a message above the list of parts."""
    try:
        write()
        messages.success(request, SAVED)
    except (InvalidInput, InvalidState, Conflict) as error:
        messages.error(request, str(error))
