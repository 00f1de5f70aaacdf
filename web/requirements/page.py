"""Everything the coverage page and the page of one requirement show."""

import datetime
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from accounts.models import User
from accounts.permissions import allowed
from decisions.models import Exemption, GapAssignment
from evidence.mapping import Doubt, stale_reason
from evidence.models import EvidenceLink
from frameworks import applicability
from frameworks.applicability import Bite
from frameworks.models import Framework, Requirement
from reports.coverage import STATES, Cell, Matrix, Record, Subject, cell_of, matrix_read, record_read, today
from reports.formats import period
from reports.sources import doubts
from web import words
from web.frameworks.carry import beside
from web.requirements import queries
from web.requirements.changes import sentences
from web.requirements.forms import CoverageForm
from web.requirements.timeline import timeline_of

PRESETS = (datetime.date(2027, 12, 2), datetime.date(2028, 8, 2))
"""Days that people ask about most: the deferred high-risk duties of the AI Act begin then."""
GAPS_SHOWN = 12
LEGEND = ("covered", "partial", "stale", "proposed", "missing", "not_yet", "not_applicable")
COUNTED = ("covered", "partial", "stale", "proposed", "missing")


@dataclass(frozen=True)
class Preset:
    """A link to the same view on another day."""

    label: str
    day: datetime.date
    current: bool


@dataclass(frozen=True)
class Evidence:
    """A link with what it is worth on the chosen day, and why."""

    link: Any
    standing: str
    reason: str


def matrix_of(actor: User, form: CoverageForm, subjects: Sequence[Subject]) -> Matrix:
    """The matrix that a valid form asks for."""
    chosen = form.cleaned_data["framework"]
    return matrix_read(actor=actor, framework=chosen, subjects=subjects, as_of=form.day("as_of"), known_at=form.day("known_at"))


def context(form: CoverageForm, matrix: Matrix, frameworks: list[Framework], more: bool) -> dict[str, Any]:
    """The context of ``web/requirements/coverage.html``."""
    now = today()
    tally = Counter(cell.state for cell in matrix.cells())
    gaps = matrix.gaps()
    return {
        "form": form,
        "matrix": matrix,
        "single": single_of(matrix),
        "framework": next((row for row in frameworks if row.slug == form.cleaned_data["framework"]), None),
        "applying": matrix.lines_that(Bite.APPLIES),
        "later": sorted(matrix.lines_that(Bite.NOT_YET), key=lambda line: line.begins or datetime.date.max),
        "others": [*matrix.lines_that(Bite.ENDED), *matrix.lines_that(Bite.NOT_APPLICABLE)],
        "tally": [(state, STATES[state], tally[state]) for state in COUNTED],
        "legend": [(state, STATES[state]) for state in LEGEND],
        "sentences": sentences(matrix, now),
        "towards": towards(matrix),
        "timeline": timeline_of(matrix, now),
        "presets": [Preset("Today", now, matrix.as_of == now), *(Preset(applicability.day(day), day, matrix.as_of == day) for day in PRESETS)],
        "gaps": gaps[:GAPS_SHOWN],
        "gap_count": len(gaps),
        "more": more,
        "page": form.cleaned_data["page"] or 1,
        "known_in_past": form.day("known_at") != now,
        "glossary": words.glossary("Tier", "Capped verdict"),
        "nav": "requirements",
    }


def single_of(matrix: Matrix) -> Subject | None:
    """The subject when there is only one."""
    return matrix.subjects[0] if len(matrix.subjects) == 1 else None


def towards(matrix: Matrix) -> list[Cell] | None:
    """The duties to which evidence about a single version or finding is linked, in force or not: those that apply first."""
    single = single_of(matrix)
    if single is None or single.use is not None:
        return None
    linked = [cell for cell in matrix.cells() if cell.answer.current or cell.answer.stale or cell.answer.proposed]
    return sorted(linked, key=lambda cell: (cell.applies.bite != Bite.APPLIES, cell.applies.begins or datetime.date.min))


