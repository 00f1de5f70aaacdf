"""Files behind answers: fetch, release, refuse, cite."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import require
from evidence.storage import blobs
from questionnaires.models import Exhibit, ExhibitState
from questionnaires.services.exhibits import evidence_cite, exhibit_refuse, exhibit_release
from questionnaires.services.reviews import VERB
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.reviews import queries
from web.reviews.forms import CiteForm, NoteForm, ReasonForm
from web.reviews.views import address


@require_GET
def exhibit_download(request: HttpRequest, exhibit_id: UUID) -> FileResponse:
    """The bytes, hashed again on the way out and never shown in place; one that is not released only for those who review it."""
    actor = actor_of(request)
    row = queries.exhibit_for(actor, exhibit_id)
    if row.state != ExhibitState.RELEASED:
        require(actor, VERB, row)
    answer = FileResponse(blobs().open(row.artifact.sha256), as_attachment=True, filename=row.file_name, content_type="application/octet-stream")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


@require_http_methods(["GET", "POST"])
def exhibit_release_page(request: HttpRequest, exhibit_id: UUID) -> HttpResponse:
    """Let a file out of quarantine."""
    text = "Only release it after you looked at it on a machine that can take harm. Anybody who may read the answers can fetch it then."
    return _decide(request, exhibit_id, NoteForm, exhibit_release, {"title": "Release this file?", "text": text, "action": "Release"})


@require_http_methods(["GET", "POST"])
def exhibit_refuse_page(request: HttpRequest, exhibit_id: UUID) -> HttpResponse:
    """Refuse a file."""
    text = "It counts for nothing then. An answer that was accepted with it becomes stale."
    return _decide(request, exhibit_id, ReasonForm, exhibit_refuse, {"title": "Refuse this file?", "text": text, "action": "Refuse", "danger": True})


def _decide(request: HttpRequest, exhibit_id: UUID, kind: type[Any], act: Callable[..., Exhibit], words: dict[str, Any]) -> HttpResponse:
    actor = actor_of(request)
    row = queries.exhibit_for(actor, exhibit_id)
    require(actor, VERB, row)
    form, back = kind(posted(request)), address(row.answer.request, row.answer.question)
    if form.is_valid():
        with service_errors(form):
            done = act(actor=actor, exhibit=row, **form.cleaned_data)
            messages.success(request, f"“{done.name}” is {done.get_state_display().lower()}, and that is entered in the log.")
            return redirect(back)
    return form_response(request, form, "components/confirm.html", **{**words, "text": f"“{row.name}”. {words['text']}", "back": back, "nav": "questionnaires"})


@require_http_methods(["GET", "POST"])
def evidence_cite_page(request: HttpRequest, request_id: UUID, question: str) -> HttpResponse:
    """Put a file of the evidence store behind an answer."""
    actor = actor_of(request)
    row = queries.request_for(actor, request_id)
    require(actor, VERB, row)
    answer = queries.answer_for(row, question)
    form, back = CiteForm(posted(request)), address(row, question)
    if form.is_valid():
        with service_errors(form):
            evidence_cite(actor=actor, answer=answer, **form.cleaned_data)
            messages.success(request, "Cited, and entered in the log.")
            return redirect(back)
    lead = "A file that is already in the evidence store, such as a finding of your own on this vendor's model."
    return form_response(request, form, title="Cite evidence", lead=lead, action="Cite", back=back, nav="questionnaires")
