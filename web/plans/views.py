"""Building, changing, sealing and discarding plans, and starting their runs."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.permissions import allowed, require
from assessments.contracts import Refused
from assessments.models import RUNS_AT_VENDOR, Plan
from assessments.services import handovers, plans
from gpu_tasks import dispatch
from web.fetch import actor_of, version_for
from web.forms import form_response, posted, service_errors
from web.lists.listing import Action, list_response
from web.plans import page, queries
from web.plans.forms import SealForm
from web.plans.presets import PipelineForm
from web.plans.tables import PLANS
from web.runs.queries import open_run


@require_GET
def plan_list(request: HttpRequest) -> HttpResponse:
    """Drafts and sealed plans."""
    actor = actor_of(request)
    actions = (Action("New plan", reverse("web:plan-create"), primary=True),) if allowed(actor, "plan.write") else ()
    return list_response(request, PLANS, queries.plans_of(actor), actions=actions)


@require_http_methods(["GET", "POST"])
def plan_create(request: HttpRequest) -> HttpResponse:
    """The builder for a new plan; saving drafts it."""
    actor = actor_of(request)
    if request.method == "GET":
        return _builder(request, page.opened(actor, request.GET.dict()))
    state = page.sent(actor, request.POST)
    if _saving(request) and state.ready():
        plan = _saved(state, None)
        if plan is not None:
            messages.success(request, "Drafted. Read it once more, then seal it.")
            return redirect("web:plan-detail", plan.id)
    return _builder(request, state)


@require_http_methods(["GET", "POST"])
def plan_pipeline(request: HttpRequest) -> HttpResponse:
    """Choose axes and limits of a release pipeline; the builder then opens with its steps laid out."""
    actor = actor_of(request)
    form = PipelineForm(posted(request), actor=actor, initial=request.GET.dict())
    if form.is_valid():
        return redirect(form.builder_address())
    return form_response(request, form, "web/plans/pipeline.html", nav="assessments")


@require_http_methods(["GET", "POST"])
def plan_edit(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """The builder for a draft that is there."""
    actor = actor_of(request)
    plan = queries.plan_for(actor, plan_id)
    require(actor, "plan.write", plan)
    if plan.sealed_digest:
        messages.warning(request, "This plan is sealed. A new plan from it can be changed.")
        return redirect(f"{reverse('web:plan-create')}?from={plan.id}")
    state = page.sent(actor, request.POST, plan) if request.method == "POST" else page.opened(actor, {}, plan)
    if _saving(request) and state.ready() and _saved(state, plan) is not None:
        messages.success(request, "Changed. The log keeps the digest before and after.")
        return redirect("web:plan-detail", plan.id)
    return _builder(request, state)


def _saving(request: HttpRequest) -> bool:
    """Whether the person asked to save. The page asks for the costs after every change, and names the button pressed last while it does: no wish to save."""
    return request.POST.get("act") == "save" and "HX-Request" not in request.headers


def _saved(state: page.State, draft: Plan | None) -> Plan | None:
    """The plan as written, or None when the service refused and the form says why."""
    wish = state.wish()
    try:
        with service_errors(state.form):
            if draft is not None:
                return plans.plan_update(actor=state.actor, plan=draft, **wish)
            runs_at = RUNS_AT_VENDOR if state.for_vendor else plans.RUNS_HERE
            return plans.plan_create(actor=state.actor, version=state.form.cleaned_data["version"], runs_at=runs_at, **wish)
    except Refused as error:
        state.form.add_error(None, str(error))
    return None


def _builder(request: HttpRequest, state: page.State) -> HttpResponse:
    return render(request, "web/plans/build.html", page.builder_context(state), status=422 if _saving(request) else 200)


@require_GET
def plan_detail(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """The whole document in readable form, its seal, its runs."""
    actor = actor_of(request)
    return render(request, "web/plans/detail.html", page.detail_context(queries.plan_for(actor, plan_id), actor))


@require_http_methods(["GET", "POST"])
def plan_seal(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """Ask for consent, then seal; the second button starts the run at once."""
    actor = actor_of(request)
    plan = queries.plan_for(actor, plan_id)
    require(actor, "plan.seal", plan)
    form = SealForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        plan = plans.plan_seal(actor=actor, plan=plan)
        messages.success(request, "Sealed and entered in the log. Nothing in the plan can be changed any more.")
        return _start(request, plan) if request.POST.get("act") == "start" else redirect("web:plan-detail", plan.id)
    context = page.detail_context(plan, actor)
    return render(request, "web/plans/seal.html", {**context, "form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def plan_discard(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """Ask once more, then delete the draft."""
    actor = actor_of(request)
    plan = queries.plan_for(actor, plan_id)
    require(actor, "plan.write", plan)
    if request.method == "POST":
        plans.plan_discard(actor=actor, plan=plan)
        messages.info(request, f"The draft “{plan.title}” is discarded. Its digest stays in the log.")
        return redirect("web:plan-list")
    text = "The draft is deleted and cannot be brought back. That there was one, and its digest, stays in the log."
    asked = {"title": f"Discard “{plan.title}”?", "text": text, "action": "Discard the draft", "danger": True, "nav": "assessments"}
    return render(request, "components/confirm.html", {**asked, "back": reverse("web:plan-detail", args=[plan.id])})


@require_POST
def run_start(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """Start a run of a sealed plan."""
    actor = actor_of(request)
    plan = queries.plan_for(actor, plan_id)
    require(actor, "run.start", plan)
    return _start(request, plan)


def _start(request: HttpRequest, plan: Plan) -> HttpResponse:
    """A new run, unless one of this version has not ended: two would compete for the same workers and say the same."""
    running = open_run(plan.version)
    if running is not None:
        messages.warning(request, f"{running} of this version has not ended yet; no second one was started.")
        return redirect("web:run-detail", running.id)
    return redirect("web:run-detail", dispatch.run_start(actor=actor_of(request), plan=plan).id)


@require_GET
def run_begin(request: HttpRequest, version_id: UUID) -> HttpResponse:
    """The address of earlier links: the builder with the standard plan of this version."""
    version = version_for(actor_of(request), version_id)
    return redirect(f"{reverse('web:plan-create')}?version={version.id}&preset=standard")


@require_POST
def plan_hand_over(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """The sealed plan as a file for the vendor that is to run it."""
    actor = actor_of(request)
    plan = queries.plan_for(actor, plan_id)
    answer = HttpResponse(handovers.plan_hand_over(actor=actor, plan=plan), content_type="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="plan-{plan.sealed_digest[:12]}.assay.json"'
    return answer