def requirement_context(actor: User, requirement: Requirement, form: CoverageForm) -> dict[str, Any]:
    """The context of ``web/requirements/detail.html``: the row itself, and its evidence for the chosen subjects."""
    as_of, known_at = form.day("as_of"), form.day("known_at")
    seen = min(as_of, known_at)
    subjects, more = queries.subjects_for(actor, form.cleaned_data)
    record = record_read(actor, requirement.version.framework.slug, subjects, seen, requirement.ref)
    cells = [cell_of(requirement, subject, record, as_of) for subject in subjects]
    history = list(queries.siblings_of(requirement))
    return {
        "requirement": requirement,
        "framework": requirement.version.framework,
        "as_of": as_of,
        "cells": [(cell, evidence_of(cell, record, as_of)) for cell in cells],
        "more": more,
        **cares(actor, requirement, subjects),
        "binds": [applicability.ROLES.get(role, role) for role in requirement.roles],
        "classes": [word for key, word in applicability.CLASSES.items() if key in (applicability.risk_classes(requirement) or ())],
        "dates": dates_of(requirement),
        "review_every": period(requirement.review_every),
        "retention": period(requirement.retention),
        "deadline": period(str(requirement.details.get("deadline", ""))),
        "history": [(row, differences(row, older)) for row, older in zip(history, [*history[1:], None], strict=True)],
        "newest": history[0],
        "beside": beside(actor, requirement),
        "may_propose": allowed(actor, "evidence.record"),
        "back": urlencode({"framework": requirement.version.framework.slug, "as_of": as_of.isoformat(), **dict(form.kept())}),
        "glossary": words.glossary("Tier", "Capped verdict"),
        "nav": "requirements",
    }


def cares(actor: User, requirement: Requirement, subjects: Sequence[Subject]) -> dict[str, Any]:
    """Who is in charge of each system's gap, the judgement open on it, and what this person may do about them."""
    framework, keys = requirement.version.framework, [subject.key for subject in subjects if subject.kind == "system"]
    rows = {"framework": framework, "ref": requirement.ref, "system__in": keys}
    assigned = {row.system_id: row for row in GapAssignment.objects.visible_to(actor).filter(**rows).select_related("owner")}
    judged = {row.system_id: row for row in Exemption.objects.visible_to(actor).filter(**rows, state__in=("proposed", "approved"))}
    return {
        "cares": [(key, assigned.get(key), judged.get(key)) for key in keys],
        "may_assign": allowed(actor, "gap.assign"),
        "may_exempt": allowed(actor, "exemption.propose"),
    }


def evidence_of(cell: Cell, record: Record, as_of: datetime.date) -> list[Evidence]:
    """Every link of a cell: those that count first, then those that fall short or no longer count, then those nobody has decided."""
    doubt = doubts(record.sources.of, cell.subject.versions, cell.requirement, as_of)
    found = [Evidence(link, "current", "It counts.") for link in cell.answer.current]
    found += [Evidence(link, "weak", _doubted(link, doubt)) for link in cell.answer.weak]
    found += [Evidence(link, "stale", _stale(link, cell, as_of) or _doubted(link, doubt)) for link in cell.answer.stale]
    return found + [Evidence(link, "proposed", "It does not count yet: nobody has accepted it.") for link in cell.answer.proposed]


def _doubted(link: EvidenceLink, doubt: Callable[[Any], Doubt | None]) -> str:
    found = doubt(link)
    return found.reason if found else ""


def _stale(link: EvidenceLink, cell: Cell, as_of: datetime.date) -> str:
    if link.reviewed_at is None:
        return ""
    reviewed = link.reviewed_at.date()
    return stale_reason(link, reviewed, cell.requirement, as_of)


def dates_of(requirement: Requirement) -> list[tuple[str, datetime.date]]:
    """The row's dates in order, each with what happens on it."""
    details = requirement.details
    found = {
        "wording known to us": requirement.version.known_from,
        "chapter formally applies": requirement.formal_application,
        "begins to bind": requirement.applies_from,
        "begins for products of Annex I": details.get("applies_from_annex_i"),
        "transition for older systems ends": details.get("legacy_until"),
        "ends": requirement.applies_until,
    }
    dates = [(label, datetime.date.fromisoformat(str(day))) for label, day in found.items() if day]
    return sorted(dates, key=lambda row: row[1])


def differences(row: Requirement, older: Requirement | None) -> list[str]:
    """What changed in a row since the version before."""
    if older is None:
        return ["first version loaded"]
    fields = ("title", "gist", "applies_from", "applies_until", "formal_application", "roles", "evidence_kinds", "review_every", "retention", "details")
    changed = [field.replace("_", " ") for field in fields if getattr(row, field) != getattr(older, field)]
    return changed or ["nothing in this row"]
