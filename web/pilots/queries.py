"""What the pages of pilots read."""

from uuid import UUID

from django.db.models import Count, Q, QuerySet

from accounts.models import User
from assessments.models import Pilot
from assessments.pilot_models import DayState
from core.errors import NotFound
from inventory.models import ModelVersion, Source


def pilots_of(actor: User) -> QuerySet[Pilot]:
    """All pilots of the actor's register, with what the list shows."""
    rows = Pilot.objects.visible_to(actor).select_related("version__model__vendor").defer("version__weights_manifest")
    run, missed = (Count("days", filter=Q(days__state=state)) for state in (DayState.STARTED, DayState.MISSED))
    return rows.annotate(started=run, missed=missed)


def pilot_for(actor: User, pilot_id: UUID) -> Pilot:
    """A pilot of the actor's register, or ``NotFound``."""
    related = ("version__model__vendor", "plan__sealed_entry", "opened_by", "report__attestation__entry")
    row = Pilot.objects.visible_to(actor).select_related(*related).filter(pk=pilot_id).first()
    if row is None:
        raise NotFound("There is no such pilot in your register.")
    return row


def endpoints_of(actor: User) -> QuerySet[ModelVersion]:
    """The versions that a pilot may be about."""
    rows = ModelVersion.objects.visible_to(actor).filter(source=Source.ENDPOINT).select_related("model__vendor")
    return rows.defer("weights_manifest").order_by("model__name", "-created_at")
