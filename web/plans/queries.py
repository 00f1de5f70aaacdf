"""What the plan pages read."""

from uuid import UUID

from django.db.models import Count, QuerySet

from accounts.models import User
from assessments.models import Finding, Measurement, Plan, Run
from core.errors import NotFound
from inventory.models import ModelVersion

NEWEST = 60
"""Findings looked at for the names of measurements."""


def plan_for(actor: User, plan_id: UUID) -> Plan:
    """A plan of the actor's register with its subject and seal, or ``NotFound``."""
    related = ("version__model__vendor", "sealed_entry", "author")
    row = Plan.objects.visible_to(actor).select_related(*related).filter(pk=plan_id).first()
    if row is None:
        raise NotFound("There is no such plan in your register. A draft may have been discarded.")
    return row


def plans_of(actor: User) -> QuerySet[Plan]:
    """All plans of the actor's register, with what the list shows."""
    rows = Plan.objects.visible_to(actor).select_related("version__model__vendor", "author").defer("version__weights_manifest")
    return rows.annotate(run_count=Count("runs"))


def versions_of(actor: User) -> QuerySet[ModelVersion]:
    """The versions a plan may be about."""
    return ModelVersion.objects.visible_to(actor).select_related("model__vendor").defer("weights_manifest").order_by("model__name", "-created_at")


def runs_of(plan: Plan) -> QuerySet[Run]:
    """The runs of a plan, newest first."""
    return Run.objects.filter(plan=plan).select_related("requested_by").order_by("-number")


def metrics_measured(actor: User) -> dict[str, list[str]]:
    """What each instrument measured in its newest finding of the register: suggestions for thresholds."""
    newest: dict[str, UUID] = {}
    for slug, key in Finding.objects.visible_to(actor).order_by("-created_at").values_list("step__instrument", "pk")[:NEWEST]:
        newest.setdefault(slug, key)
    found: dict[str, list[str]] = {}
    rows = Measurement.objects.filter(finding__in=newest.values()).order_by("position")
    for slug, name in rows.values_list("finding__step__instrument", "name"):
        found.setdefault(slug, []).append(name)
    return found
