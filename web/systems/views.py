"""AI systems: list, page, register, edit; models put to work in them and taken out."""

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import require
from inventory.services import deployment_end as end
from inventory.services import deployment_register, system_register, system_update
from web.fetch import actor_of
from web.forms import edit_response, form_response, posted, service_errors
from web.lists.listing import list_response
from web.systems import page, queries
from web.systems.forms import DeploymentForm, EndForm, SystemCreateForm, SystemForm


@require_GET
def system_list(request: HttpRequest) -> HttpResponse:
    """All systems the actor may know of."""
    actor = actor_of(request)
    listing, actions = page.listing(actor)
    return list_response(request, listing, queries.system_rows(actor), actions=actions)


@require_GET
def system_detail(request: HttpRequest, system_id: UUID) -> HttpResponse:
    """One system: purpose, law, models at work, log."""
    actor = actor_of(request)
    return render(request, "web/systems/detail.html", page.context(queries.system_for(actor, system_id), actor))


@require_http_methods(["GET", "POST"])
def system_create(request: HttpRequest) -> HttpResponse:
    """Register a system."""
    actor = actor_of(request)
    form = SystemCreateForm(posted(request), actor=actor)
    if form.is_valid():
        with service_errors(form):
            system = system_register(actor=actor, **form.values())
            messages.success(request, f"{system.name} is registered. Next: put a model to work in it.")
            return redirect("web:system-detail", system.id)
    back = reverse("web:system-list")
    return form_response(request, form, title="Register an AI system", pretitle="Systems", action="Register", back=back, nav="systems")


@require_http_methods(["GET", "POST"])
def system_edit(request: HttpRequest, system_id: UUID) -> HttpResponse:
    """Change what the register says of a system."""
    actor = actor_of(request)
    system = queries.system_for(actor, system_id)
    require(actor, "inventory.write", system)
    form, back = SystemForm.of(system, posted(request)), reverse("web:system-detail", args=[system.id])
    save = partial(system_update, actor=actor, system=system)
    return edit_response(request, form, system, save, back, title=f"Edit {system.name}", pretitle="AI system", nav="systems")


@require_http_methods(["GET", "POST"])
def deployment_create(request: HttpRequest, system_id: UUID) -> HttpResponse:
    """Record that a version is at work in a system."""
    actor = actor_of(request)
    system = queries.system_for(actor, system_id)
    require(actor, "inventory.write", system)
    form = DeploymentForm(posted(request), actor=actor, system=system, initial={"version": request.GET.get("version")})
    back = reverse("web:system-detail", args=[system.id])
    if form.is_valid():
        with service_errors(form):
            row = deployment_register(actor=actor, system=system, **form.cleaned_data)
            messages.success(request, f"{row.version} is recorded as at work in {row.environment}.")
            return redirect(back)
    lead = "This records what is at work; it switches nothing on."
    return form_response(request, form, title=f"Put a model to work in {system.name}", lead=lead, action="Record", back=back, nav="systems")


@require_http_methods(["GET", "POST"])
def deployment_end(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    """Ask why, then record that a version is no longer at work."""
    actor = actor_of(request)
    row = queries.deployment_for(actor, deployment_id)
    require(actor, "inventory.write", row)
    form, back = EndForm(posted(request)), reverse("web:system-detail", args=[row.system_id])
    if form.is_valid():
        end(actor=actor, deployment=row, reason=form.cleaned_data["reason"])
        messages.success(request, f"{row.version} is recorded as taken out of {row.system}.")
        return redirect(back)
    text = f"{row.version} is recorded as at work in {row.system} ({row.environment}). Ending the record switches nothing off; do that first."
    title, action = f"Take {row.version} out of {row.system}", "End the deployment"
    return form_response(request, form, "components/confirm.html", title=title, text=text, action=action, danger=True, back=back, nav="systems")
