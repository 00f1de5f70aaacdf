"""What the pages of incidents read."""

from uuid import UUID

from django.db.models import Prefetch, QuerySet

from accounts.models import User
from core.errors import NotFound
from decisions.models import Incident, IncidentFact, Submission
from inventory.models import ModelVersion


def incident_for(actor: User, incident_id: UUID) -> Incident:
    """An incident of the actor's organisations with all that its page shows, or ``NotFound``."""
    facts = Prefetch("facts", IncidentFact.objects.select_related("entered_by"))
    sent = Prefetch("submissions", Submission.objects.select_related("recorded_by", "proof", "entry"))
    versions = Prefetch("versions", ModelVersion.objects.select_related("model").defer("weights_manifest"))
    rows = Incident.objects.visible_to(actor).select_related("organisation", "opened_by")
    row = rows.prefetch_related(facts).prefetch_related(sent).prefetch_related(versions).prefetch_related("systems", "vendors").filter(pk=incident_id).first()
    if row is None:
        raise NotFound("There is no such incident in your register.")
    return row


def fact_for(actor: User, fact_id: UUID) -> IncidentFact:
    """A fact of one of the actor's incidents, or ``NotFound``."""
    row = IncidentFact.objects.visible_to(actor).select_related("incident").filter(pk=fact_id).first()
    if row is None:
        raise NotFound("There is no such entry in your register.")
    return row


def incident_rows(actor: User) -> QuerySet[Incident]:
    """All incidents the actor may know of, with what their clocks look at."""
    return Incident.objects.visible_to(actor).prefetch_related("facts", "submissions")
