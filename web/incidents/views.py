"""Incidents: list, open, look at the clocks, enter and correct facts, judge anew, record what was sent."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import require
from core.clock import now
from decisions import services
from decisions.services.submissions import clock_named
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.incidents import page, queries
from web.incidents.forms import CorrectForm, FactForm, OpenForm, ReclassifyForm, SubmissionForm
from web.incidents.timeline import clock_name
from web.incidents.wall import Card
from web.lists.listing import list_response
from web.uploads import Limited, limited


@require_GET
def incident_list(request: HttpRequest) -> HttpResponse:
    """All incidents the actor may know of."""
    actor = actor_of(request)
    listing, actions = page.listing(actor)
    return list_response(request, listing, queries.incident_rows(actor), actions=actions)


@require_GET
def incident_detail(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    """One incident: clock wall, timeline, what it concerns."""
    actor = actor_of(request)
    return render(request, "web/incidents/detail.html", page.context(queries.incident_for(actor, incident_id), actor))


@require_http_methods(["GET", "POST"])
def incident_create(request: HttpRequest) -> HttpResponse:
    """Open an incident."""
    actor = actor_of(request)
    form = OpenForm(posted(request), actor=actor)
    if form.is_valid():
        with service_errors(form):
            row = services.incident_open(actor=actor, **form.wish())
            messages.success(request, f"{row.reference} is open. Next: enter the times you know, above all when you became aware.")
            return redirect("web:incident-detail", row.id)
    lead, back = "Title, description and severity are enough to begin. The rest can follow, and nothing is final.", reverse("web:incident-list")
    return form_response(request, form, title="Open an incident", lead=lead, crumbs=page.CRUMBS, action="Open", back=back, nav="incidents")


@require_http_methods(["GET", "POST"])
def incident_reclassify(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    """Change what kind of incident it is and what we are in it."""
    actor = actor_of(request)
    row = queries.incident_for(actor, incident_id)
    require(actor, "incident.write", row)
    form, back = ReclassifyForm.of(row, posted(request)), reverse("web:incident-detail", args=[row.id])
    if form.is_valid():
        with service_errors(form):
            services.incident_reclassify(actor=actor, incident=row, judgement=form.judgement(), reason=form.cleaned_data["reason"])
            messages.success(request, "Saved, and entered in the log. The clocks below follow it.")
            return redirect(back)
    lead = "Clocks start, stop and shorten with what you mark. What was marked before stays in the log."
    return form_response(request, form, title="Change kind or roles", pretitle=str(row), lead=lead, action="Save", back=back, nav="incidents")


@require_http_methods(["GET", "POST"])
def fact_create(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    """Enter when something happened."""
    actor = actor_of(request)
    row = queries.incident_for(actor, incident_id)
    require(actor, "incident.write", row)
    form, back = FactForm(posted(request), incident=row), reverse("web:incident-detail", args=[row.id])
    if form.is_valid():
        with service_errors(form):
            fact = services.fact_enter(actor=actor, incident=row, **form.cleaned_data)
            messages.success(request, f"“{fact.get_name_display()}” is entered. The clocks below count from it where a law says so.")
            return redirect(back)
    lead = "An entry is never overwritten: a correction stands beside it."
    return form_response(request, form, title="Enter a time", pretitle=str(row), lead=lead, action="Enter", back=back, nav="incidents")


@require_http_methods(["GET", "POST"])
def fact_correct(request: HttpRequest, fact_id: UUID) -> HttpResponse:
    """Put another time in the place of an entry, or withdraw it."""
    actor = actor_of(request)
    fact = queries.fact_for(actor, fact_id)
    require(actor, "incident.write", fact)
    form = CorrectForm(posted(request), initial={"at": fact.at, "source": fact.source})
    back = reverse("web:incident-detail", args=[fact.incident_id])
    if form.is_valid():
        with service_errors(form):
            services.fact_correct(actor=actor, fact=fact, **form.cleaned_data)
            messages.success(request, "Corrected. The earlier entry stays on record.")
            return redirect(back)
    title, lead = f"Correct “{fact.get_name_display()}”", "The earlier entry stays on record, with who entered it and when."
    return form_response(request, form, title=title, pretitle=str(fact.incident), lead=lead, action="Correct", back=back, nav="incidents")


@require_http_methods(["GET", "POST"])
@limited(services.LARGEST)
def submission_create(request: HttpRequest, incident_id: UUID, clock: str, limit: Limited) -> HttpResponse:
    """Record a report that was sent."""
    actor = actor_of(request)
    row = queries.incident_for(actor, incident_id)
    require(actor, "incident.submit", row)
    card = Card(clock_named(row, clock), now())
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form, back = SubmissionForm(*sent, incident=row, clock=clock, too_large=limit.exceeded), reverse("web:incident-detail", args=[row.id])
    if form.is_valid():
        with service_errors(form):
            services.submission_record(actor=actor, incident=row, clock_key=clock, **form.wish())
            messages.success(request, f"Recorded: {clock_name(clock)}.")
            return redirect(back)
    return form_response(request, form, "web/incidents/submit.html", title="Record a submission", pretitle=str(row), card=card, back=back, nav="incidents")
