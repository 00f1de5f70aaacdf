"""Releasing a version through a decision, rolling one back, and recording drills."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.permissions import require
from decisions import services
from web.fetch import actor_of, version_for
from web.forms import form_response, posted, service_errors
from web.gates import queries
from web.gates.forms import DrillForm, RollBackForm


@require_http_methods(["GET", "POST"])
def decision_release(request: HttpRequest, decision_id: UUID) -> HttpResponse:
    """Ask once more, then release the version the decision is about."""
    actor = actor_of(request)
    row = queries.decision_for(actor, decision_id)
    require(actor, "inventory.transition", row)
    if request.method == "POST":
        version = services.version_release(actor=actor, decision=row)
        messages.success(request, f"{version} is {version.get_lifecycle_display().lower()} now, through {row.reference}.")
        return redirect("web:version-detail", version.pk)
    version, target = services.releasable(row)
    text = f"{version} becomes {target.label.lower()}, through {row.reference}. The move is signed and stays in the log for good."
    context = {"title": "Release the version?", "text": text, "action": "Release", "back": reverse("web:decision-detail", args=[row.pk]), "nav": "decisions"}
    return render(request, "components/confirm.html", context)


@require_http_methods(["GET", "POST"])
def version_roll_back(request: HttpRequest, version_id: UUID) -> HttpResponse:
    """Take a released version back to another."""
    actor = actor_of(request)
    version = version_for(actor, version_id)
    require(actor, "inventory.transition", version)
    form, back = RollBackForm(posted(request), version=version), reverse("web:version-detail", args=[version.pk])
    if form.is_valid():
        with service_errors(form):
            services.version_roll_back(actor=actor, version=version, **form.cleaned_data)
            messages.success(request, f"Rolled back to {form.cleaned_data['returns_to']}. Now end its deployments and put the other version to work.")
            return redirect(back)
    text = f"It is {version.get_lifecycle_display().lower()} now. Rolling back needs no decision, because it must not wait for one."
    context = {"title": f"Roll {version} back?", "text": text, "action": "Roll back", "back": back, "danger": True, "nav": "models"}
    return form_response(request, form, "components/confirm.html", **context)


@require_http_methods(["GET", "POST"])
def drill_create(request: HttpRequest, version_id: UUID) -> HttpResponse:
    """Record a rollback that was tried."""
    actor = actor_of(request)
    version = version_for(actor, version_id)
    require(actor, "drill.record", version)
    form, back = DrillForm(posted(request), version=version), reverse("web:version-detail", args=[version.pk])
    if form.is_valid():
        with service_errors(form):
            services.drill_record(actor=actor, version=version, **form.cleaned_data)
            messages.success(request, "Recorded, and entered in the log.")
            return redirect(back)
    lead = "A rollback that was tried before it was needed. Gates can ask for a recent one. Who records it cannot approve what rests on it."
    return form_response(request, form, title="Record a rollback drill", pretitle=str(version), lead=lead, action="Record", back=back, nav="models")
