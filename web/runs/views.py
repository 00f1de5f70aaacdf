"""Starting, watching, cancelling and retrying runs."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.permissions import allowed, require
from assessments.services import runs
from gpu_tasks import dispatch
from web.fetch import actor_of, run_for
from web.lists.listing import Action, list_response
from web.runs import compare_page, page, pipeline_page, queries
from web.runs.tables import listing


@require_GET
def run_list(request: HttpRequest) -> HttpResponse:
    """Every run of the register, newest first."""
    actor = actor_of(request)
    address = reverse("web:plan-create") if allowed(actor, "plan.write") else ""
    actions = (Action("New plan", address, primary=True),) if address else ()
    return list_response(request, listing(address), queries.runs_of(actor), actions=actions)


@require_GET
def run_compare(request: HttpRequest) -> HttpResponse:
    """Two finished runs side by side, or the choice of them."""
    return render(request, "web/runs/compare.html", compare_page.context(actor_of(request), request.GET.dict()))


@require_GET
def run_detail(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """The live page of a run, or only its moving part for htmx."""
    actor = actor_of(request)
    run = run_for(actor, run_id)
    template = "web/runs/detail.html#live" if request.headers.get("HX-Request") else "web/runs/detail.html"
    return render(request, template, page.context(run, actor))


@require_GET
def run_pipeline(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """The run as a release pipeline: a row per axis, five stages, the gate with its reasons."""
    actor = actor_of(request)
    return render(request, "web/runs/pipeline.html", pipeline_page.context(run_for(actor, run_id), actor))


@require_http_methods(["GET", "POST"])
def run_cancel(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Ask once more, then ask the run to stop."""
    actor = actor_of(request)
    run = run_for(actor, run_id)
    require(actor, "run.cancel", run)
    if request.method == "POST":
        runs.run_cancel(actor=actor, run=run)
        messages.info(request, "Asked to stop. Finished steps keep their results.")
        return redirect("web:run-detail", run.id)
    return render(request, "web/runs/cancel.html", {"run": run, "version": run.plan.version, "nav": "assessments"})


@require_POST
def run_retry(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Queue what failed or was cancelled again."""
    actor = actor_of(request)
    run = run_for(actor, run_id)
    steps = dispatch.run_retry(actor=actor, run=run)
    messages.info(request, f"{len(steps)} step{'' if len(steps) == 1 else 's'} queued again.")
    return redirect("web:run-detail", run.id)
