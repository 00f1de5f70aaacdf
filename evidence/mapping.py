"""Coverage: which requirements the accepted evidence on a subject answers as of a day, and how well."""

import datetime
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from core.errors import InvalidInput
from evidence.models import EvidenceLink
from frameworks.models import Requirement

CURRENT: Final = "current"
STALE: Final = "stale"
WEAK: Final = "weak"
DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?")


class State(StrEnum):
    """How well a requirement is answered."""

    COVERED = "covered"
    PARTIAL = "partial"
    STALE = "stale"
    MISSING = "missing"


@dataclass(frozen=True)
class Doubt:
    """Why an accepted link does not fully count, by what its file rests on: ``STALE`` or ``WEAK``, and the reason in a sentence."""

    standing: str
    reason: str


@dataclass(frozen=True)
class CoverageRow:
    """One requirement with the links that count, those that no longer do, those nobody has decided, and those too weak for what it asks."""

    requirement: Requirement
    state: State
    current: tuple[EvidenceLink, ...]
    stale: tuple[EvidenceLink, ...]
    proposed: tuple[EvidenceLink, ...]
    missing_kinds: tuple[str, ...]
    weak: tuple[EvidenceLink, ...] = ()

    @property
    def tiers(self) -> list[str]:
        """The verdict tiers of all its links, each once."""
        return list(dict.fromkeys(link.tier for link in (*self.current, *self.weak, *self.stale, *self.proposed) if link.tier))


Doubting = Callable[[Any], Doubt | None]
"""Says what speaks against an accepted link beside the link itself; None where nothing does."""


def coverage(*, subjects: Iterable[str], as_of: datetime.date, doubt_of: Callable[[Requirement], Doubting] | None = None) -> list[CoverageRow]:
    """One row per requirement in force on ``as_of``, by what was known and accepted on that day about any of ``subjects``.

    Covered: a current accepted link for every kind of evidence the requirement names; partial: for some;
    stale: only links that expired, passed their review period or were accepted when the row read otherwise, and those that
    ``doubt_of`` of the requirement, from a layer that knows what the files rest on, calls stale.
    """
    requirements = Requirement.objects.known_at(as_of).as_of(as_of).select_related("version__framework")
    links: dict[tuple[str, str], list[EvidenceLink]] = {}
    rows = EvidenceLink.objects.filter(artifact__subject__in=list(subjects), created_at__date__lte=as_of)
    for link in rows.select_related("artifact", "reviewer", "requirement__version__framework").order_by("created_at"):
        links.setdefault(_key(link.requirement), []).append(link)
    return [answer(row, links.get(_key(row), ()), as_of, doubt=doubt_of(row) if doubt_of else None) for row in requirements]


def answer(
    requirement: Requirement, links: Iterable[Any], as_of: datetime.date, seen: datetime.date | None = None, doubt: Callable[[Any], Doubt | None] | None = None
) -> CoverageRow:
    """How well ``links`` answer ``requirement`` on ``as_of``, by the decisions made until ``seen`` (the same day when not given).

    ``doubt`` says what else speaks against an accepted link; without it only the link and the requirement are looked at.
    """
    groups: dict[str, list[Any]] = {CURRENT: [], WEAK: [], STALE: [], "proposed": [], "declined": []}
    for link in links:
        groups[standing(link, requirement, as_of, seen or as_of, doubt)].append(link)
    kinds = {link.evidence_kind for link in groups[CURRENT]}
    missing = tuple(kind for kind in requirement.evidence_kinds if kind not in kinds)
    answered = State.PARTIAL if missing or not groups[CURRENT] else State.COVERED
    unanswered = State.STALE if groups[STALE] else State.MISSING
    state = answered if groups[CURRENT] or groups[WEAK] else unanswered
    return CoverageRow(requirement, state, tuple(groups[CURRENT]), tuple(groups[STALE]), tuple(groups["proposed"]), missing, tuple(groups[WEAK]))


def standing(link: Any, requirement: Requirement, as_of: datetime.date, seen: datetime.date, doubt: Callable[[Any], Doubt | None] | None = None) -> str:
    """What a link is worth on ``as_of``: ``current``, ``stale``, ``weak``, ``proposed`` (not decided by ``seen``) or ``declined``."""
    if link.reviewed_at is None or link.reviewed_at.date() > seen:
        return "proposed"
    if link.status != EvidenceLink.Status.ACCEPTED:
        return "declined"
    if stale_reason(link, link.reviewed_at.date(), requirement, as_of):
        return STALE
    found = doubt(link) if doubt else None
    return found.standing if found else CURRENT


def stale_reason(link: Any, reviewed: datetime.date, requirement: Requirement, as_of: datetime.date) -> str:
    """Why an accepted link no longer counts on ``as_of``; empty while it does."""
    if link.requirement_id != requirement.pk and link.requirement.digest != requirement.digest:
        return "The requirement has changed since it was accepted."
    if link.valid_until is not None and link.valid_until < as_of:
        return f"It was accepted until {link.valid_until}."
    due = review_due(reviewed, requirement.review_every)
    return f"Its review was due on {due}." if due < as_of else ""


def review_due(start: datetime.date, every: str) -> datetime.date:
    """The day ``every`` (ISO 8601 duration of years, months and days) after ``start``; the last day of all when it is empty."""
    if not every:
        return datetime.date.max
    found = DURATION.fullmatch(every)
    if not found or not any(found.groups()):
        raise InvalidInput("review_every", f"{every!r} in the catalogue is not an ISO 8601 duration such as P12M; correct it and load the catalogue again")
    years, months, days = (int(part or 0) for part in found.groups())
    month = start.year * 12 + start.month - 1 + years * 12 + months
    first = datetime.date(month // 12, month % 12 + 1, 1)
    last = (first + datetime.timedelta(days=31)).replace(day=1) - datetime.timedelta(days=1)
    return first.replace(day=min(start.day, last.day)) + datetime.timedelta(days=days)


def _key(requirement: Requirement) -> tuple[str, str]:
    return requirement.version.framework.slug, requirement.ref
