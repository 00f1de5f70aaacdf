"""What the pages read: whole pages of rows at a constant number of queries."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import OuterRef, QuerySet, Subquery

from accounts.models import User
from assessments.models import ENDED, Finding, Run, Step
from evidence.models import Artifact, EvidenceLink
from inventory.models import ModelVersion

PAGE = 50


@dataclass(frozen=True)
class VersionRow:
    """A model version and its newest run, if there is one."""

    version: ModelVersion
    run: Run | None
    findings: list[Finding]

    @property
    def capped(self) -> int:
        """How many findings have a verdict lower than what their data alone would read."""
        return sum(finding.verdict != finding.reading for finding in self.findings)


def version_page(actor: User, number: str | None) -> tuple[Page[Any], list[VersionRow]]:
    """One page of versions, and its rows with their newest runs and findings; the number of queries is constant."""
    newest = Run.objects.filter(plan__version=OuterRef("pk")).order_by("-number").values("pk")[:1]
    versions = ModelVersion.objects.visible_to(actor).select_related("model__vendor").defer("weights_manifest").annotate(newest_run=Subquery(newest))
    page: Page[Any] = Paginator(versions.order_by("model__name", "-created_at", "pk"), PAGE).get_page(number)
    shown = [(version, version.newest_run) for version in page.object_list]
    runs: dict[Any, Run] = Run.objects.in_bulk([run for _, run in shown if run])
    findings = _findings_by_run(runs)
    return page, [VersionRow(version, runs.get(run), findings.get(run, [])) for version, run in shown]


def _findings_by_run(runs: dict[Any, Run]) -> dict[Any, list[Finding]]:
    grouped: dict[Any, list[Finding]] = {}
    for finding in Finding.objects.filter(step__run__in=list(runs)).select_related("step").defer("figures", "environment"):
        grouped.setdefault(finding.step.run_id, []).append(finding)
    return grouped


def open_run(version: ModelVersion) -> Run | None:
    """The newest run of a version that has not ended."""
    return Run.objects.filter(plan__version=version).exclude(state__in=ENDED).order_by("-number").first()


def steps_of(run: Run) -> list[Step]:
    """The steps of a run in order, with their attempts and findings."""
    steps = run.steps.select_related("finding").prefetch_related("attempts", "finding__measurements").defer("finding__figures", "finding__environment")
    return list(steps.order_by("position"))


def findings_of(run: Run) -> QuerySet[Finding]:
    """The findings of a run in the order of its steps."""
    return Finding.objects.filter(step__run=run).select_related("step").only("id", "step__key", "step__position").order_by("step__position")


def files_of(finding: Finding) -> QuerySet[Artifact]:
    """The files that the finding's attestation names, result first."""
    return Artifact.objects.filter(attestation=finding.step.attestation).order_by("kind", "name")


def links_of(finding: Finding) -> QuerySet[EvidenceLink]:
    """The finding's proposed and reviewed links to requirements."""
    links = EvidenceLink.objects.filter(artifact__attestation=finding.step.attestation)
    return links.select_related("requirement__version__framework", "reviewer").order_by("requirement__version__framework__slug", "requirement__position")
