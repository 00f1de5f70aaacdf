"""Intakes: ask for weights to be inspected and registered, watch, try again."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts.permissions import allowed, require
from gpu_tasks.intakes import intake_restart, intake_start
from web.ai_models import queries
from web.ai_models.forms import IntakeForm
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors

LEAD = "A worker reads the weights, checks that nothing in them can run code, loads them once and hashes every file. Then it enters the version in your name."


@require_http_methods(["GET", "POST"])
def version_create(request: HttpRequest, model_id: UUID) -> HttpResponse:
    """Ask for weights to be taken in as a version of a model."""
    actor = actor_of(request)
    model = queries.model_for(actor, model_id)
    require(actor, "inventory.write", model)
    initial = {"access": model.vendor.access, "parent": request.GET.get("parent")}
    form = IntakeForm(posted(request), actor=actor, model=model, initial=initial)
    if form.is_valid():
        with service_errors(form):
            return redirect("web:intake-detail", intake_start(actor=actor, model=model, **form.values()).id)
    back = reverse("web:model-detail", args=[model.id])
    return form_response(request, form, title=f"Register a version of {model.name}", lead=LEAD, action="Take in", back=back, nav="models")


@require_GET
def intake_detail(request: HttpRequest, intake_id: UUID) -> HttpResponse:
    """How far an intake is; the version's page once there is one."""
    actor = actor_of(request)
    intake = queries.intake_for(actor, intake_id)
    scripted = bool(request.headers.get("HX-Request"))
    if intake.version_id:
        address = reverse("web:version-detail", args=[intake.version_id])
        return HttpResponseClientRedirect(address) if scripted else redirect(address)
    context = {"intake": intake, "may_retry": allowed(actor, "inventory.write", intake), "nav": "models"}
    return render(request, "web/ai_models/intake.html#live" if scripted else "web/ai_models/intake.html", context)


@require_POST
def intake_retry(request: HttpRequest, intake_id: UUID) -> HttpResponse:
    """Queue a failed intake again."""
    actor = actor_of(request)
    intake = intake_restart(actor=actor, intake=queries.intake_for(actor, intake_id))
    messages.info(request, "Queued again, in your name.")
    return redirect("web:intake-detail", intake.id)
