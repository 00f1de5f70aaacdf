"""Decisions: list, ask, look, approve, reject, withdraw, waive, and the conditions that come with them."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import require
from core.errors import NotFound
from decisions import services
from decisions.basis import condition_of
from decisions.conditions import words
from decisions.gate_models import Decision
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.gates import page, queries
from web.gates.forms import DoneForm, ReasonForm, RejectForm, RequestForm, TaskForm, VoteForm, WaiverForm
from web.lists.listing import list_response


@require_GET
def decision_list(request: HttpRequest) -> HttpResponse:
    """All decisions the actor may know of."""
    actor = actor_of(request)
    listing, actions = page.listing(actor)
    return list_response(request, listing, queries.decision_rows(actor), actions=actions)


@require_GET
def decision_detail(request: HttpRequest, decision_id: UUID) -> HttpResponse:
    """One decision: answer, conditions, approvals, waivers, what has to be done."""
    actor = actor_of(request)
    return render(request, "web/gates/decision.html", page.context(queries.decision_for(actor, decision_id), actor))


@require_http_methods(["GET", "POST"])
def decision_create(request: HttpRequest) -> HttpResponse:
    """Ask for a decision."""
    actor = actor_of(request)
    form = RequestForm(posted(request), actor=actor, initial={name: request.GET.get(name) for name in ("version", "system", "policy")})
    if form.is_valid():
        with service_errors(form):
            row = services.decision_request(actor=actor, **form.cleaned_data)
            messages.success(request, f"{row.reference} is open. Somebody else has to approve it.")
            return redirect("web:decision-detail", row.pk)
    lead = "The policy's conditions are held against the record at once. You cannot approve what you ask for."
    context: dict[str, Any] = {
        "title": "Ask for a decision",
        "lead": lead,
        "crumbs": page.CRUMBS,
        "action": "Ask",
        "back": reverse("web:decision-list"),
        "nav": "decisions",
    }
    return form_response(request, form, **context)


@require_http_methods(["GET", "POST"])
def decision_approve(request: HttpRequest, decision_id: UUID) -> HttpResponse:
    """Approve exactly what the page shows."""
    return _vote(request, decision_id, VoteForm, "Approve")


@require_http_methods(["GET", "POST"])
def decision_reject(request: HttpRequest, decision_id: UUID) -> HttpResponse:
    """Reject exactly what the page shows."""
    return _vote(request, decision_id, RejectForm, "Reject")


def _vote(request: HttpRequest, decision_id: UUID, kind: type[VoteForm], action: str) -> HttpResponse:
    actor = actor_of(request)
    row = queries.decision_for(actor, decision_id)
    require(actor, "decision.approve", row)
    shown = page.context(row, actor)
    form = kind(posted(request), initial={"digest": shown["basis"].digest})
    if form.is_valid():
        with service_errors(form):
            give = services.approval_give if action == "Approve" else services.approval_refuse
            given = give(actor=actor, decision=row, **form.cleaned_data)
            messages.success(request, f"{given.get_vote_display()} under your name, and entered in the log.")
            return redirect("web:decision-detail", row.pk)
    return form_response(request, form, "web/gates/vote.html", **{**shown, "actions": (), "action": action, "back": _back(row)})


@require_http_methods(["GET", "POST"])
def decision_withdraw(request: HttpRequest, decision_id: UUID) -> HttpResponse:
    """End a request that is open."""
    actor = actor_of(request)
    row = queries.decision_for(actor, decision_id)
    require(actor, "decision.request", row)
    form = ReasonForm(posted(request))
    if form.is_valid():
        with service_errors(form):
            services.decision_withdraw(actor=actor, decision=row, **form.cleaned_data)
            messages.success(request, "Withdrawn, and entered in the log.")
            return redirect(_back(row))
    return _confirm(request, form, f"Withdraw {row.reference}?", "Nothing can be approved under it any more. It stays on record.", "Withdraw", row)


@require_http_methods(["GET", "POST"])
def waiver_create(request: HttpRequest, decision_id: UUID, condition: str) -> HttpResponse:
    """Waive a failed condition."""
    actor = actor_of(request)
    row = queries.decision_for(actor, decision_id)
    require(actor, "decision.waive", row)
    found = condition_of(row, condition)
    if found is None:
        raise NotFound("The policy has no such condition.")
    form = WaiverForm(posted(request), decision=row)
    if form.is_valid():
        with service_errors(form):
            services.waiver_write(actor=actor, decision=row, condition=condition, **form.cleaned_data)
            messages.success(request, "Waived. Approvals given so far are void, and you cannot approve this decision yourself.")
            return redirect(_back(row))
    lead = f"{words(found)} Whoever writes a waiver cannot approve the decision."
    return _form(request, form, "Waive a condition", lead, "Waive", row)


@require_http_methods(["GET", "POST"])
def waiver_withdraw(request: HttpRequest, waiver_id: UUID) -> HttpResponse:
    """End a waiver before its day."""
    actor = actor_of(request)
    waiver = queries.waiver_for(actor, waiver_id)
    require(actor, "decision.waive", waiver)
    form = ReasonForm(posted(request))
    if form.is_valid():
        with service_errors(form):
            services.waiver_withdraw(actor=actor, waiver=waiver, **form.cleaned_data)
            messages.success(request, "The waiver has ended. What rested on it no longer stands.")
            return redirect(_back(waiver.decision))
    text = "The condition counts as failed again at once, and approvals that rested on the waiver are void."
    return _confirm(request, form, "End this waiver?", text, "End the waiver", waiver.decision)


@require_http_methods(["GET", "POST"])
def task_create(request: HttpRequest, decision_id: UUID) -> HttpResponse:
    """Add a condition under which the step may be taken."""
    actor = actor_of(request)
    row = queries.decision_for(actor, decision_id)
    require(actor, "decision.request", row)
    form = TaskForm(posted(request), decision=row)
    if form.is_valid():
        with service_errors(form):
            services.task_add(actor=actor, decision=row, **form.cleaned_data)
            messages.success(request, "Added. It is part of what is approved, so approvals given so far are void.")
            return redirect(_back(row))
    return _form(request, form, "Add a condition", "What must be done if the step is taken. It stays out of the log; owner and day go in.", "Add", row)


@require_http_methods(["GET", "POST"])
def task_done(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Mark a condition as done."""
    actor = actor_of(request)
    task = queries.task_for(actor, task_id)
    require(actor, "decision.task", task)
    form = DoneForm(posted(request))
    if form.is_valid():
        with service_errors(form):
            services.task_finish(actor=actor, task=task, **form.cleaned_data)
            messages.success(request, "Marked as done, and entered in the log.")
            return redirect(_back(task.decision))
    return _form(request, form, "Mark as done", task.text, "Done", task.decision)


def _form(request: HttpRequest, form: Any, title: str, lead: str, action: str, row: Decision) -> HttpResponse:
    return form_response(request, form, title=title, pretitle=row.reference, lead=lead, action=action, back=_back(row), nav="decisions")


def _confirm(request: HttpRequest, form: Any, title: str, text: str, action: str, row: Decision) -> HttpResponse:
    context = {"title": title, "text": text, "action": action, "back": _back(row), "danger": True, "nav": "decisions"}
    return form_response(request, form, "components/confirm.html", **context)


def _back(row: Decision) -> str:
    return reverse("web:decision-detail", args=[row.pk])
