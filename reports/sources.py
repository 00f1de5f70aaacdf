"""What lies behind a piece of evidence and may change after a person accepted it: version measured, instrument's record, probe sets."""

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Max, OuterRef, Q, QuerySet, Subquery

from accounts.models import User
from assessments.models import AddedProbeSet, Plan, Qualification, Step
from evidence.mapping import STALE, WEAK, Doubt
from evidence.models import EvidenceLink
from frameworks.models import Requirement
from reports.vocabulary import tier_word, vocabulary

VERSION = "inventory.modelversion:"


@dataclass(frozen=True)
class Source:
    """The step behind a statement. ``until``: last day of the newest record of its instrument, None where no record carried the finding."""

    version: UUID
    until: datetime.date | None = None
    superseded: str = ""


@dataclass(frozen=True)
class Sources:
    """Sources of all steps that measured some versions, by statement."""

    by_statement: Mapping[UUID, Source] = field(default_factory=dict)

    def of(self, link: Any) -> Source | None:
        """The source of a link's file: the step whose statement names it, or the version it is about; None for anything else."""
        found = self.by_statement.get(link.artifact.attestation_id)
        text = link.artifact.subject
        return found or (Source(UUID(text.removeprefix(VERSION))) if text.startswith(VERSION) else None)


def sources_read(versions: Iterable[UUID], seen: datetime.date) -> Sources:
    """Sources of every attested step about ``versions``, as known on ``seen``; two queries, three where a probe set was replaced."""
    keys = set(versions)
    records = Qualification.objects.filter(instrument=OuterRef("instrument"), shortfalls=[], made_at__lte=end_of(seen))
    newest = records.order_by().values("instrument").annotate(last=Max("valid_until")).values("last")
    steps = Step.objects.filter(run__plan__version__in=keys, attestation__isnull=False).annotate(until=Subquery(newest))
    names = ("attestation_id", "run__plan__version_id", "run__plan_id", "position", "finding__qualification_id", "finding__cap_reasons", "until")
    rows = list(steps.values_list(*names))
    replaced = _replaced({row[2] for row in rows}, seen) if rows else {}
    found = {}
    for statement, version, plan, position, record, caps, until in rows:
        carried = record is not None and not caps and until is not None
        found[statement] = Source(version, until.date() if carried else None, replaced.get((plan, position), ""))
    return Sources(found)


def evidence_links(actor: User, versions: Iterable[UUID], seen: datetime.date) -> QuerySet[EvidenceLink]:
    """Links of files about ``versions``, directly or through the steps that measured them, recorded by ``seen``."""
    keys = set(versions)
    steps = Step.objects.filter(run__plan__version__in=keys, attestation__isnull=False).values("attestation")
    about = Q(artifact__attestation__in=steps) | Q(artifact__subject__in=[f"{VERSION}{key}" for key in keys])
    return EvidenceLink.objects.visible_to(actor).filter(about, created_at__lte=end_of(seen))


def end_of(day: datetime.date) -> datetime.datetime:
    """The last moment of a day, in UTC. A plain comparison lets the database use its index; a cast to a date would not."""
    return datetime.datetime.combine(day, datetime.time.max, datetime.UTC)


def doubts(
    source_of: Callable[[Any], Source | None], versions: frozenset[UUID], requirement: Requirement, as_of: datetime.date
) -> Callable[[Any], Doubt | None]:
    """A function that says why an accepted link of a subject with ``versions`` does not fully count on ``as_of``; None where it does."""
    wanted = str(requirement.details.get("tier", ""))

    def doubt(link: Any) -> Doubt | None:
        source = source_of(link)
        if source is not None and source.version not in versions:
            return Doubt(STALE, "It is about a model version that is no longer at work here.")
        if source is not None and source.until is not None and source.until < as_of:
            return Doubt(STALE, f"The record that its instrument can be believed ended on {source.until}.")
        if source is not None and source.superseded:
            return Doubt(STALE, source.superseded)
        if wanted and not reaches(link.tier, wanted):
            return Doubt(WEAK, f"The requirement asks for “{tier_word(wanted)}” or better.")
        return None

    return doubt


def doubting(versions: Iterable[UUID], day: datetime.date) -> Callable[[Requirement], Callable[[Any], Doubt | None]]:
    """``doubts`` for any requirement about ``versions`` on ``day``, so that every count of coverage knows the same reasons; two or three queries."""
    keys = frozenset(versions)
    sources = sources_read(keys, day)
    return lambda requirement: doubts(sources.of, keys, requirement, day)


def reaches(tier: str, wanted: str) -> bool:
    """Whether a verdict is at least as strong as the one wanted; a link without verdict is not."""
    order = list(vocabulary()["order"])
    return tier in order and wanted in order and order.index(tier) <= order.index(wanted)


def _replaced(plans: Iterable[UUID], seen: datetime.date) -> dict[tuple[UUID, int], str]:
    """Why the probe sets of a plan's items are no longer the newest, by plan and position; items whose sets are current are left out."""
    newer = _newer(seen)
    # Plans are large and replaced sets rare: the plans are read only where there is something to look for.
    items = dict(Plan.objects.filter(pk__in=plans).values_list("pk", "document__items")) if newer else {}
    used = {(key, place): (item.get("probe_sets") or {}).values() for key, rows in items.items() for place, item in enumerate(rows or [])}
    found = {place: next((newer[digest] for digest in digests if digest in newer), "") for place, digests in used.items()}
    return {place: reason for place, reason in found.items() if reason}


def _newer(seen: datetime.date) -> dict[str, str]:
    """By digest of an added probe set: the sentence that another version took its place by ``seen``."""
    rows = AddedProbeSet.objects.filter(created_at__lte=end_of(seen)).order_by("created_at")
    last: dict[tuple[UUID, str], str] = {}
    found = {}
    for owner, slug, version, digest, made in rows.values_list("organisation_id", "slug", "version", "digest", "created_at"):
        before = last.get((owner, slug))
        if before is not None:
            found[before] = f"Its probe set {slug} was replaced by version {version} on {made.date()}."
        last[owner, slug] = digest
    return found
