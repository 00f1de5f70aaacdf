"""Questionnaires of customers: list, take in, look, answer, approve, open again, export."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.permissions import require
from core.errors import NotFound
from questionnaires.inbound import Line, answers_digest, lines_of, unanswered
from questionnaires.inbound_file import FORMS, LARGEST
from questionnaires.models import QuestionnaireRequest
from questionnaires.services.inbound import APPROVE, VERB, inbound_answer, inbound_approve, inbound_export, inbound_receive, inbound_reopen
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.inbound import page, queries
from web.inbound.forms import AgainForm, AnswerForm, ApproveForm, ReceiveForm
from web.lists.listing import list_response
from web.settings.queries import organisations
from web.uploads import Limited, limited


@require_GET
def inbound_list(request: HttpRequest) -> HttpResponse:
    """All questionnaires of customers that the actor may know of."""
    actor = actor_of(request)
    listing, actions = page.listing(actor)
    return list_response(request, listing, queries.inbound_rows(actor), actions=actions)


@require_http_methods(["GET", "POST"])
@limited(LARGEST)
def inbound_create(request: HttpRequest, limit: Limited) -> HttpResponse:
    """Take one in."""
    actor = actor_of(request)
    require(actor, VERB)
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = ReceiveForm(*sent, actor=actor, homes=organisations(actor, VERB), too_large=limit.exceeded)
    if form.is_valid():
        with service_errors(form):
            row = inbound_receive(actor=actor, organisation=form.home, given=form.received())
            messages.success(request, "Taken in. Next: answer its questions.")
            return redirect("web:inbound-detail", row.pk)
    head = {"title": "Take in a questionnaire", "lead": page.TEXT, "action": "Take it in", "back": reverse("web:inbound-list"), "nav": "questionnaires"}
    return form_response(request, form, "web/inbound/new.html", **head)


@require_GET
def inbound_detail(request: HttpRequest, inbound_id: UUID) -> HttpResponse:
    """One questionnaire with every question and what we say."""
    actor = actor_of(request)
    return render(request, "web/inbound/detail.html", page.context(queries.inbound_for(actor, inbound_id), actor))


@require_http_methods(["GET", "POST"])
def inbound_question(request: HttpRequest, inbound_id: UUID, inbound_question: str) -> HttpResponse:
    """Answer one question, with what was said before and the evidence that fits beside it."""
    actor = actor_of(request)
    row = queries.inbound_for(actor, inbound_id)
    require(actor, VERB, row)
    line = _line(row, inbound_question)
    begin = page.begin(line, actor, row, request.GET.get("take", ""), request.GET.get("cite", ""))
    form = AnswerForm(posted(request), question=line.question, initial=begin)
    if form.is_valid():
        data = form.cleaned_data
        with service_errors(form):
            citations = data["citations"].splitlines()
            inbound_answer(actor=actor, request=row, question=line.question.id, raw=data["value"], citations=citations, seen=data["seen"])
            messages.success(request, "Saved, and entered in the log.")
            return redirect("web:inbound-detail", row.pk)
    return form_response(request, form, "web/inbound/answer.html", **page.answer_context(row, line.question, actor))


@require_http_methods(["GET", "POST"])
def inbound_approval(request: HttpRequest, inbound_id: UUID) -> HttpResponse:
    """Approve what goes out, as it was on the page."""
    actor = actor_of(request)
    row = queries.inbound_for(actor, inbound_id)
    require(actor, APPROVE, row)
    form = ApproveForm(posted(request), initial={"seen": answers_digest(row)})
    if form.is_valid():
        with service_errors(form):
            inbound_approve(actor=actor, request=row, seen=form.cleaned_data["seen"])
            messages.success(request, "Approved. The answers can be exported now.")
            return redirect("web:inbound-detail", row.pk)
    missing = len(unanswered(row))
    text = f"{missing} questions are not answered yet; that has to come first." if missing else "Read all of them first: approved answers can be exported."
    words = {"title": f"Approve the answers to {row.customer}?", "text": f"{text} Nobody approves what they wrote.", "action": "Approve"}
    return form_response(request, form, "components/confirm.html", **words, back=reverse("web:inbound-detail", args=[row.pk]), nav="questionnaires")


@require_http_methods(["GET", "POST"])
def inbound_again(request: HttpRequest, inbound_id: UUID) -> HttpResponse:
    """Take the approval back."""
    actor = actor_of(request)
    row = queries.inbound_for(actor, inbound_id)
    require(actor, VERB, row)
    form = AgainForm(posted(request))
    if form.is_valid():
        with service_errors(form):
            inbound_reopen(actor=actor, request=row, reason=form.cleaned_data["reason"])
            messages.success(request, "Open again. They need a new approval before they go out.")
            return redirect("web:inbound-detail", row.pk)
    words = {"title": "Open the answers again?", "text": "The approval ends. What was exported stays in the log.", "action": "Open again", "danger": True}
    return form_response(request, form, "components/confirm.html", **words, back=reverse("web:inbound-detail", args=[row.pk]), nav="questionnaires")


@require_POST
def inbound_file(request: HttpRequest, inbound_id: UUID) -> HttpResponse:
    """The approved answers as a file; a POST, because the log keeps that it went out."""
    actor = actor_of(request)
    row, form = queries.inbound_for(actor, inbound_id), request.POST.get("form", "xlsx")
    data = inbound_export(actor=actor, request=row, form=form)
    return HttpResponse(data, content_type=FORMS[form], headers={"Content-Disposition": f'attachment; filename="answers-{str(row.pk)[:8]}.{form}"'})


def _line(row: QuestionnaireRequest, key: str) -> Line:
    found = next((line for line in lines_of(row) if line.question.id == key), None)
    if found is None:
        raise NotFound("The questionnaire asks no such question.")
    return found
