"""Calls about what follows an incident: corrective actions, drafts of reports, and the signed reports made over them."""

from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from rest_framework.request import Request

from accounts.models import User
from api.v1.base.files import file_sent
from api.v1.base.related import named
from api.v1.base.rows import Values
from api.v1.base.views import ActionView, CreateView, DetailView
from api.v1.evidence.signed import PdfView, ProofView, SignedView
from api.v1.incidents.filters import ActionFilter, DraftFilter
from api.v1.incidents.response_bodies import ActionChangeBody, ActionDoneBody, ActionReopenBody, IncidentActionBody, IncidentDraftBody
from api.v1.incidents.response_rows import IncidentActionRow, IncidentDraftRow, IncidentDraftWhole
from core.errors import InvalidState, NotFound
from decisions import services
from decisions.models import CorrectiveAction, DraftVersion, Incident, IncidentReport
from decisions.services.proofs import Proof
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


class OfDraft:
    """The report is addressed by the version of the draft that it was made over."""

    noun = "report"

    def row(self, actor: User, key: UUID) -> Any:
        """The report over the version ``key`` of a draft, as far as it is made."""
        version = DraftVersion.objects.visible_to(actor).filter(pk=key).first()
        if version is None:
            raise NotFound("There is no such draft in your register.")
        row = IncidentReport.objects.select_related("pdf", "data", "entry__attestation__entry").filter(version=version).first()
        if row is None:
            raise InvalidState("No report was asked for over this version; ask for one first.")
        return row


class DraftPdf(OfDraft, PdfView):
    """The signed PDF of a report, hashed again on the way out; its SHA-256 is the ETag."""

    out = IncidentDraftRow


class DraftData(OfDraft, SignedView):
    """The content of a report as JSON."""

    out, file, media_types = IncidentDraftRow, "data", ("application/json",)

    def get(self, request: Request, id: UUID) -> HttpResponseBase:
        """Exactly the bytes whose digest the log holds, as a file."""
        report = self.made(request, id)
        return file_sent(request, report.data, "application/json", f"{report.reference}.json")


class DraftProof(OfDraft, ProofView):
    """The signed statement of a report with its proof: what ``assay verify`` wants beside the PDF."""


def _incident(actor: User, key: UUID) -> Incident:
    found: Incident = named("incident", Incident.objects.visible_to(actor).select_related("organisation"), key)
    return found
