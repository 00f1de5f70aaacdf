"""What the list and the page of findings read."""

from django.db.models import Prefetch, QuerySet

from accounts.models import User
from assessments.models import Finding, Measurement
from evidence.models import Artifact, EvidenceLink

EARLIER = 8
"""Other findings of the same question that are shown beside one."""
HEAVY = ("figures", "environment", "controls", "step__run__plan__version__weights_manifest")


def findings_of(actor: User) -> QuerySet[Finding]:
    """All findings of the actor's register, with what the list shows."""
    return Finding.objects.visible_to(actor).select_related("step__run__plan__version__model__vendor").defer(*HEAVY, "step__run__plan__document")


def files_of(finding: Finding) -> QuerySet[Artifact]:
    """The files that the finding's attestation names, result first."""
    return Artifact.objects.filter(attestation=finding.step.attestation).order_by("kind", "name")


def links_of(finding: Finding) -> QuerySet[EvidenceLink]:
    """The finding's proposed and reviewed links to requirements."""
    links = EvidenceLink.objects.filter(artifact__attestation=finding.step.attestation)
    return links.select_related("requirement__version__framework", "reviewer").order_by("requirement__version__framework__slug", "requirement__position")


def same_question(actor: User, finding: Finding) -> list[Finding]:
    """The newest other findings of the same step key on any version of this model, with their primary measurement, newest first."""
    model = finding.step.run.plan.version.model_id
    rows = Finding.objects.visible_to(actor).filter(step__key=finding.step.key, step__run__plan__version__model=model).exclude(pk=finding.pk)
    primary = Prefetch("measurements", queryset=Measurement.objects.filter(name=finding.primary))
    return list(rows.select_related("step__run__plan__version__model").prefetch_related(primary).defer(*HEAVY).order_by("-step__run__number")[:EARLIER])
