"""Which requirements a run's findings were linked to, and how far a model version is covered, as of a day."""

import datetime
from collections import Counter
from collections.abc import Sequence
from typing import Any

from assessments.models import Step
from evidence.mapping import CoverageRow, State, coverage
from evidence.models import EvidenceLink
from frameworks.models import Requirement
from inventory.models import ModelVersion
from reports.sources import doubting


def requirements_read(version: ModelVersion, steps: Sequence[Step], as_of: datetime.date) -> dict[str, Any]:
    """Rows per linked requirement, and counts per framework over all evidence on ``version``."""
    keys = {step.attestation_id: step.key for step in steps}
    links = EvidenceLink.objects.filter(artifact__attestation__in=keys, created_at__date__lte=as_of)
    ordered = links.select_related("artifact", "requirement__version__framework").order_by(
        "requirement__version__framework__slug", "requirement__position", "created_at", "evidence_kind"
    )
    rows: dict[Any, dict[str, Any]] = {}
    for link in ordered:
        row = rows.setdefault(link.requirement_id, requirement_row(link.requirement, as_of))
        row["links"].append(link_row(link, keys[link.artifact.attestation_id], as_of))
    return {"as_of": as_of.isoformat(), "rows": list(rows.values()), "coverage": coverage_rows(version_coverage(version, as_of))}


def requirement_row(requirement: Requirement, as_of: datetime.date) -> dict[str, Any]:
    """One requirement in our words; ``applies`` says whether it is in force on ``as_of``."""
    begins, ends = requirement.applies_from, requirement.applies_until
    return {
        "ref": requirement.ref,
        "framework": requirement.version.framework.name,
        "title": requirement.title,
        "gist": requirement.gist,
        "applies_from": begins.isoformat() if begins else None,
        "voluntary": requirement.voluntary,
        "applies": (begins is None or begins <= as_of) and (ends is None or as_of <= ends),
        "links": [],
    }


def link_row(link: EvidenceLink, step: str, as_of: datetime.date) -> dict[str, Any]:
    """One link as it stood on ``as_of``: a decision made later does not count yet."""
    decided = link.reviewed_at is not None and link.reviewed_at.date() <= as_of
    return {
        "step": step,
        "evidence_kind": link.evidence_kind,
        "status": link.status if decided else EvidenceLink.Status.PROPOSED.value,
        "tier": link.tier,
        "valid_until": link.valid_until.isoformat() if decided and link.valid_until else None,
    }


def version_coverage(version: ModelVersion, as_of: datetime.date) -> list[CoverageRow]:
    """Coverage by everything on record about ``version``: the evidence of its assessment steps carries the steps as subject."""
    steps = Step.objects.filter(run__plan__version=version).only("id")
    return coverage(subjects=[version.subject, *(step.subject for step in steps)], as_of=as_of, doubt_of=doubting([version.pk], as_of))


def coverage_rows(rows: Sequence[CoverageRow]) -> list[dict[str, Any]]:
    """Counts per framework of requirements in force: answered, partly answered, out of date, only proposed, without evidence."""
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        counts.setdefault(row.requirement.version.framework.name, Counter())[_state(row)] += 1
    names = ("covered", "partial", "stale", "proposed", "missing")
    return [{"framework": name, "applying": sum(found.values()), **{state: found[state] for state in names}} for name, found in sorted(counts.items())]


def _state(row: CoverageRow) -> str:
    return "proposed" if row.state == State.MISSING and row.proposed else row.state.value
