"""What the pages of models and versions read: whole pages of rows at a constant number of queries."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from accounts.models import User
from assessments.models import Finding, Plan, Run, Step
from core.errors import NotFound
from evidence.models import Artifact
from inventory.models import AIModel, Deployment, Intake, IntakeState, ModelVersion
from web.vendors.queries import count_of, last_run

RUNS_SHOWN = 25
FEW = 20


@dataclass(frozen=True)
class RunRow:
    """A run and what its steps found."""

    run: Run
    findings: list[Finding] = field(default_factory=list)

    @property
    def capped(self) -> int:
        """How many findings have a verdict lower than what their data alone would read."""
        return sum(finding.verdict != finding.reading for finding in self.findings)


def model_for(actor: User, model_id: UUID) -> AIModel:
    """A model of the actor's register, or ``NotFound``."""
    row = AIModel.objects.visible_to(actor).select_related("vendor").filter(pk=model_id).first()
    if row is None:
        raise NotFound("There is no such model in your register.")
    return row


def version_for(actor: User, version_id: UUID) -> ModelVersion:
    """A model version with its parent and where it came from, or ``NotFound``."""
    rows = ModelVersion.objects.visible_to(actor).select_related("model__vendor", "parent__model").defer("parent__weights_manifest")
    row = rows.filter(pk=version_id).first()
    if row is None:
        raise NotFound("There is no such model version in your register.")
    return row


def intake_for(actor: User, intake_id: UUID) -> Intake:
    """An intake of the actor's register, or ``NotFound``."""
    row = Intake.objects.visible_to(actor).select_related("model__vendor", "parent__model", "requested_by").filter(pk=intake_id).first()
    if row is None:
        raise NotFound("There is no such intake in your register.")
    return row


def model_rows(actor: User) -> QuerySet[AIModel]:
    """All models the actor may know of, with what the list shows."""
    newest = ModelVersion.objects.filter(model=OuterRef("pk")).order_by("-created_at", "pk")
    return (
        AIModel.objects.visible_to(actor)
        .select_related("vendor")
        .annotate(
            version_count=count_of(ModelVersion.objects.all(), "model"),
            newest_label=Subquery(newest.values("label")[:1]),
            newest_id=Subquery(newest.values("pk")[:1]),
            in_use=count_of(Deployment.objects.filter(active=True), "version__model"),
            assessed_at=last_run("plan__version__model"),
        )
    )


def version_rows(actor: User) -> QuerySet[ModelVersion]:
    """All versions the actor may know of, each with the key, number and end of its newest run."""
    newest = Run.objects.filter(plan__version=OuterRef("pk")).order_by("-number")
    versions = ModelVersion.objects.visible_to(actor).select_related("model__vendor").defer("weights_manifest")
    return versions.annotate(
        newest_run=Subquery(newest.values("pk")[:1]), run_number=Subquery(newest.values("number")[:1]), assessed_at=last_run("plan__version")
    )


def runs_by_key(keys: Iterable[UUID | None]) -> dict[Any, RunRow]:
    """The runs of ``keys`` with their findings in the order of the steps; two queries."""
    return {row.run.pk: row for row in _with_findings(Run.objects.in_bulk([key for key in keys if key]).values())}


def _with_findings(runs: Iterable[Run]) -> list[RunRow]:
    rows = {run.pk: RunRow(run) for run in runs}
    for finding in Finding.objects.filter(step__run__in=list(rows)).select_related("step").defer("figures", "environment"):
        rows[finding.step.run_id].findings.append(finding)
    return list(rows.values())


def versions_of(model: AIModel) -> QuerySet[Any]:
    """A model's versions, newest first, with the newest run of each."""
    newest = Run.objects.filter(plan__version=OuterRef("pk")).order_by("-number")
    rows = model.versions.defer("weights_manifest").annotate(newest_run=Subquery(newest.values("pk")[:1]), run_number=Subquery(newest.values("number")[:1]))
    return rows.order_by("-created_at", "pk")


def open_intakes(model: AIModel) -> QuerySet[Intake]:
    """Intakes that have not led to a version."""
    return model.intakes.exclude(state=IntakeState.DONE).order_by("-created_at")[:FEW]


def children_of(version: ModelVersion) -> list[ModelVersion]:
    """Versions made from this one."""
    return list(version.children.select_related("model").defer("weights_manifest").order_by("created_at")[: FEW + 1])


def deployments_of(version: ModelVersion) -> QuerySet[Deployment]:
    """Where the version is and was at work, active first."""
    return version.deployments.select_related("system").order_by("-active", "system__name", "environment")[:FEW]


def steps_of(version: ModelVersion) -> list[Step]:
    """All steps on the version with run and finding, newest run first; light rows, one query."""
    found = ("finding__id", "finding__verdict", "finding__reading", "finding__headline")
    ran = ("run__id", "run__number", "run__state", "run__finished_at", "run__created_at")
    rows = Step.objects.filter(run__plan__version=version).select_related("run", "finding").order_by("-run__number", "position")
    return list(rows.only("id", "key", "position", "state", *ran, *found))


def by_run(steps: Iterable[Step]) -> list[RunRow]:
    """``steps`` grouped by their run, in their order."""
    rows: dict[UUID, RunRow] = {}
    for step in steps:
        row = rows.setdefault(step.run_id, RunRow(step.run))
        finding = getattr(step, "finding", None)
        if finding is not None:
            finding.step = step
            row.findings.append(finding)
    return list(rows.values())


def runs_of(version: ModelVersion) -> list[RunRow]:
    """The newest runs on a version with their plans and findings; two queries."""
    runs = Run.objects.filter(plan__version=version).select_related("plan").defer("plan__document").order_by("-number")[:RUNS_SHOWN]
    return _with_findings(runs)


def plans_without_run(version: ModelVersion) -> QuerySet[Plan]:
    """Drafts, and sealed plans nobody has started."""
    return version.plans.filter(runs=None).defer("document").order_by("-created_at")[:FEW]


def artifacts_of(actor: User, version: ModelVersion) -> QuerySet[Artifact]:
    """Evidence about the version: its own, and what its runs left; newest first."""
    from_runs = Step.objects.filter(run__plan__version=version, attestation__isnull=False).values("attestation")
    rows = Artifact.objects.visible_to(actor).filter(Q(subject=version.subject) | Q(attestation__in=from_runs))
    return rows.order_by("-created_at", "kind", "name")


def log_subjects(version: ModelVersion) -> list[str]:
    """By which texts the log speaks of the version, its intake and its deployments; two queries."""
    deployments = version.deployments.values_list("id", flat=True)
    intakes = Intake.objects.filter(version=version).values_list("id", flat=True)
    return [version.subject, *(f"inventory.deployment:{key}" for key in deployments), *(f"inventory.intake:{key}" for key in intakes)]
