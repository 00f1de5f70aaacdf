"""Calls about what follows an incident: corrective actions, drafts of reports, and the signed reports made over them."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from accounts.models import User
from api.v1.base.authentication import actor_of
from api.v1.base.files import document, file_sent
from api.v1.base.filters import parameters_check
from api.v1.base.related import named
from api.v1.base.rows import Values
from api.v1.base.views import ActionView, ApiView, CreateView, DetailView
from api.v1.evidence.serializers import Document
from api.v1.incidents.filters import ActionFilter, DraftFilter
from api.v1.incidents.response_bodies import ActionChangeBody, ActionDoneBody, ActionReopenBody, IncidentActionBody, IncidentDraftBody
from api.v1.incidents.response_rows import IncidentActionRow, IncidentDraftRow, IncidentDraftWhole
from core.errors import InvalidState, NotFound
from decisions import services
from decisions.models import CorrectiveAction, DraftVersion, Incident, IncidentReport
from decisions.services.proofs import Proof
from evidence.bundle import MEDIA_TYPE as BUNDLE
from evidence.proofs import bundle_read
from reports.incident_reports import incident_report_request


class ActionDetail(DetailView):
    """One corrective action with what happened to it."""

    out, noun = IncidentActionRow, "corrective action"


class ActionList(CreateView):
    """Corrective actions after incidents."""

    out, body, noun, detail, address = IncidentActionRow, IncidentActionBody, "corrective action", ActionDetail, "incident-action"
    filters, orderings = ActionFilter, ("due_on", "created_at")

    def create(self, actor: User, data: Values) -> CorrectiveAction:
        """Say what is to be done, by whom and until when."""
        incident = _incident(actor, data.pop("incident"))
        return services.action_add(actor=actor, incident=incident, owner=named("owner", services.owners_of(incident.organisation), data.pop("owner")), **data)


class ActionChange(ActionView):
    """Another owner or day for a corrective action."""

    out, body, noun = IncidentActionRow, ActionChangeBody, "corrective action"

    def act(self, actor: User, row: CorrectiveAction, data: Values) -> None:
        """Hand an open action to somebody else or move its day. 409 once it is done."""
        owner = named("owner", services.owners_of(row.incident.organisation), data.pop("owner"))
        services.action_change(actor=actor, action=row, owner=owner, **data)


class ActionDone(ActionView):
    """The end of a corrective action."""

    out, body, noun = IncidentActionRow, ActionDoneBody, "corrective action"

    def act(self, actor: User, row: CorrectiveAction, data: Values) -> None:
        """Say how it was done. A file that shows it becomes evidence."""
        proof = data.get("proof")
        services.action_complete(actor=actor, action=row, note=data["note"], proof=Proof(proof["name"], proof["content"]) if proof else None)


class ActionReopen(ActionView):
    """A corrective action that was not done after all."""

    out, body, noun = IncidentActionRow, ActionReopenBody, "corrective action"

    def act(self, actor: User, row: CorrectiveAction, data: Values) -> None:
        """Open a done action again; that it was once done stays on record."""
        services.action_reopen(actor=actor, action=row, reason=data["reason"])


class DraftDetail(DetailView):
    """One version of a draft with its texts."""

    out, noun = IncidentDraftWhole, "draft"


class DraftList(CreateView):
    """Versions of drafts of reports, without their texts."""

    out, body, noun, detail, address = IncidentDraftRow, IncidentDraftBody, "draft", DraftDetail, "incident-draft"
    filters, orderings = DraftFilter, ("-created_at", "number")

    def create(self, actor: User, data: Values) -> DraftVersion:
        """Save what the report is to say as the next version; where the newest one says exactly this, it is the answer."""
        return services.draft_save(actor=actor, incident=_incident(actor, data["incident"]), key=data["clock"], answers=data["answers"])


class DraftReport(ActionView):
    """The signed report over one version of a draft."""

    out, noun = IncidentDraftWhole, "draft"

    def act(self, actor: User, row: DraftVersion, data: Values) -> None:
        """Ask for it as this version and the record stand now; a worker draws and signs it. What is sent, and to whom, stays with people."""
        incident_report_request(actor=actor, version=row)


class DraftPdf(ApiView):
    """The PDF of a report."""

    out, noun, media_types = IncidentDraftRow, "report", ("application/pdf",)

    def get(self, request: Request, id: UUID) -> HttpResponseBase:
        """The signed PDF, hashed again on the way out; its SHA-256 is the ETag."""
        report = _made(request, id)
        return file_sent(request, report.pdf, "application/pdf", f"{report.reference}.pdf")


class DraftData(ApiView):
    """The content of a report as JSON."""

    out, noun, media_types = IncidentDraftRow, "report", ("application/json",)

    def get(self, request: Request, id: UUID) -> HttpResponseBase:
        """Exactly the bytes whose digest the log holds, as a file."""
        report = _made(request, id)
        return file_sent(request, report.data, "application/json", f"{report.reference}.json")


class DraftProof(ApiView):
    """The log entry of a report."""

    out = Document
    noun, media_types = "report", (BUNDLE,)

    def get(self, request: Request, id: UUID) -> HttpResponse:
        """Its signed statement with the proof: what ``assay verify`` wants beside the PDF."""
        return document(bundle_read(_made(request, id).entry.attestation), BUNDLE)


def _incident(actor: User, key: UUID) -> Incident:
    found: Incident = named("incident", Incident.objects.visible_to(actor).select_related("organisation"), key)
    return found


def _made(request: Request, key: UUID) -> Any:
    """The report over the version ``key`` of a draft, once its files are there."""
    parameters_check(request, ())
    version = DraftVersion.objects.visible_to(actor_of(request)).filter(pk=key).first()
    if version is None:
        raise NotFound("There is no such draft in your register.")
    row = IncidentReport.objects.select_related("pdf", "data", "entry__attestation__entry").filter(version=version).first()
    if row is None:
        raise InvalidState("No report was asked for over this version; ask for one first.")
    if row.entry is None:
        raise InvalidState(f"{row.reference} is {row.get_state_display().lower()}; there is no file yet.")
    return row
