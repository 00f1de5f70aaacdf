"""What the pages of systems and deployments read."""

from uuid import UUID

from django.db.models import Count, Q, QuerySet

from accounts.models import User
from core.errors import NotFound
from inventory.models import AISystem, Deployment
from web.vendors.queries import count_of, last_run

SHOWN = 100


def system_for(actor: User, system_id: UUID) -> AISystem:
    """An AI system of the actor's register, or ``NotFound``."""
    row = AISystem.objects.visible_to(actor).select_related("organisation").filter(pk=system_id).first()
    if row is None:
        raise NotFound("There is no such AI system in your register.")
    return row


def deployment_for(actor: User, deployment_id: UUID) -> Deployment:
    """A deployment of the actor's register, or ``NotFound``."""
    row = Deployment.objects.visible_to(actor).select_related("system", "version__model").filter(pk=deployment_id).first()
    if row is None:
        raise NotFound("There is no such deployment in your register.")
    return row


def system_rows(actor: User) -> QuerySet[AISystem]:
    """All systems the actor may know of, with what the list shows."""
    return AISystem.objects.visible_to(actor).annotate(
        active_count=count_of(Deployment.objects.filter(active=True), "system"), assessed_at=last_run("plan__version__deployments__system")
    )


def deployments_of(system: AISystem) -> list[Deployment]:
    """What is and was at work in a system, active first, each version with its findings counted by verdict and reading."""
    found = "version__plans__runs__steps__finding"
    capped = Count(found, filter=~Q(**{f"{found}__verdict": "not_qualified"}))
    rows = system.deployments.select_related("version__model__vendor").defer("version__weights_manifest").order_by("-active", "-created_at")
    return list(rows.annotate(finding_count=Count(found), citable_count=capped)[:SHOWN])


def log_subjects(system: AISystem, deployments: list[Deployment]) -> list[str]:
    """By which texts the log speaks of a system and its deployments."""
    return [f"inventory.aisystem:{system.id}", *(f"inventory.deployment:{row.id}" for row in deployments)]
