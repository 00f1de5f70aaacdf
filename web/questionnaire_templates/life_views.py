"""Begin, import, publish, discard and withdraw questionnaires."""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.permissions import require
from core.errors import InvalidInput, InvalidState
from questionnaires.differences import differences
from questionnaires.document import Document
from questionnaires.exchange.files import document_from
from questionnaires.models import TemplateVersion
from questionnaires.services.templates import draft_discard, draft_write, template_create, template_withdraw, version_publish
from web.fetch import actor_of
from web.forms import form_response, posted, sentence, service_errors
from web.questionnaire_templates import page, queries
from web.questionnaire_templates.forms import BeginForm, ConsentForm, NewConsentForm, PublishForm, UploadForm
from web.register_file import CHECK

FOLDER = "web/questionnaire_templates"


@require_http_methods(["GET", "POST"])
def template_create_view(request: HttpRequest) -> HttpResponse:
    """Begin a questionnaire."""
    form = BeginForm(posted(request), actor=actor_of(request))
    if form.is_valid():
        with service_errors(form):
            name, document = form.cleaned_data["name"], form.document()
            template = template_create(actor=actor_of(request), organisation=form.home, name=name, document=document)
            messages.success(request, "Begun as a draft. Make it yours, try it, then publish it.")
            return redirect("web:template-edit", template.pk)
    back = reverse("web:template-list")
    return form_response(request, form, title="Write a questionnaire", crumbs=page.crumbs(), action="Begin", back=back, nav=page.NAV)


@require_http_methods(["GET", "POST"])
def template_import(request: HttpRequest) -> HttpResponse:
    """A file becomes a questionnaire of its own: upload, preview, consent."""
    actor = actor_of(request)
    if "document" in request.POST:
        consent = NewConsentForm(request.POST, actor=actor)
        if consent.is_valid():
            with service_errors(consent):
                facts = {"name": consent.cleaned_data["name"], "document": consent.cleaned_data["document"]}
                template = template_create(actor=actor, organisation=consent.home, **facts)
                messages.success(request, "Imported as a draft. Nothing is published yet.")
                return redirect("web:template-detail", template.pk)
        return _preview(request, consent, _sent(consent), None, 422)
    document, upload = _uploaded(request)
    if document is not None:
        return _preview(request, NewConsentForm(None, actor=actor, initial=_kept(document, "") | {"name": document.title}), document, None)
    return _upload(request, upload, "Import a questionnaire", reverse("web:template-list"))


@require_http_methods(["GET", "POST"])
def template_import_into(request: HttpRequest, template_id: UUID) -> HttpResponse:
    """A file becomes the draft of a questionnaire: upload, preview with what differs, consent."""
    actor = actor_of(request)
    template = queries.template_for(actor, template_id)
    require(actor, page.VERB, template)
    edited = queries.edited_of(template)
    if "document" in request.POST:
        consent = ConsentForm(request.POST)
        if consent.is_valid():
            with service_errors(consent):
                draft_write(actor=actor, template=template, **consent.cleaned_data)
                messages.success(request, "The file is the draft now. Nothing is published yet.")
                return redirect("web:template-edit", template.pk)
        return _preview(request, consent, _sent(consent), edited, 422)
    document, upload = _uploaded(request)
    if document is not None:
        return _preview(request, ConsentForm(initial=_kept(document, edited.digest)), document, edited)
    return _upload(request, upload, f"Import a draft of “{template.name}”", reverse("web:template-detail", args=[template.pk]))


def _uploaded(request: HttpRequest) -> tuple[Document | None, UploadForm]:
    """The document in the file that was sent, and the form with what is wrong with it."""
    form = UploadForm(posted(request), request.FILES if request.method == "POST" else None)
    if not form.is_valid():
        return None, form
    try:
        return document_from(form.cleaned_data["file"].read()), form
    except InvalidInput as error:
        form.add_error("file", sentence(error.message))
        return None, form


def _kept(document: Document, seen: str) -> dict[str, str]:
    return {"document": json.dumps(document.stored(), ensure_ascii=False), "seen": seen}


