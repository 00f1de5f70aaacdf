"""Requests to vendors: list, ask, look, send, move, withdraw, remind."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import require
from questionnaires.models import QuestionnaireRequest
from questionnaires.services import requests as services
from questionnaires.services.notices import remind_now
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.lists.listing import list_response
from web.questionnaires import page, queries
from web.questionnaires.forms import CommentForm, DueForm, ReasonForm, RequestForm


@require_GET
def questionnaire_list(request: HttpRequest) -> HttpResponse:
    """All requests the actor may know of."""
    actor = actor_of(request)
    listing, actions = page.listing(actor)
    return list_response(request, listing, queries.request_rows(actor), actions=actions)


@require_GET
def questionnaire_detail(request: HttpRequest, questionnaire_id: UUID) -> HttpResponse:
    """One request: how far, who is invited, what was said."""
    actor = actor_of(request)
    return render(request, "web/questionnaires/detail.html", page.context(queries.request_for(actor, questionnaire_id), actor))


@require_http_methods(["GET", "POST"])
def questionnaire_create(request: HttpRequest) -> HttpResponse:
    """Ask one vendor; a draft first, sent once somebody is invited."""
    actor = actor_of(request)
    form = RequestForm(posted(request), actor=actor, initial={name: request.GET.get(name) for name in ("vendor", "version")})
    if form.is_valid():
        about = {name: form.cleaned_data[name] for name in ("vendor", "model_version", "system")}
        with service_errors(form):
            row = services.request_create(actor=actor, wish=form.wish(), **about)
            messages.success(request, "Written. Next: invite whoever answers, then send.")
            return redirect("web:questionnaire-detail", row.pk)
    lead = "It is a draft until you send it. Respondents come in by a link that you pass on, or with an account."
    return _form(request, form, "Ask a vendor", lead, "Write the request", reverse("web:questionnaire-list"))


@require_http_methods(["GET", "POST"])
def questionnaire_send(request: HttpRequest, questionnaire_id: UUID) -> HttpResponse:
    """Ask once more, then open it to those who are invited."""
    row = _writable(request, questionnaire_id)
    if request.method == "POST":
        services.request_send(actor=actor_of(request), request=row)
        messages.success(request, "Sent: the links open now. Pass them on if you have not.")
        return redirect(_back(row))
    text = "The links that you made open from now on. Whoever is invited with an e-mail address is told now, and reminded later. The links are not mailed."
    context = {"title": f"Send to {row.vendor}?", "text": text, "action": "Send", "back": _back(row), "nav": "questionnaires"}
    return render(request, "components/confirm.html", context)


@require_http_methods(["GET", "POST"])
def questionnaire_withdraw(request: HttpRequest, questionnaire_id: UUID) -> HttpResponse:
    """End a request."""
    row, form = _writable(request, questionnaire_id), ReasonForm(posted(request))
    if form.is_valid():
        with service_errors(form):
            services.request_withdraw(actor=actor_of(request), request=row, **form.cleaned_data)
            messages.success(request, "Withdrawn. Respondents read that they need not answer.")
            return redirect(_back(row))
    text = "Nobody can answer it any more. What was answered stays on record."
    context = {"title": f"Withdraw the questionnaire to {row.vendor}?", "text": text, "action": "Withdraw", "back": _back(row), "danger": True}
    return form_response(request, form, "components/confirm.html", nav="questionnaires", **context)


@require_http_methods(["GET", "POST"])
def questionnaire_due(request: HttpRequest, questionnaire_id: UUID) -> HttpResponse:
    """Another due day."""
    row = _writable(request, questionnaire_id)
    form = DueForm(posted(request), initial={"due_on": row.due_on})
    if form.is_valid():
        with service_errors(form):
            services.due_change(actor=actor_of(request), request=row, **form.cleaned_data)
            messages.success(request, "Changed, and entered in the log.")
            return redirect(_back(row))
    return _form(request, form, "Change the due day", "Reminders are counted from the new day.", "Change", _back(row))


@require_http_methods(["GET", "POST"])
def questionnaire_remind(request: HttpRequest, questionnaire_id: UUID) -> HttpResponse:
    """Mail everybody who is invited, once a day at most."""
    row = _writable(request, questionnaire_id)
    if request.method == "POST":
        sent = remind_now(actor=actor_of(request), request=row)
        messages.success(request, f"{sent} mail{' goes' if sent == 1 else 's go'} out now." if sent else "Everybody got or gets a mail today already.")
        return redirect(_back(row))
    text = "Everybody who is invited, can still come in and has an e-mail address gets one mail. It names the day; the link is not in it."
    context = {"title": "Remind them now?", "text": text, "action": "Send the mails", "back": _back(row), "nav": "questionnaires"}
    return render(request, "components/confirm.html", context)


@require_http_methods(["GET", "POST"])
def questionnaire_comment(request: HttpRequest, questionnaire_id: UUID) -> HttpResponse:
    """A word to the respondents, or among colleagues."""
    row, form = _writable(request, questionnaire_id), CommentForm(posted(request))
    if form.is_valid():
        with service_errors(form):
            services.staff_comment_add(actor=actor_of(request), request=row, **form.cleaned_data)
            return redirect(f"{_back(row)}#comments")
    return _form(request, form, "Comment", f"On the questionnaire to {row.vendor} as a whole.", "Send", _back(row))


def _writable(request: HttpRequest, questionnaire_id: UUID) -> QuestionnaireRequest:
    actor = actor_of(request)
    row = queries.request_for(actor, questionnaire_id)
    require(actor, page.SEND, row)
    return row


def _form(request: HttpRequest, form: Any, title: str, lead: str, action: str, back: str) -> HttpResponse:
    return form_response(request, form, title=title, lead=lead, action=action, back=back, crumbs=page.CRUMBS, nav="questionnaires")


def _back(row: QuestionnaireRequest) -> str:
    return reverse("web:questionnaire-detail", args=[row.pk])
