"""What the pages of requirements read."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from assessments.models import Finding
from core.errors import NotFound
from evidence.models import EvidenceLink
from frameworks.models import Framework, Requirement
from inventory.models import AISystem, ModelVersion
from reports.coverage import Subject
from reports.queries import step_title
from reports.subjects import subjects_of

COLUMNS = 8
"""Subjects side by side on one page."""


def frameworks() -> list[Framework]:
    """All frameworks; they belong to nobody."""
    return list(Framework.objects.order_by("slug"))


def requirement_for(requirement_id: UUID) -> Requirement:
    """A requirement with its framework, or ``NotFound``; catalogues are open to everyone who may read frameworks."""
    row = Requirement.objects.select_related("version__framework").filter(pk=requirement_id).first()
    if row is None:
        raise NotFound("There is no such requirement in the loaded catalogues.")
    return row


def siblings_of(requirement: Requirement) -> QuerySet[Requirement]:
    """The same row in every version of its framework, newest first."""
    rows = Requirement.objects.filter(version__framework=requirement.version.framework_id, ref=requirement.ref)
    return rows.select_related("version").order_by("-version__known_from", "-version__created_at")


def subjects_for(actor: User, chosen: Mapping[str, Any]) -> tuple[list[Subject], bool]:
    """The subjects an address names, and whether there are more after this page of them."""
    if chosen.get("finding"):
        return [_finding(actor, chosen["finding"])], False
    if chosen.get("system"):
        return _one(_systems(actor, AISystem.objects.filter(pk=chosen["system"])), "AI system"), False
    if chosen.get("version"):
        return _one(_versions(actor, ModelVersion.objects.filter(pk=chosen["version"])), "model version"), False
    start = COLUMNS * ((chosen.get("page") or 1) - 1)
    named = chosen.get("named") or ""
    if chosen.get("of") == "versions":
        found = _versions(actor, ModelVersion.objects.filter(model__name__icontains=named), start)
    else:
        found = _systems(actor, AISystem.objects.filter(name__icontains=named), start)
    return found[:COLUMNS], len(found) > COLUMNS


def unreviewed(actor: User) -> bool:
    """Whether any link waits for a person."""
    return EvidenceLink.objects.visible_to(actor).filter(status=EvidenceLink.Status.PROPOSED).exists()


def _one(found: list[Subject], what: str) -> list[Subject]:
    if not found:
        raise NotFound(f"There is no such {what} in your register.")
    return found


def _systems(actor: User, rows: Any, start: int = 0) -> list[Subject]:
    return subjects_of(rows.visible_to(actor).order_by("name", "pk")[start : start + COLUMNS + 1])


def _versions(actor: User, rows: Any, start: int = 0) -> list[Subject]:
    found = rows.visible_to(actor).select_related("model__vendor").defer("weights_manifest").order_by("model__name", "-created_at", "pk")
    return [Subject("version", row.pk, str(row), row.model.vendor.name, None, frozenset([row.pk])) for row in found[start : start + COLUMNS + 1]]


def _finding(actor: User, finding_id: UUID) -> Subject:
    rows = Finding.objects.visible_to(actor).select_related("step__run__plan__version__model").defer("figures", "environment", "step__run__plan__document")
    row = rows.filter(pk=finding_id).first()
    if row is None or row.step.attestation_id is None:
        raise NotFound("There is no such finding in your register.")
    version = row.step.run.plan.version
    name = f"{step_title(row.step.key)}, run {row.step.run.number}"
    return Subject("finding", row.pk, name, str(version), None, frozenset([version.pk]), row.step.attestation_id)
