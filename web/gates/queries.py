"""What the pages of gates read."""

from typing import TypeVar
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from accounts.models import Membership, Organisation, User
from accounts.permissions import PERSONAL
from core.errors import NotFound
from decisions.gate_models import Approval, Decision, DecisionTask, GatePolicy, GatePolicyVersion, RollbackDrill, Waiver
from decisions.ties import with_ties
from evidence.models import Artifact
from inventory.models import ModelVersion
from questionnaires.models import Template

R = TypeVar("R")


def decision_rows(actor: User) -> QuerySet[Decision]:
    """All decisions the actor may know of, with what the list names."""
    rows = Decision.objects.visible_to(actor).select_related("policy__policy", "version__model", "system")
    return with_ties(rows.defer("basis", "version__weights_manifest"))


def decision_for(actor: User, decision_id: UUID) -> Decision:
    """A decision of the actor's register with all that its page shows, or ``NotFound``."""
    approvals = Prefetch("approvals", Approval.objects.select_related("approver"))
    waivers = Prefetch("waivers", Waiver.objects.select_related("owner", "written_by"))
    tasks = Prefetch("tasks", DecisionTask.objects.select_related("owner", "done_by"))
    related = ("organisation", "policy__policy", "version__model__vendor", "system", "requested_by", "attestation__entry")
    rows = Decision.objects.visible_to(actor).select_related(*related).prefetch_related(approvals).prefetch_related(waivers).prefetch_related(tasks)
    return _found(rows.filter(pk=decision_id).first(), "decision")


def policy_rows(actor: User) -> QuerySet[GatePolicy]:
    """All policies the actor may know of, with their versions."""
    return GatePolicy.objects.visible_to(actor).prefetch_related("versions")


def policy_for(actor: User, policy_id: UUID) -> GatePolicy:
    """A policy with its versions and their authors, or ``NotFound``."""
    versions = Prefetch("versions", GatePolicyVersion.objects.select_related("author"))
    return _found(GatePolicy.objects.visible_to(actor).prefetch_related(versions).filter(pk=policy_id).first(), "policy")


def waiver_for(actor: User, waiver_id: UUID) -> Waiver:
    """A waiver of one of the actor's decisions, or ``NotFound``."""
    return _found(Waiver.objects.visible_to(actor).select_related("decision__policy__policy").filter(pk=waiver_id).first(), "waiver")


def task_for(actor: User, task_id: UUID) -> DecisionTask:
    """A condition to be fulfilled of one of the actor's decisions, or ``NotFound``."""
    return _found(DecisionTask.objects.visible_to(actor).select_related("decision").filter(pk=task_id).first(), "condition")


def _found(row: R | None, name: str) -> R:
    if row is None:
        raise NotFound(f"There is no such {name} in your register.")
    return row


def people_of(organisation_id: UUID) -> QuerySet[User]:
    """The people of an organisation."""
    held = Membership.objects.filter(organisation=organisation_id, role__in=PERSONAL, user=OuterRef("pk"))
    return User.objects.filter(Exists(held), is_active=True, is_service=False).order_by("username")


def home_of(actor: User) -> Organisation | None:
    """The only organisation of the actor; None where there are several."""
    found = Organisation.objects.filter(memberships__user=actor).distinct()[:2]
    return found[0] if len(found) == 1 else None


def others_of(version: ModelVersion, *states: str) -> QuerySet[ModelVersion]:
    """The other versions of the same register; only those in ``states`` where any are given. Those of the same model come first."""
    rows = ModelVersion.objects.filter(model__vendor__organisation=version.organisation_id).exclude(pk=version.pk)
    rows = rows.filter(lifecycle__in=states) if states else rows
    return rows.select_related("model").defer("weights_manifest").order_by("model__name", "label")


def drills_of(version: ModelVersion) -> QuerySet[RollbackDrill]:
    """The drills of a version, newest first."""
    return RollbackDrill.objects.filter(version=version).select_related("returns_to__model").defer("returns_to__weights_manifest")


def artifacts_by_digest(actor: User, digests: set[str]) -> dict[str, UUID]:
    """Key of one visible artifact for each digest."""
    rows = Artifact.objects.visible_to(actor).filter(sha256__in=digests).values_list("sha256", "pk")
    return dict(rows)


def questionnaires_of(policy: GatePolicy) -> dict[str, str]:
    """Names of the questionnaires of the policy's register that are published and in use, each once."""
    rows = Template.objects.filter(organisation=policy.organisation_id, withdrawn_at__isnull=True, versions__published_at__isnull=False)
    return dict.fromkeys(rows.order_by("name").values_list("name", flat=True), "")
