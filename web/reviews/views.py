"""The review of answers: look, judge, comment, open again, close."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import require
from questionnaires.models import QuestionnaireRequest
from questionnaires.services.notices import told_of
from questionnaires.services.reviews import VERB, answer_judge, answer_reopen, review_close, review_comment
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.reviews import page, queries
from web.reviews.forms import CloseForm, CommentForm, JudgeForm, ReasonForm
from web.reviews.rows import after


@require_GET
def questionnaire_review(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """The answers with their files, what they come to, and the chosen question."""
    actor = actor_of(request)
    review = page.Review(queries.request_for(actor, request_id))
    context = page.context(review, actor, request.GET.get("question", ""), request.GET.get("show", ""))
    return render(request, "web/reviews/review.html", context)


@require_http_methods(["GET", "POST"])
def answer_judge_page(request: HttpRequest, request_id: UUID, question: str) -> HttpResponse:
    """Judge one answer, then go on to the next that waits."""
    actor = actor_of(request)
    review = page.Review(queries.request_for(actor, request_id))
    require(actor, VERB, review.request)
    answer, show = queries.answer_for(review.request, question), request.POST.get("show", "")
    form = JudgeForm(posted(request), question=review.sitting.document.by_id[question], answer=answer)
    if form.is_valid():
        with service_errors(form):
            judged = answer_judge(actor=actor, answer=answer, **form.wish())
            messages.success(request, f"“{question}”: {judged.get_verdict_display().lower()}, and entered in the log.")
            return redirect(address(review.request, after(review.lines, question), show))
    context = page.context(review, actor, question, show, form)
    return render(request, "web/reviews/review.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def answer_reopen_page(request: HttpRequest, request_id: UUID, question: str) -> HttpResponse:
    """Let the respondent change one answer."""
    actor = actor_of(request)
    row = queries.request_for(actor, request_id)
    require(actor, VERB, row)
    form = ReasonForm(posted(request))
    if form.is_valid():
        with service_errors(form):
            answer = answer_reopen(actor=actor, request=row, question=question, **form.cleaned_data)
            messages.success(request, page.reopened(told_of(answer).count()))
            return redirect(address(row, question))
    text = (
        "The questionnaire goes back to the respondent for this answer alone, and a mail with your reason tells them so. "
        "Its verdict no longer counts, and a closed review is open again."
    )
    context = {"title": f"Open “{question}” again?", "text": text, "action": "Open it again", "back": address(row, question), "nav": "questionnaires"}
    return form_response(request, form, "components/confirm.html", **context)


@require_http_methods(["GET", "POST"])
def review_comment_page(request: HttpRequest, request_id: UUID, question: str) -> HttpResponse:
    """Comment on one question."""
    actor = actor_of(request)
    row = queries.request_for(actor, request_id)
    require(actor, VERB, row)
    form = CommentForm(posted(request), initial={"internal": True})
    if form.is_valid():
        with service_errors(form):
            review_comment(actor=actor, request=row, question=question, **form.cleaned_data)
            messages.success(request, "Added.")
            return redirect(address(row, question))
    return form_response(request, form, title=f"Comment on “{question}”", action="Add", back=address(row, question), nav="questionnaires")


@require_http_methods(["GET", "POST"])
def review_close_page(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Close the review."""
    actor = actor_of(request)
    review = page.Review(queries.request_for(actor, request_id))
    row = review.request
    require(actor, VERB, row)
    waiting = [(line.key, f"{line.question.text} ({line.key})") for line in review.lines if line.to_judge]
    form = CloseForm(posted(request), waiting=waiting)
    if form.is_valid():
        with service_errors(form):
            closed = review_close(actor=actor, request=row, **form.cleaned_data)
            messages.success(request, f"The review is closed. It holds until {closed.valid_until:%d %B %Y}.")
            return redirect(address(row))
    lead = f"The confirmed score is {page.percent(review.sheet.total.confirmed)}. Verdicts are final until an answer is opened again."
    return form_response(request, form, title="Close the review", lead=lead, action="Close the review", back=address(row), nav="questionnaires")


def address(row: QuestionnaireRequest, question: str = "", show: str = "") -> str:
    """The review page at one question."""
    query = urlencode({key: value for key, value in (("question", question), ("show", show)) if value})
    return reverse("web:questionnaire-review", args=[row.pk]) + (f"?{query}#answer" if query else "")