def _sent(form: ConsentForm) -> Document | None:
    found: Document | None = form.cleaned_data.get("document")
    return found


def _upload(request: HttpRequest, form: UploadForm, title: str, back: str) -> HttpResponse:
    context = {"title": title, "action": CHECK, "crumbs": page.crumbs(), "back": back, "nav": page.NAV}
    return form_response(request, form, f"{FOLDER}/upload.html", **context)


def _preview(request: HttpRequest, form: ConsentForm, document: Document | None, edited: TemplateVersion | None, status: int = 200) -> HttpResponse:
    """What the file holds and, where it becomes a draft, what it would change."""
    changes = [str(row) for row in differences(edited.parsed(), document)] if edited and document else None
    context: dict[str, Any] = {"form": form, "document": document, "changes": changes, "edited": edited, "crumbs": page.crumbs()}
    context["title"] = "Preview, nothing is stored yet"
    context |= {"groups": page.sections_of(document) if document else [], "nav": page.NAV, "pretitle": document.title if document else ""}
    return render(request, f"{FOLDER}/preview.html", context, status=status)


@require_http_methods(["GET", "POST"])
def template_publish(request: HttpRequest, template_id: UUID) -> HttpResponse:
    """Show what differs from the version before, ask once more, then publish the draft."""
    actor = actor_of(request)
    template = queries.template_for(actor, template_id)
    require(actor, page.VERB, template)
    draft = queries.draft_of(template)
    if draft is None:
        raise InvalidState("There is no draft to publish. Change something first.")
    form = PublishForm(posted(request), initial={"seen": draft.digest})
    if form.is_valid():
        with service_errors(form):
            version = version_publish(actor=actor, template=template, **form.cleaned_data)
            messages.success(request, f"Version {version.number} is published, and entered in the log. It can be sent from now on, and never changes.")
            return redirect("web:template-detail", template.pk)
    newest = queries.newest_of(template)
    context = {"draft": draft, "newest": newest, "changes": page.changes_of(newest, draft), "title": f"Publish version {draft.number}?"}
    back = reverse("web:template-edit", args=[template.pk])
    return form_response(request, form, f"{FOLDER}/publish.html", **context, back=back, nav=page.NAV)


@require_http_methods(["GET", "POST"])
def template_discard(request: HttpRequest, template_id: UUID) -> HttpResponse:
    """Ask once more, then forget the draft."""
    actor = actor_of(request)
    template = queries.template_for(actor, template_id)
    require(actor, page.VERB, template)
    if request.method == "POST":
        stays = draft_discard(actor=actor, template=template)
        messages.success(request, "The draft is discarded.")
        return redirect("web:template-detail", template.pk) if stays else redirect("web:template-list")
    published = queries.newest_of(template)
    text = f"What was changed since version {published.number} is lost." if published else "Nothing of this questionnaire is published, so it goes altogether."
    back = reverse("web:template-edit" if published else "web:template-detail", args=[template.pk])
    context = {"title": "Discard the draft?", "text": text, "action": "Discard", "back": back, "danger": True, "nav": page.NAV}
    return render(request, "components/confirm.html", context)


@require_http_methods(["GET", "POST"])
def template_withdraw_view(request: HttpRequest, template_id: UUID) -> HttpResponse:
    """Ask once more, then offer it no longer for new requests."""
    actor = actor_of(request)
    template = queries.template_for(actor, template_id)
    require(actor, page.VERB, template)
    if request.method == "POST":
        template_withdraw(actor=actor, template=template)
        messages.success(request, "Withdrawn. Requests that were sent keep their version.")
        return redirect("web:template-detail", template.pk)
    text = "It can no longer be sent or edited. Requests that were sent keep their version, and it can still be read and exported."
    context = {"title": f"Withdraw “{template.name}”?", "text": text, "action": "Withdraw", "danger": True, "nav": page.NAV}
    return render(request, "components/confirm.html", {**context, "back": reverse("web:template-detail", args=[template.pk])})
