"""What a board should know on one page: systems, coverage and its trend, what bites next, incidents, decisions, the gaps that press most."""

import datetime
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final

from accounts.models import Organisation, User
from core import clock
from decisions import duties
from decisions.models import Decision, Incident
from decisions.standing import standing_of
from frameworks.applicability import Bite
from inventory.models import AISystem, RiskClass
from reports.coverage import GAPS, Cell, today
from reports.coverage_grid import Holdings, catalogue_read, cells_of, holdings_read, matrices_of
from reports.coverage_overview import COUNTED
from reports.coverage_trend import Week, trend_figure, trend_of
from reports.gaps import Gap, assigned_read, gaps_of
from reports.subjects import subjects_of

LISTED: Final = 100
"""Systems whose coverage is worked out; the page says where there are more."""
GAPS_SHOWN, DATES_SHOWN, CLOCKS_SHOWN, DECISIONS_SHOWN = 5, 3, 3, 3
LONGEST: Final = 60
"""Characters of a name or title: the page has to stay one page."""


def board_read(actor: User, organisation: Organisation) -> dict[str, Any]:
    """Everything the page says, limited to what the actor may see; the same rows on the same day give the same document."""
    systems = AISystem.objects.visible_to(actor).filter(organisation=organisation).order_by("name", "pk")
    subjects, day = subjects_of(systems[:LISTED]), today()
    holdings = holdings_read(actor=actor, catalogue=catalogue_read(), subjects=subjects, seen=day)
    classes = Counter(systems.order_by().values_list("risk_class", flat=True))
    total = sum(classes.values())
    gaps = gaps_of(holdings, assigned_read(actor, subjects), day, day, day)
    return {
        "organisation": _short(organisation.name),
        "as_of": day.isoformat(),
        "systems": {"total": total, "classes": _classes(classes), "idle": sum(not row.versions for row in subjects)},
        "coverage": _coverage(trend_of(holdings, day), bool(subjects)),
        "ahead": list(islice(_ahead(holdings, day, {_key(row.cell) for row in gaps}), DATES_SHOWN)),
        "incidents": _incidents(actor, organisation),
        "decisions": _decisions(actor, organisation),
        "gaps": _gaps(gaps),
        "left_out": max(0, total - len(subjects)),
    }


def _classes(found: Counter[str]) -> list[dict[str, Any]]:
    return [{"name": str(row.label), "count": found[row.value]} for row in RiskClass if found[row.value]]


def _coverage(weeks: Sequence[Week], known: bool) -> dict[str, Any]:
    first, last = weeks[0], weeks[-1]
    return {"now": _share(last), "before": {**_share(first), "day": first.day.isoformat()}, "figure": trend_figure(weeks) if known else None}


def _share(week: Week) -> dict[str, Any]:
    applying = sum(week.counts[state] for state in COUNTED)
    covered = week.counts["covered"]
    # Rounded down: nothing may look complete that is not.
    return {"covered": covered, "applying": applying, "percent": 100 * covered // applying if applying else None}


def _ahead(holdings: Holdings, day: datetime.date, open_now: set[tuple[Any, ...]]) -> Iterable[dict[str, Any]]:
    """The next days of the law on which gaps open that are none today, as the record stands."""
    later = [row for row in cells_of(matrices_of(holdings, day, day)) if row.applies.bite == Bite.NOT_YET and row.applies.begins]
    for begins in sorted({row.applies.begins for row in later if row.applies.begins}):
        fresh = [row for row in cells_of(matrices_of(holdings, begins, day)) if row.gap and _key(row) not in open_now]
        begun = [row for row in fresh if row.applies.begins == begins]
        if begun:
            laws = sorted({row.requirement.version.framework.short_name for row in begun})
            yield {"day": begins.isoformat(), "gaps": len(begun), "systems": len({row.subject.key for row in begun}), "laws": _short(", ".join(laws))}


def _gaps(gaps: Sequence[Gap]) -> dict[str, Any]:
    """The most pressing: overdue before due before nobody's, then by state."""
    ordered = sorted(gaps, key=_urgency)
    late = sum(row.overdue for row in gaps)
    return {"total": len(gaps), "late": late, "nobody": sum(row.assignment is None for row in gaps), "rows": [_gap(row) for row in ordered[:GAPS_SHOWN]]}


def _urgency(row: Gap) -> tuple[Any, ...]:
    due = row.assignment.due_on if row.assignment else datetime.date.max
    begins = row.cell.applies.begins or datetime.date.max
    return (due, GAPS.index(row.cell.state), begins, row.cell.requirement.ref, row.cell.subject.name)


def _gap(row: Gap) -> dict[str, Any]:
    cell, held = row.cell, row.assignment
    return {
        "ref": cell.requirement.ref,
        "title": _short(cell.requirement.title),
        "system": _short(cell.subject.name, 24),
        "state": cell.word,
        "owner": _short(str(held.owner), 30) if held else "",
        "due_on": held.due_on.isoformat() if held else "",
        "overdue": row.overdue,
    }


def _incidents(actor: User, organisation: Organisation) -> dict[str, Any]:
    now = clock.now()
    rows = Incident.objects.visible_to(actor).filter(organisation=organisation)
    found = sorted(duties.open_clocks(rows, now), key=lambda row: (row.clock.due is not None, row.clock.due or now, row.clock.key))
    late = sum(row.clock.due is not None and row.clock.due < now for row in found)
    return {"open": duties.unresolved(rows).count(), "clocks": len(found), "late": late, "rows": [_clock(row, now) for row in found[:CLOCKS_SHOWN]]}


def _clock(row: duties.OpenClock, now: datetime.datetime) -> dict[str, Any]:
    found = row.clock
    return {
        "reference": row.incident.reference,
        "title": _short(row.incident.title, 40),
        "duty": f"{found.regime.law}, {found.stage.label.lower()}",
        "due": clock.iso(found.due) if found.due else "",
        "late": found.due is not None and found.due < now,
    }


def _decisions(actor: User, organisation: Organisation) -> dict[str, Any]:
    found = standing_of(actor, organisation)
    rows = [*({**_decision(row), "why": "approved, but the record has changed since"} for row in found.void)]
    rows += [{**_decision(row), "why": "waits for approval"} for row in found.waiting]
    return {
        "waiting": len(found.waiting),
        "void": len(found.void),
        "standing": found.standing,
        "unchecked": found.unchecked,
        "rows": rows[:DECISIONS_SHOWN],
    }


def _decision(row: Decision) -> dict[str, Any]:
    return {"reference": row.reference, "step": row.get_step, "about": _short(str(row.about), 40), "since": row.created_at.date().isoformat()}


def _key(cell: Cell) -> tuple[Any, ...]:
    return (cell.subject.key, cell.requirement.version.framework_id, cell.requirement.ref)


def _short(text: str, longest: int = LONGEST) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"
