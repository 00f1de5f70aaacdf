"""What the register of AI systems reads."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import OuterRef, Prefetch, Q, QuerySet, Subquery

from accounts.models import User
from assessments.models import Run, RunState
from decisions.gate_models import Decision, DecisionState, Waiver
from inventory.models import AISystem, Deployment
from reports.coverage import GAPS, today
from reports.coverage_grid import catalogue_read, cells_of, holdings_read, matrices_of
from reports.subjects import subject_of


@dataclass(frozen=True)
class Open:
    """How many duties apply to a system today, and how many of them are not covered."""

    applying: int
    gaps: int


def register_rows(actor: User) -> QuerySet[AISystem]:
    """All systems the actor may know of with what the list shows but the gaps; two queries."""
    runs = Run.objects.visible_to(actor).filter(plan__version__deployments__system=OuterRef("pk"), plan__version__deployments__active=True)
    runs = runs.filter(state=RunState.DONE).order_by("-finished_at", "-number")
    at_work = Q(version__deployments__system=OuterRef("pk"), version__deployments__active=True)
    decisions = Decision.objects.visible_to(actor).filter(Q(system=OuterRef("pk")) | at_work, state=DecisionState.APPROVED).order_by("-number")
    waivers = Waiver.objects.filter(decision=OuterRef("decision_id"), withdrawn_at__isnull=True).order_by("expires_on")
    deployments = Prefetch("deployments", Deployment.objects.select_related("version__model").defer("version__weights_manifest").order_by("-created_at"))
    return (
        AISystem.objects.visible_to(actor)
        .annotate(
            run_id=Subquery(runs.values("pk")[:1]),
            run_number=Subquery(runs.values("number")[:1]),
            assessed_at=Subquery(runs.values("finished_at")[:1]),
            decision_id=Subquery(decisions.values("pk")[:1]),
            decision_number=Subquery(decisions.values("number")[:1]),
            decision_outcome=Subquery(decisions.values("outcome")[:1]),
        )
        .annotate(expires_on=Subquery(waivers.values("expires_on")[:1]))
        .prefetch_related(deployments)
    )


def open_gaps(actor: User, systems: Iterable[AISystem]) -> dict[UUID, Open]:
    """Duties that apply to each of ``systems`` today and those left open; five queries. The deployments must be there already."""
    subjects = []
    for row in systems:
        now = {found.version_id for found in row.deployments.all() if found.active}
        subjects.append(subject_of(row, now, {found.version_id for found in row.deployments.all()} - now))
    holdings = holdings_read(actor=actor, catalogue=catalogue_read(), subjects=subjects, seen=today())
    counts = {subject.key: [0, 0] for subject in subjects}
    for cell in cells_of(matrices_of(holdings, today(), today())):
        counts[cell.subject.key][0] += cell.state in ("covered", *GAPS)
        counts[cell.subject.key][1] += cell.gap
    return {key: Open(*found) for key, found in counts.items()}
