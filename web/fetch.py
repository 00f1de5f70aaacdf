"""The only ways a view gets hold of a row: each one checks first that the actor may know of it."""

from uuid import UUID

from django.http import HttpRequest

from accounts.models import User
from assessments.models import Finding, Run
from core.errors import NotAllowed, NotFound
from evidence.models import Artifact, EvidenceLink
from inventory.models import ModelVersion
from reports.models import Report


def actor_of(request: HttpRequest) -> User:
    """The signed-in person; ``NotAllowed`` when there is none."""
    if not isinstance(request.user, User):
        raise NotAllowed("Sign in first.")
    return request.user


def version_for(actor: User, version_id: UUID) -> ModelVersion:
    """A model version of the actor's register, or ``NotFound``."""
    row = ModelVersion.objects.visible_to(actor).select_related("model__vendor").filter(pk=version_id).first()
    if row is None:
        raise NotFound("There is no such model version in your register.")
    return row


def run_for(actor: User, run_id: UUID) -> Run:
    """A run of the actor's register with its plan and seal, or ``NotFound``."""
    related = ("plan__version__model__vendor__organisation", "plan__sealed_entry", "finished_entry", "requested_by")
    row = Run.objects.visible_to(actor).select_related(*related).filter(pk=run_id).first()
    if row is None:
        raise NotFound("There is no such run in your register.")
    return row


def finding_for(actor: User, finding_id: UUID) -> Finding:
    """A finding of the actor's register with its step, run and plan, or ``NotFound``."""
    related = ("step__attestation__entry", "step__run__plan__version__model__vendor", "step__run__plan__sealed_entry", "step__run__finished_entry")
    received = ("step__run__received__key", "step__run__received__vendor")
    record = ("qualification__attestation__entry", "qualification__result_artifact")
    rows = Finding.objects.visible_to(actor).select_related(*related, *record, *received, "result_artifact").prefetch_related("measurements")
    row = rows.filter(pk=finding_id).first()
    if row is None:
        raise NotFound("There is no such finding in your register.")
    return row


def report_for(actor: User, report_id: UUID) -> Report:
    """A report of the actor's register, or ``NotFound``."""
    row = Report.objects.visible_to(actor).select_related("artifact", "entry__attestation").filter(pk=report_id).first()
    if row is None:
        raise NotFound("There is no such report in your register.")
    return row


def artifact_of(finding: Finding, artifact_id: UUID) -> Artifact:
    """A file that the finding's attestation names, or ``NotFound``; the finding comes from ``finding_for``."""
    row = Artifact.objects.filter(attestation=finding.step.attestation, pk=artifact_id).first()
    if row is None:
        raise NotFound("This finding has no such file.")
    return row


def link_of(finding: Finding, link_id: UUID) -> EvidenceLink:
    """A requirement link of the finding's files, or ``NotFound``; the finding comes from ``finding_for``."""
    row = EvidenceLink.objects.filter(artifact__attestation=finding.step.attestation, pk=link_id).first()
    if row is None:
        raise NotFound("This finding has no such link to a requirement.")
    return row
