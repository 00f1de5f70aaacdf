"""What changed in the law between two days of knowledge, and for which of our systems."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from frameworks.applicability import day
from frameworks.editions import Change, changes_between
from frameworks.models import Framework, FrameworkVersion
from reports.coverage import requirements_known
from web.fetch import actor_of
from web.lists.export import FORMATS, export_response
from web.requirements import queries
from web.requirements.entries import Entry, entries_of, summary, systems_of
from web.requirements.forms import ChangesForm
from web.requirements.page import Preset
from web.requirements.tables import ChangesTable

PAGE = "web/requirements/changes.html"


@dataclass(frozen=True)
class Edition:
    """A wording of the framework, and the address part that holds it against the one before (empty for the first)."""

    version: FrameworkVersion
    against: str


@require_GET
def requirement_changes(request: HttpRequest) -> HttpResponse:
    """Rows added, removed, moved and reworded between two days, with the systems concerned; ``export`` gives it as a file."""
    frameworks = queries.frameworks()
    form = ChangesForm(request.GET, frameworks)
    if not form.is_valid():
        return render(request, PAGE, {"form": form, "nav": "requirements"}, status=422)
    chosen = form.cleaned_data
    subjects, more = queries.subjects_for(actor_of(request), {"named": chosen["named"], "page": chosen["page"]})
    rows = (requirements_known(chosen["framework"], chosen[name]) for name in ("known_before", "known_at"))
    entries = entries_of(changes_between(*rows), subjects, chosen["as_of"])
    wanted = request.GET.get("export", "")
    if wanted in FORMATS:
        return export_response(ChangesTable(entries, chosen["as_of"]), wanted, "law-changes")
    lines = systems_of(entries, subjects)
    return render(request, PAGE, {"form": form, "lines": lines, "more": more, **context(chosen, entries, frameworks)})


def context(chosen: dict[str, Any], entries: Sequence[Entry], frameworks: list[Framework]) -> dict[str, Any]:
    """What the page shows beside the form and the systems."""
    editions = editions_of(chosen["framework"])
    return {
        "framework": next((row for row in frameworks if row.slug == chosen["framework"]), None),
        "editions": editions,
        "earlier": edition_at(editions, chosen["known_before"]),
        "later": edition_at(editions, chosen["known_at"]),
        "chosen": chosen,
        "concerned": [entry for entry in entries if entry.concerns],
        "others": [entry for entry in entries if not entry.concerns],
        "sentences": summary(entries, chosen["as_of"]),
        "days": [Preset(day(date), date, date == chosen["as_of"]) for date in days_of([entry.change for entry in entries])],
        "page": chosen["page"] or 1,
        "nav": "requirements",
    }


def editions_of(framework: str) -> list[Edition]:
    """The wordings of a framework, oldest first; of several loaded for the same day the last."""
    rows = {row.known_from: row for row in FrameworkVersion.objects.filter(framework__slug=framework).order_by("known_from", "created_at")}
    versions = list(rows.values())
    return [Edition(row, _against(row) if place else "") for place, row in enumerate(versions)]


def edition_at(editions: Sequence[Edition], known_at: datetime.date) -> FrameworkVersion | None:
    """The wording known on a day; None when nothing was."""
    return next((row.version for row in reversed(editions) if row.version.known_from <= known_at), None)


def days_of(changes: Sequence[Change]) -> list[datetime.date]:
    """The days on which the two texts part: every date that moved, from and to, and those on which added duties begin."""
    moved = {date for change in changes for move in change.moves for date in (move.before, move.after)}
    begun = {change.row.applies_from for change in changes if change.before is None}
    return sorted(date for date in moved | begun if date)


def _against(row: FrameworkVersion) -> str:
    return f"known_before={row.known_from - datetime.timedelta(days=1)}&known_at={row.known_from}"
