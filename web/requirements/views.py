"""Coverage as of a date, and the requirements behind it."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.views.decorators.http import require_GET

from core.errors import InvalidInput
from frameworks.models import Requirement
from reports.coverage import today
from web.fetch import actor_of
from web.lists.export import FORMATS, export_response
from web.lists.listing import Action, Empty, Listing, list_response
from web.requirements import page, queries
from web.requirements.filters import RequirementFilter
from web.requirements.forms import CoverageForm
from web.requirements.tables import GapTable, MatrixTable, RequirementTable

REQUIREMENTS = Listing(
    slug="requirements",
    title="All requirements",
    lead="In our own words, not legal advice. Each row names its source; check it against the official text before relying on it.",
    pretitle="Requirements",
    table=RequirementTable,
    filterset=RequirementFilter,
    empty=Empty("No catalogue is loaded yet", "Requirements come from catalogues of laws and standards; setting Assay up loads those it ships with."),
    nav="requirements",
)


@require_GET
def coverage(request: HttpRequest) -> HttpResponse:
    """Requirements against systems, versions or one finding on a chosen day; ``export`` gives it as a file."""
    actor = actor_of(request)
    frameworks = queries.frameworks()
    form = CoverageForm(request.GET, frameworks)
    if not form.is_valid():
        return render(request, "web/requirements/coverage.html", {"form": form, "nav": "requirements"}, status=422)
    subjects, more = queries.subjects_for(actor, form.cleaned_data)
    matrix = page.matrix_of(actor, form, subjects)
    wanted = request.GET.get("export", "")
    if wanted in FORMATS:
        gaps = request.GET.get("part") == "gaps"
        return export_response(GapTable(matrix) if gaps else MatrixTable(matrix), wanted, "coverage-gaps" if gaps else "coverage")
    return render(request, "web/requirements/coverage.html", page.context(form, matrix, frameworks, more))


@require_GET
def requirement_list(request: HttpRequest) -> HttpResponse:
    """Every requirement of the catalogues as known today."""
    rows = Requirement.objects.known_at(today()).select_related("version__framework")
    return list_response(request, REQUIREMENTS, rows, (Action("Coverage", str(reverse_lazy("web:coverage")), primary=True),))


@require_GET
def requirement_detail(request: HttpRequest, requirement_id: UUID) -> HttpResponse:
    """One requirement, and what answers it for the chosen subjects on the chosen day."""
    actor = actor_of(request)
    requirement = queries.requirement_for(requirement_id)
    form = CoverageForm({**request.GET.dict(), "framework": requirement.version.framework.slug}, [requirement.version.framework])
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise InvalidInput(field, str(errors[0]))
    return render(request, "web/requirements/detail.html", page.requirement_context(actor, requirement, form))
