"""What the pages of runs read."""

from uuid import UUID

from django.db.models import F, Prefetch, QuerySet

from accounts.models import User
from assessments.models import ENDED, Finding, Run, RunState, Step
from core.errors import InvalidInput
from inventory.models import ModelVersion

HEAVY = ("plan__document", "plan__version__weights_manifest")
CHOICES = 200
"""So many finished runs fit into a list to choose from."""


def runs_of(actor: User) -> QuerySet[Run]:
    """All runs of the actor's register, with what the list shows."""
    steps = Step.objects.select_related("finding").only("run_id", "position", "finding__verdict", "finding__reading")
    rows = Run.objects.visible_to(actor).select_related("plan__version__model__vendor", "requested_by").defer(*HEAVY)
    return rows.annotate(took=F("finished_at") - F("created_at")).prefetch_related(Prefetch("steps", queryset=steps))


def finished_runs(actor: User) -> QuerySet[Run]:
    """The newest runs with results, to choose two of them."""
    rows = Run.objects.visible_to(actor).filter(state=RunState.DONE).select_related("plan__version__model")
    return rows.defer(*HEAVY).order_by("-number")[:CHOICES]


def measured_steps(run: Run) -> list[Step]:
    """The steps of a run in order, with findings and all their measurements."""
    steps = run.steps.select_related("finding__result_artifact", "attestation__entry").prefetch_related("finding__measurements")
    return list(steps.defer("finding__figures", "attestation__envelope").order_by("position"))


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


def as_uuid(field: str, text: str) -> UUID:
    """A key from an address or a form; ``InvalidInput`` where it is none."""
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidInput(field, "this is not the key of anything; follow a link instead of typing one") from error
