"""Coverage of the whole register: overview, gaps, who closes them."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import allowed, require
from core.errors import InvalidInput
from decisions import services
from decisions.models import GapAssignment
from reports.coverage import matrix_read, today
from reports.coverage_grid import catalogue_read, matrices_of
from reports.coverage_trend import trend_figure, trend_of
from reports.gaps import assigned_read, gaps_of
from reports.oscal import oscal_bytes
from reports.subjects import subjects_of
from web.coverage import page, queries
from web.coverage.forms import AssignForm, GapsForm, OverviewForm, TrendForm
from web.coverage.tables import CellTable, GapListTable, gap_rows
from web.fetch import actor_of
from web.figures import figure_view
from web.forms import form_response, posted, service_errors
from web.lists.export import FORMATS, export_response
from web.lists.listing import paginate, settle
from web.requirements.forms import FIRST
from web.requirements.queries import requirement_for

OVERVIEW, GAPS, TREND = "web/coverage/overview.html", "web/coverage/gaps.html", "web/coverage/trend.html"


@require_GET
def coverage_overview(request: HttpRequest) -> HttpResponse:
    """Systems against frameworks, or against the articles of one; ``export`` gives every cell as a file."""
    actor, catalogue = actor_of(request), catalogue_read()
    known = queries.frameworks_in(catalogue)
    form = OverviewForm(request.GET, known)
    if not form.is_valid():
        return render(request, OVERVIEW, {"form": form, "nav": "requirements"}, status=422)
    chosen = form.cleaned_data
    shown, counted, more = queries.subjects_counted(actor, chosen)
    holdings = queries.holdings_for(actor, catalogue, chosen, counted, today())
    wanted = request.GET.get("export", "")
    if wanted in FORMATS:
        return export_response(CellTable(matrices_of(holdings, chosen["as_of"], chosen["known_at"])), wanted, "coverage")
    return render(request, OVERVIEW, {"form": form, **page.overview_context(chosen, known, holdings, shown, more)})


@require_GET
def coverage_trend(request: HttpRequest) -> HttpResponse:
    """Coverage of the last weeks up to the chosen day, each by what was known at its end."""
    actor, catalogue = actor_of(request), catalogue_read()
    form = TrendForm(request.GET, queries.frameworks_in(catalogue))
    if not form.is_valid():
        return render(request, TREND, {"form": form, "nav": "requirements"}, status=422)
    chosen = form.cleaned_data
    subjects, more = queries.subjects_page(actor, chosen)
    until = min(chosen["as_of"], today())
    weeks = trend_of(queries.holdings_for(actor, catalogue, chosen, subjects, today()), until)
    figure = figure_view(trend_figure(weeks)) if subjects else None
    return render(request, TREND, {"form": form, "chosen": chosen, "figure": figure, "more": more, "page": chosen["page"] or 1, "nav": "requirements"})


@require_GET
def coverage_oscal(request: HttpRequest) -> HttpResponse:
    """One framework for the systems named, as a file of OSCAL assessment results."""
    actor, catalogue = actor_of(request), catalogue_read()
    form = GapsForm(request.GET, queries.frameworks_in(catalogue))
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise InvalidInput(field, str(errors[0]))
    chosen = form.cleaned_data
    framework = chosen["framework"] or FIRST
    # Every system named: a file that leaves some out without a word would be taken for the whole.
    subjects = subjects_of(queries.systems_named(actor, chosen))
    matrix = matrix_read(actor=actor, framework=framework, subjects=subjects, as_of=chosen["as_of"], known_at=chosen["known_at"])
    name = f"coverage-{framework}-{chosen['as_of'].isoformat()}.oscal.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(oscal_bytes(matrix, chosen["known_at"]), content_type="application/json", headers=headers)


@require_GET
def gap_list(request: HttpRequest) -> HttpResponse:
    """Every gap on a day, with who closes it and by when; ``fresh`` leaves those that are no gap today."""
    actor, catalogue = actor_of(request), catalogue_read()
    form = GapsForm(request.GET, queries.frameworks_in(catalogue))
    if not form.is_valid():
        return render(request, GAPS, {"form": form, "nav": "requirements"}, status=422)
    chosen = form.cleaned_data
    subjects, more = queries.subjects_listed(actor, chosen)
    holdings = queries.holdings_for(actor, catalogue, chosen, subjects, today())
    gaps = gaps_of(holdings, assigned_read(actor, subjects), chosen["as_of"], chosen["known_at"], today())
    shown = page.wanted(gaps, actor, chosen)
    table = GapListTable(gap_rows(shown, page.query_of(chosen), allowed(actor, "gap.assign")))
    settle(request, table)
    if request.GET.get("export", "") in FORMATS:
        return export_response(table, request.GET["export"], "gaps")
    paginate(request, table)
    said = page.gaps_sentence(gaps, shown, chosen["as_of"])
    context = {"form": form, "chosen": chosen, "table": table, "gaps": gaps, "shown": shown, "said": said, "more": more, "formats": FORMATS}
    return render(request, GAPS, {**context, "days": page.days_of(holdings, chosen["as_of"], chosen["known_at"]), "nav": "requirements"})


@require_http_methods(["GET", "POST"])
def gap_assign(request: HttpRequest, system_id: UUID, requirement_id: UUID) -> HttpResponse:
    """Say who closes the gap of one requirement for one system, and by when."""
    actor = actor_of(request)
    system, requirement = queries.system_for(actor, system_id), requirement_for(requirement_id)
    require(actor, "gap.assign", system)
    framework = requirement.version.framework
    row = GapAssignment.objects.filter(system=system, framework=framework, ref=requirement.ref).first()
    initial = {"owner": row.owner_id, "due_on": row.due_on, "note": row.note} if row else {}
    form, back = AssignForm(posted(request), system, initial=initial), f"{reverse('web:requirement-detail', args=[requirement.pk])}?system={system.pk}"
    if form.is_valid():
        with service_errors(form):
            services.gap_assign(actor=actor, system=system, requirement=requirement, **form.cleaned_data)
            messages.success(request, f"{form.cleaned_data['owner']} is in charge of {requirement.ref} for {system.name}.")
            return redirect(back)
    lead = f"{requirement.ref} {requirement.title}: say who brings the evidence, and by when."
    return form_response(request, form, title="Assign this gap", pretitle=system.name, lead=lead, action="Assign", back=back, nav="requirements")


@require_http_methods(["GET", "POST"])
def gap_release(request: HttpRequest, gap_id: UUID) -> HttpResponse:
    """Ask, then take owner and day away."""
    actor = actor_of(request)
    row = queries.gap_for(actor, gap_id)
    require(actor, "gap.assign", row)
    back = reverse("web:gap-list")
    if request.method == "POST":
        services.gap_release(actor=actor, gap=row)
        messages.info(request, f"Nobody is in charge of {row.ref} for {row.system.name} any more.")
        return redirect(back)
    title, text = f"Take {row.ref} away from {row.owner}?", f"The gap stays; nobody will be in charge of it for {row.system.name}. The log keeps who was."
    return render(request, "components/confirm.html", {"title": title, "text": text, "action": "Take it away", "back": back, "danger": True})
