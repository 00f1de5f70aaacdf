"""Coverage: which requirements the accepted evidence on a subject answers as of a day, and how well."""

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from core.errors import InvalidInput
from evidence.models import EvidenceLink
from frameworks.models import Requirement

DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?")


class State(StrEnum):
    """How well a requirement is answered."""

    COVERED = "covered"
    PARTIAL = "partial"
    STALE = "stale"
    MISSING = "missing"


@dataclass(frozen=True)
class CoverageRow:
    """One requirement with the links that count, those that no longer do, and those nobody has decided yet."""

    requirement: Requirement
    state: State
    current: tuple[EvidenceLink, ...]
    stale: tuple[EvidenceLink, ...]
    proposed: tuple[EvidenceLink, ...]
    missing_kinds: tuple[str, ...]

    @property
    def tiers(self) -> list[str]:
        """The verdict tiers of all its links, each once."""
        return list(dict.fromkeys(link.tier for link in (*self.current, *self.stale, *self.proposed) if link.tier))


def coverage(*, subjects: Iterable[str], as_of: datetime.date) -> list[CoverageRow]:
    """One row per requirement in force on ``as_of``, by what was known and accepted on that day about any of ``subjects``.

    Covered: a current accepted link for every kind of evidence the requirement names; partial: for some;
    stale: only links that expired, passed their review period or were accepted when the row read otherwise.
    """
    requirements = Requirement.objects.known_at(as_of).as_of(as_of).select_related("version__framework")
    links: dict[tuple[str, str], list[EvidenceLink]] = {}
    rows = EvidenceLink.objects.filter(artifact__subject__in=list(subjects), created_at__date__lte=as_of)
    for link in rows.select_related("artifact", "reviewer", "requirement__version__framework").order_by("created_at"):
        links.setdefault(_key(link.requirement), []).append(link)
    return [answer(requirement, links.get(_key(requirement), ()), as_of) for requirement in requirements]


def answer(requirement: Requirement, links: Iterable[EvidenceLink], as_of: datetime.date, seen: datetime.date | None = None) -> CoverageRow:
    """How well ``links`` answer ``requirement`` on ``as_of``, by the decisions made until ``seen`` (the same day when not given)."""
    groups: dict[str, list[EvidenceLink]] = {"current": [], "stale": [], "proposed": [], "declined": []}
    for link in links:
        groups[standing(link, requirement, as_of, seen or as_of)].append(link)
    kinds = {link.evidence_kind for link in groups["current"]}
    missing = tuple(kind for kind in requirement.evidence_kinds if kind not in kinds)
    answered = State.PARTIAL if missing else State.COVERED
    unanswered = State.STALE if groups["stale"] else State.MISSING
    state = answered if groups["current"] else unanswered
    return CoverageRow(requirement, state, tuple(groups["current"]), tuple(groups["stale"]), tuple(groups["proposed"]), missing)


def standing(link: EvidenceLink, requirement: Requirement, as_of: datetime.date, seen: datetime.date) -> str:
    """What a link is worth on ``as_of``: ``current``, ``stale``, ``proposed`` (not decided by ``seen``) or ``declined``."""
    if link.reviewed_at is None or link.reviewed_at.date() > seen:
        return "proposed"
    if link.status != EvidenceLink.Status.ACCEPTED:
        return "declined"
    return "current" if _is_current(link, link.reviewed_at.date(), requirement, as_of) else "stale"


def _is_current(link: EvidenceLink, reviewed: datetime.date, requirement: Requirement, as_of: datetime.date) -> bool:
    return not stale_reason(link, reviewed, requirement, as_of)


def stale_reason(link: EvidenceLink, reviewed: datetime.date, requirement: Requirement, as_of: datetime.date) -> str:
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
