"""Starting, watching, cancelling and retrying runs."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.permissions import require
from assessments.services import plans, runs, standard
from gpu_tasks import dispatch
from web import queries, run_page
from web.fetch import actor_of, run_for, version_for
from web.forms import SealForm


@require_http_methods(["GET", "POST"])
def run_begin(request: HttpRequest, version_id: UUID) -> HttpResponse:
    """Show what the standard plan fixes; on consent draft it, seal it and start the run."""
    actor = actor_of(request)
    version = version_for(actor, version_id)
    require(actor, "run.start", version)
    running = queries.open_run(version)
    form = SealForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and running is not None:
        messages.warning(request, f"{running} of this version has not ended yet; no second one was started.")
        return redirect("web:run-detail", running.id)
    if request.method == "POST" and form.is_valid():
        plan = plans.plan_seal(actor=actor, plan=standard.standard_plan(actor=actor, version=version))
        return redirect("web:run-detail", dispatch.run_start(actor=actor, plan=plan).id)
    context = run_page.begin_context(version, running)
    return render(request, "web/run_begin.html", {**context, "form": form}, status=422 if form.errors else 200)


@require_GET
def run_detail(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """The live page of a run, or only its moving part for htmx."""
    actor = actor_of(request)
    run = run_for(actor, run_id)
    template = "web/run_detail.html#live" if request.headers.get("HX-Request") else "web/run_detail.html"
    return render(request, template, run_page.context(run, actor))


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
    return render(request, "web/run_cancel.html", {"run": run, "version": run.plan.version, "nav": "models"})


@require_POST
def run_retry(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Queue what failed or was cancelled again."""
    actor = actor_of(request)
    run = run_for(actor, run_id)
    steps = dispatch.run_retry(actor=actor, run=run)
    messages.info(request, f"{len(steps)} step{'' if len(steps) == 1 else 's'} queued again.")
    return redirect("web:run-detail", run.id)
