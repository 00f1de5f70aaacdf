"""The columns of a sheet: where the table is, then which column holds what."""

from pathlib import PurePath
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from core.errors import InvalidState
from evidence import ledger
from frameworks.import_plans import draft_read
from frameworks.import_services import draft_columns
from frameworks.imports.sheets import Grid, heading_of
from frameworks.models import ImportDraft
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.frameworks import page, queries
from web.frameworks.forms import ColumnsForm, PlaceForm

SHOWN_ROWS, SHOWN_COLUMNS = 5, 12
LEAD = "The file does not say what its columns mean. Check what was guessed; the next page shows the rows as they would be imported."


@require_http_methods(["GET", "POST"])
def import_columns(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Choose sheet and heading row by address, the columns by form."""
    actor = actor_of(request)
    draft = queries.draft_for(actor, draft_id)
    grids = draft_read(draft).grids
    if not grids:
        raise InvalidState("This file says itself what its fields are; there are no columns to choose.")
    place = PlaceForm(_place(request, draft, grids), list(grids))
    if not place.is_valid():
        return form_response(request, ColumnsForm(None, [], ""), "web/frameworks/columns.html", **_context(draft, place, []))
    sheet, heading = place.cleaned_data["sheet"], place.cleaned_data["heading"]
    grid = grids[sheet]
    form = ColumnsForm(posted(request), grid[heading - 1] if heading <= len(grid) else [], PurePath(draft.name).stem[:200])
    if form.is_valid():
        with service_errors(form):
            draft_columns(actor=actor, record=ledger.append, draft=draft, columns=form.columns(sheet, heading))
            return redirect("web:import-preview", draft.pk)
    return form_response(request, form, "web/frameworks/columns.html", **_context(draft, place, grid[heading - 1 : heading + SHOWN_ROWS]))


def _place(request: HttpRequest, draft: ImportDraft, grids: Any) -> dict[str, Any]:
    """Sheet and heading row of the address, or those chosen before, or the first sheet and its likeliest row."""
    sheet = request.GET.get("sheet") or draft.columns.get("sheet") or next(iter(grids))
    guessed = heading_of(grids[sheet]) if sheet in grids else 1
    return {"sheet": sheet, "heading": request.GET.get("heading") or draft.columns.get("heading") or guessed}


def _context(draft: ImportDraft, place: PlaceForm, grid: Grid) -> dict[str, Any]:
    return {
        "title": "Which column holds what?",
        "lead": LEAD,
        "draft": draft,
        "place": place,
        "sample": [row[:SHOWN_COLUMNS] for row in grid],
        "crumbs": page.CRUMBS,
        "nav": "requirements",
    }
