"""Corrective actions, and corrections of what was recorded as sent."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.permissions import require
from core.errors import InvalidState
from decisions import services
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.incidents import queries
from web.incidents.action_forms import ActionChangeForm, ActionForm, ProofForm, ReasonForm, SubmissionCorrectForm
from web.incidents.timeline import clock_name
from web.uploads import Limited, limited


@require_http_methods(["GET", "POST"])
def action_create(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    """Add a corrective action."""
    actor = actor_of(request)
    row = queries.incident_for(actor, incident_id)
    require(actor, "incident.write", row)
    form, back = ActionForm(posted(request), incident=row), f"{reverse('web:incident-detail', args=[row.id])}#actions"
    if form.is_valid():
        with service_errors(form):
            action = services.action_add(actor=actor, incident=row, **form.cleaned_data)
            messages.success(request, f"Added. {action.owner} is to do it by {action.due_on:%d %B %Y}.")
            return redirect(back)
    lead = "What keeps this from happening again, or ends its effects. Somebody has to own it."
    return form_response(request, form, title="Add a corrective action", pretitle=str(row), lead=lead, action="Add", back=back, nav="incidents")


@require_http_methods(["GET", "POST"])
def action_change(request: HttpRequest, action_id: UUID) -> HttpResponse:
    """Another owner or day."""
    actor = actor_of(request)
    row = queries.action_for(actor, action_id)
    require(actor, "incident.write", row)
    form, back = ActionChangeForm.of(row, posted(request)), f"{reverse('web:incident-detail', args=[row.incident_id])}#actions"
    if form.is_valid():
        with service_errors(form):
            services.action_change(actor=actor, action=row, **form.cleaned_data)
            messages.success(request, "Saved, and entered in the log.")
            return redirect(back)
    return form_response(request, form, title="Change owner or day", pretitle=str(row.incident), lead=row.text, action="Save", back=back, nav="incidents")


@require_http_methods(["GET", "POST"])
@limited(services.LARGEST)
def action_done(request: HttpRequest, action_id: UUID, limit: Limited) -> HttpResponse:
    """Say that it was done."""
    actor = actor_of(request)
    row = queries.action_for(actor, action_id)
    require(actor, "incident.write", row)
    if row.done_at is not None:
        raise InvalidState("This action is done already. Open it again if it was not.")
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form, back = ProofForm(*sent, too_large=limit.exceeded), f"{reverse('web:incident-detail', args=[row.incident_id])}#actions"
    if form.is_valid():
        with service_errors(form):
            services.action_complete(actor=actor, action=row, **form.wish())
            messages.success(request, "Done, and entered in the log.")
            return redirect(back)
    head = {"title": "Mark as done", "pretitle": str(row.incident), "lead": row.text, "action": "Mark as done"}
    return form_response(request, form, "components/upload.html", **head, back=back, nav="incidents")


@require_http_methods(["GET", "POST"])
def action_reopen(request: HttpRequest, action_id: UUID) -> HttpResponse:
    """Open a done action again."""
    actor = actor_of(request)
    row = queries.action_for(actor, action_id)
    require(actor, "incident.write", row)
    form, back = ReasonForm(posted(request)), f"{reverse('web:incident-detail', args=[row.incident_id])}#actions"
    if form.is_valid():
        with service_errors(form):
            services.action_reopen(actor=actor, action=row, reason=form.cleaned_data["reason"])
            messages.success(request, "It is open again. That it was once done stays on record.")
            return redirect(back)
    return form_response(request, form, title="Open it again", pretitle=str(row.incident), lead=row.text, action="Open again", back=back, nav="incidents")


@require_http_methods(["GET", "POST"])
def submission_correct(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """Put another record in the place of one of something sent, or withdraw it."""
    actor = actor_of(request)
    row = queries.submission_for(actor, submission_id)
    require(actor, "incident.submit", row)
    form, back = SubmissionCorrectForm.of(row, posted(request)), reverse("web:incident-detail", args=[row.incident_id])
    if form.is_valid():
        with service_errors(form):
            services.submission_correct(actor=actor, submission=row, **form.cleaned_data)
            messages.success(request, "Corrected. The earlier record stays, and the clocks follow the new one.")
            return redirect(back)
    head = {"title": "Correct what was sent", "pretitle": str(row.incident), "action": "Correct"}
    lead = f"{clock_name(row.clock)}. The earlier record stays, with who made it and when. Proof and report carry over."
    return form_response(request, form, **head, lead=lead, back=back, nav="incidents")
