"""Models: lists, page, register, rename; the pages of one version and its lifecycle."""

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import require
from core.errors import InvalidState
from inventory.services import model_register, model_update, version_transition
from web.ai_models import page, queries, version_page
from web.ai_models.forms import ModelCreateForm, ModelForm, MoveForm
from web.fetch import actor_of
from web.forms import edit_response, form_response, posted, service_errors
from web.lists.listing import list_response


@require_GET
def model_list(request: HttpRequest) -> HttpResponse:
    """All models the actor may know of."""
    actor = actor_of(request)
    listing, actions = page.models(actor)
    return list_response(request, listing, queries.model_rows(actor), actions=actions)


@require_GET
def version_list(request: HttpRequest) -> HttpResponse:
    """All versions the actor may know of, with what was last found about each."""
    actor = actor_of(request)
    listing, actions = page.versions(actor)
    return list_response(request, listing, queries.version_rows(actor), actions=actions, glossary=page.TERMS)


@require_GET
def model_detail(request: HttpRequest, model_id: UUID) -> HttpResponse:
    """One model with its versions."""
    actor = actor_of(request)
    return render(request, "web/ai_models/model.html", page.context(queries.model_for(actor, model_id), actor))


@require_http_methods(["GET", "POST"])
def model_create(request: HttpRequest) -> HttpResponse:
    """Register a model under its vendor."""
    actor = actor_of(request)
    form = ModelCreateForm(posted(request), actor=actor, initial={"vendor": request.GET.get("vendor")})
    if form.is_valid():
        with service_errors(form):
            model = model_register(actor=actor, **form.cleaned_data)
            messages.success(request, f"{model.name} is registered. Next: register its exact weights.")
            return redirect("web:model-detail", model.id)
    lead = "The vendor must be in the register already."
    return form_response(request, form, title="Register a model", lead=lead, action="Register", back=reverse("web:model-list"), nav="models")


@require_http_methods(["GET", "POST"])
def model_edit(request: HttpRequest, model_id: UUID) -> HttpResponse:
    """Change a model's name."""
    actor = actor_of(request)
    model = queries.model_for(actor, model_id)
    require(actor, "inventory.write", model)
    form, back = ModelForm.of(model, posted(request)), reverse("web:model-detail", args=[model.id])
    save = partial(model_update, actor=actor, model=model)
    return edit_response(request, form, model, save, back, title=f"Rename {model.name}", lead="Plans and reports made so far keep the old name.", nav="models")


@require_GET
def version_detail(request: HttpRequest, version_id: UUID) -> HttpResponse:
    """Overview of one version."""
    actor = actor_of(request)
    return render(request, "web/ai_models/version.html", version_page.overview(queries.version_for(actor, version_id), actor))


@require_GET
def version_assessments(request: HttpRequest, version_id: UUID) -> HttpResponse:
    """Plans, runs and findings of one version."""
    actor = actor_of(request)
    return render(request, "web/ai_models/version_assessments.html", version_page.assessments(queries.version_for(actor, version_id), actor))


@require_GET
def version_weights(request: HttpRequest, version_id: UUID) -> HttpResponse:
    """Digests, files and evidence of one version."""
    actor = actor_of(request)
    return render(request, "web/ai_models/version_weights.html", version_page.weights(queries.version_for(actor, version_id), actor))


@require_GET
def version_history(request: HttpRequest, version_id: UUID) -> HttpResponse:
    """What the log says of one version."""
    actor = actor_of(request)
    return render(request, "web/ai_models/version_history.html", version_page.log(queries.version_for(actor, version_id), actor))


@require_http_methods(["GET", "POST"])
def version_move(request: HttpRequest, version_id: UUID) -> HttpResponse:
    """Ask for the new state and the reason, then move."""
    actor = actor_of(request)
    version = queries.version_for(actor, version_id)
    require(actor, "inventory.transition", version)
    if not version_page.next_states(version):
        raise InvalidState(f"{version} is {version.get_lifecycle_display().lower()}, and that is final. Register new weights as a new version.")
    form, back = MoveForm(posted(request), version=version, initial={"to": request.GET.get("to")}), reverse("web:version-detail", args=[version.id])
    if form.is_valid():
        version_transition(actor=actor, version=version, lifecycle=form.cleaned_data["to"], reason=form.cleaned_data["reason"])
        messages.success(request, "Moved, and entered in the log.")
        return redirect(back)
    text = f"It is {version.get_lifecycle_display().lower()} now. The move and its reason are signed and stay in the log for good."
    context = {"title": f"Move {version}", "text": text, "action": "Move", "back": back, "nav": "models"}
    return form_response(request, form, "components/confirm.html", **context)
