"""Pilots: list, open, follow, end early, and read the closing report."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import allowed, require
from assessments.drift import Rule
from assessments.services import pilots as services
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.lists.listing import Action, list_response
from web.pilots import page, queries
from web.pilots.forms import EndForm, OpenForm
from web.pilots.tables import PILOTS

LEAD = (
    "The plan is drafted and sealed now, with the rule for drift in it; every day runs that same plan. "
    "Each run asks the endpoint about two hundred questions at your cost. Days on which nothing could start are shown as missed and never made up for."
)
END = "Days to come are dropped and cannot be brought back. A run that is under way goes on. Then the closing report is signed."


@require_GET
def pilot_list(request: HttpRequest) -> HttpResponse:
    """Every pilot of the register."""
    actor = actor_of(request)
    actions = (Action("Open a pilot", reverse("web:pilot-create"), primary=True),) if allowed(actor, "plan.seal") else ()
    return list_response(request, PILOTS, queries.pilots_of(actor), actions)


@require_http_methods(["GET", "POST"])
def pilot_create(request: HttpRequest) -> HttpResponse:
    """Choose an endpoint and the rule, then seal."""
    actor = actor_of(request)
    form = OpenForm(posted(request), actor=actor, initial={"version": request.GET.get("version")})
    if form.is_valid():
        version, terms, seed = form.wish()
        with service_errors(form):
            row = services.pilot_open(actor=actor, version=version, rule=Rule(**terms), seed=seed)
            messages.success(request, "The plan is sealed. The first day begins at the next full hour that you chose.")
            return redirect("web:pilot-detail", row.pk)
    head = {"title": "Open a pilot", "lead": LEAD, "action": "Seal and begin"}
    return form_response(request, form, back=reverse("web:pilot-list"), crumbs=page.CRUMBS, nav="assessments", **head)


@require_GET
def pilot_detail(request: HttpRequest, pilot_id: UUID) -> HttpResponse:
    """Its course so far: drift, what comes next, what was missed."""
    actor = actor_of(request)
    return render(request, "web/pilots/detail.html", page.detail_context(actor, queries.pilot_for(actor, pilot_id)))


@require_http_methods(["GET", "POST"])
def pilot_end(request: HttpRequest, pilot_id: UUID) -> HttpResponse:
    """Ask once more and for the reason, then end it."""
    actor = actor_of(request)
    row = queries.pilot_for(actor, pilot_id)
    require(actor, "run.cancel", row)
    form = EndForm(posted(request))
    if form.is_valid():
        with service_errors(form):
            services.pilot_end(actor=actor, pilot=row, reason=form.cleaned_data["reason"])
            messages.info(request, "Ended. The closing report is signed once no run of it is under way.")
            return redirect("web:pilot-detail", row.pk)
    context = {"title": f"End the pilot of {row.version}?", "text": END, "action": "End the pilot", "danger": True, "nav": "assessments"}
    return form_response(request, form, "components/confirm.html", back=reverse("web:pilot-detail", args=[row.pk]), **context)


@require_GET
def pilot_report(request: HttpRequest, pilot_id: UUID) -> HttpResponse:
    """The closing report, or what it would say now."""
    return render(request, "web/pilots/report.html", page.report_context(queries.pilot_for(actor_of(request), pilot_id)))
