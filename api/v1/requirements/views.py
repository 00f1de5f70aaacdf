"""Calls about requirements: the law as of a day, as known on a day, and how well it is answered."""

from typing import ClassVar

from django.http import HttpResponse
from rest_framework.request import Request

from accounts.models import User
from api.v1.base.authentication import actor_of
from api.v1.base.days import day_of
from api.v1.base.filters import narrow, parameters_check, wish_of
from api.v1.base.pagination import PARAMETERS, items_page, page_read
from api.v1.base.rendering import answer
from api.v1.base.views import ApiView, DetailView, ListView
from api.v1.requirements.filters import GapFilter, RequirementFilter
from api.v1.requirements.queries import gaps_read, subjects_of, versions_in
from api.v1.requirements.serializers import PLACE, Coverage, GapRow, RequirementRow, RequirementWhole, coverage_row, gap_row
from decisions.models import GapAssignment
from evidence.mapping import State, coverage
from frameworks.models import Requirement
from reports.sources import doubting


class RequirementDetail(DetailView):
    """One requirement with its sources."""

    out, noun = RequirementWhole, "requirement"


class RequirementList(ListView):
    """Requirements, as of a day and as known on a day."""

    out, noun = RequirementRow, "requirement"
    filters, orderings = RequirementFilter, ("ref", "title")
    days: ClassVar = {"as_of": "only duties that bite on this day", "known_at": "the law as we knew it on this day; today when left out"}

    def get(self, request: Request) -> HttpResponse:
        """One page of the law. ``as_of`` keeps what bites on a day, ``known_at`` goes back to what we knew then."""
        rows = Requirement.objects.known_at(day_of(request, "known_at"))
        if "as_of" in request.query_params:
            rows = rows.as_of(day_of(request, "as_of"))
        queryset = narrow(request, self.filters, rows, (*PARAMETERS, *self.days))
        return answer(page_read(request, self.out, queryset, self.orderings))


class GapList(ListView):
    """Gaps in coverage of your systems, with who closes them and by when."""

    out, noun = GapRow, "gap"
    filters, orderings = GapFilter, ("system",)
    days: ClassVar = {"as_of": "law and evidence of this day; today when left out", "known_at": "as we knew them on this day; today when left out"}

    def get(self, request: Request) -> HttpResponse:
        """One page of the gaps on a day, by system, framework and reference. Worked out anew for each page from all systems asked about."""
        wish = wish_of(request, self.filters(request.query_params, GapAssignment.objects.none()), (*PARAMETERS, *self.days))
        gaps = gaps_read(actor_of(request), wish, day_of(request, "as_of"), day_of(request, "known_at"))
        rows = sorted(map(gap_row, gaps), key=lambda row: row[PLACE])
        return answer(items_page(request, rows, PLACE, self.orderings))


class CoverageOf(ApiView):
    """Coverage of a model version, or of a system by all versions at work in it."""

    out = Coverage
    noun = "coverage"
    days: ClassVar = {"as_of": "the day; today when left out"}
    keys: ClassVar = {"version": "id of a model version", "system": "id of an AI system"}

    def get(self, request: Request) -> HttpResponse:
        """How well every requirement in force on the day is answered by accepted evidence."""
        parameters_check(request, [*self.days, *self.keys])
        actor, day = actor_of(request), day_of(request, "as_of")
        subjects = self.subjects(actor, request)
        rows = coverage(subjects=subjects, as_of=day, doubt_of=doubting(versions_in(subjects), day))
        counts = {state.value: sum(row.state == state for row in rows) for state in State}
        return answer({"as_of": day, "subjects": subjects, "counts": counts, "items": [coverage_row(row) for row in rows]})

    def subjects(self, actor: User, request: Request) -> list[str]:
        """The texts by which evidence names what was asked for."""
        return subjects_of(actor, {name: request.query_params[name] for name in self.keys if name in request.query_params})
