"""What the pages of incidents read."""

from uuid import UUID

from django.db.models import Prefetch, QuerySet

from accounts.models import User
from assessments.models import Plan
from core.errors import NotFound
from decisions.models import (
    ActionStep,
    CapturedPrompts,
    CorrectiveAction,
    DraftVersion,
    EvidenceHold,
    Incident,
    IncidentFact,
    IncidentReport,
    Submission,
    VendorPromise,
)
from inventory.models import ModelVersion


def incident_for(actor: User, incident_id: UUID) -> Incident:
    """An incident of the actor's organisations with all that its page shows, or ``NotFound``."""
    facts = Prefetch("facts", IncidentFact.objects.select_related("entered_by"))
    sent = Prefetch("submissions", Submission.objects.select_related("recorded_by", "proof", "entry", "report"))
    holds = Prefetch("holds", EvidenceHold.objects.select_related("artifact", "placed_by", "released_by"))
    promises = Prefetch("promises", VendorPromise.objects.select_related("vendor"))
    steps = Prefetch("actions__steps", ActionStep.objects.select_related("by", "proof"))
    actions = Prefetch("actions", CorrectiveAction.objects.select_related("owner"))
    plans = Prefetch("plans", Plan.objects.defer("document").order_by("created_at"))
    captured = Prefetch("captured", CapturedPrompts.objects.select_related("probe_set", "added_by").prefetch_related(plans))
    versions = Prefetch("versions", ModelVersion.objects.select_related("model").defer("weights_manifest"))
    rows = Incident.objects.visible_to(actor).select_related("organisation", "opened_by", "rolled_back_to__model")
    row = (
        rows.prefetch_related(facts)
        .prefetch_related(sent)
        .prefetch_related(versions)
        .prefetch_related("systems", "vendors", "drafts__report", actions, steps, holds, promises, captured)
        .filter(pk=incident_id)
        .first()
    )
    if row is None:
        raise NotFound("There is no such incident in your register.")
    return row


def fact_for(actor: User, fact_id: UUID) -> IncidentFact:
    """A fact of one of the actor's incidents, or ``NotFound``."""
    row = IncidentFact.objects.visible_to(actor).select_related("incident").filter(pk=fact_id).first()
    if row is None:
        raise NotFound("There is no such entry in your register.")
    return row


def action_for(actor: User, action_id: UUID) -> CorrectiveAction:
    """A corrective action of one of the actor's incidents, or ``NotFound``."""
    row = CorrectiveAction.objects.visible_to(actor).select_related("incident__organisation", "owner").filter(pk=action_id).first()
    if row is None:
        raise NotFound("There is no such corrective action in your register.")
    return row


def submission_for(actor: User, submission_id: UUID) -> Submission:
    """A recorded submission of one of the actor's incidents, or ``NotFound``."""
    row = Submission.objects.visible_to(actor).select_related("incident", "proof", "report").filter(pk=submission_id).first()
    if row is None:
        raise NotFound("There is no such submission in your register.")
    return row


def hold_for(actor: User, hold_id: UUID) -> EvidenceHold:
    """A hold of one of the actor's incidents, or ``NotFound``."""
    row = EvidenceHold.objects.visible_to(actor).select_related("incident", "artifact", "placed_by").filter(pk=hold_id).first()
    if row is None:
        raise NotFound("There is no such hold in your register.")
    return row


def captured_for(actor: User, captured_id: UUID) -> CapturedPrompts:
    """Captured prompts of one of the actor's incidents, or ``NotFound``."""
    row = CapturedPrompts.objects.visible_to(actor).select_related("incident__organisation", "probe_set").filter(pk=captured_id).first()
    if row is None:
        raise NotFound("There are no such captured prompts in your register.")
    return row


def versions_of(incident: Incident, key: str) -> list[DraftVersion]:
    """The versions of one draft of a visible incident, newest first, with their reports."""
    return list(incident.drafts.filter(clock=key).select_related("saved_by", "report", "incident__organisation").order_by("-number"))


def made_for(actor: User, made_id: UUID) -> IncidentReport:
    """A report of one of the actor's incidents with its files, or ``NotFound``."""
    row = IncidentReport.objects.visible_to(actor).select_related("pdf", "data", "entry__attestation__entry").filter(pk=made_id).first()
    if row is None:
        raise NotFound("There is no such report in your register.")
    return row


def incident_rows(actor: User) -> QuerySet[Incident]:
    """All incidents the actor may know of, with what their clocks look at."""
    return Incident.objects.visible_to(actor).prefetch_related("facts", "submissions")
