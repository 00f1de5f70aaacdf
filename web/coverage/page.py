"""Everything the pages of coverage show."""

import datetime
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from accounts.models import User
from frameworks.applicability import day
from frameworks.models import Framework, Requirement
from reports.coverage import STATES, Subject, today
from reports.coverage_grid import Holdings, matrices_of
from reports.coverage_overview import overview
from reports.coverage_totals import states_of, totals_figure
from reports.gaps import Gap
from web.figures import figure_view
from web.requirements.page import LEGEND, Preset

ADDED = "applies_from_annex_i"


def days_of(holdings: Holdings, as_of: datetime.date, known_at: datetime.date) -> list[Preset]:
    """Today, and every day on which duties of the frameworks shown begin, as links."""
    rows = [row for slug in holdings.editions for row in holdings.rows_known(slug, known_at)]
    days = {date for row in rows for date in begins_of(row)}
    now = today()
    return [Preset("Today", now, as_of == now), *(Preset(day(date), date, as_of == date) for date in sorted(days - {now}))]


def begins_of(row: Requirement) -> Iterable[datetime.date]:
    """The days on which a duty begins: for most, and for products of Annex I."""
    if row.applies_from:
        yield row.applies_from
    if row.details.get(ADDED):
        yield datetime.date.fromisoformat(str(row.details[ADDED]))


def overview_context(chosen: dict[str, Any], frameworks: Sequence[Framework], holdings: Holdings, shown: Sequence[Subject], more: bool) -> dict[str, Any]:
    """The context of ``web/coverage/overview.html`` beside its form; totals are of every subject held, rows of those ``shown``."""
    matrices = matrices_of(holdings, chosen["as_of"], chosen["known_at"])
    seen = overview(matrices, holdings.subjects, chosen["framework"])
    return {
        "chosen": chosen,
        "framework": next((row for row in frameworks if row.slug == chosen["framework"]), None),
        "overview": seen,
        "rows": [(row, list(zip(seen.columns, row.boxes, strict=True))) for row in seen.rows if row.subject in shown],
        "tally": states_of(seen.total),
        "figure": figure_view(totals_figure(seen, len(holdings.subjects))) if seen.total.applying else None,
        "counted": len(holdings.subjects),
        "legend": [(state, STATES[state]) for state in LEGEND],
        "days": days_of(holdings, chosen["as_of"], chosen["known_at"]),
        "query": query_of(chosen),
        "more": more,
        "page": chosen["page"] or 1,
        "known_in_past": chosen["known_at"] != today(),
        "later": chosen["as_of"] > today(),
        "nav": "requirements",
    }


def query_of(chosen: dict[str, Any]) -> str:
    """The two days, as they stand in an address."""
    return f"as_of={chosen['as_of'].isoformat()}&known_at={chosen['known_at'].isoformat()}"


def wanted(gaps: Iterable[Gap], actor: User, chosen: dict[str, Any]) -> list[Gap]:
    """The gaps that an address asks for."""
    tests: dict[str, Callable[[Gap], bool]] = {
        "mine": lambda gap: gap.assignment is not None and gap.assignment.owner_id == actor.pk,
        "nobody": lambda gap: gap.assignment is None,
        "overdue": lambda gap: gap.overdue,
    }
    test = tests.get(chosen["care"])
    return [gap for gap in gaps if (test is None or test(gap)) and chosen["state"] in ("", gap.cell.state) and (gap.fresh or not chosen["fresh"])]


def gaps_sentence(gaps: Sequence[Gap], shown: Sequence[Gap], as_of: datetime.date) -> str:
    """What the list says, in one or two sentences."""
    fresh = sum(gap.fresh for gap in gaps)
    late = sum(gap.overdue for gap in gaps)
    nobody = sum(gap.assignment is None for gap in gaps)
    said = f"{len(gaps)} {'gap' if len(gaps) == 1 else 'gaps'} on {day(as_of)}, {nobody} of them with nobody in charge, {late} overdue."
    if as_of > today():
        said += f" {fresh} of them {'is' if fresh == 1 else 'are'} no gap today."
    return said if len(shown) == len(gaps) else f"{said} {len(shown)} shown by this filter."
