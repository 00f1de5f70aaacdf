"""Calls about reports."""

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
from api.v1.base.views import ApiView, CreateView, DetailView
from api.v1.evidence.serializers import Document
from api.v1.reports.filters import ReportFilter
from api.v1.reports.serializers import ReportBody, ReportRow
from assessments.models import Run
from core import clock
from core.errors import InvalidState, NotFound
from evidence.bundle import MEDIA_TYPE as BUNDLE
from evidence.proofs import bundle_read
from reports.models import Report
from reports.services import report_enqueue

RELATED = ("plan__version__model__vendor", "plan__sealed_entry", "finished_entry")


class ReportDetail(DetailView):
    """One report."""

    out, noun = ReportRow, "report"


class ReportList(CreateView):
    """Signed reports."""

    out, body, noun, detail, address = ReportRow, ReportBody, "report", ReportDetail, "report"
    filters, orderings = ReportFilter, ("-number", "created_at")

    def create(self, actor: User, data: Values) -> Report:
        """Ask for the report of a finished run; where exactly the same was said already, that report is the answer."""
        run = named("run", Run.objects.visible_to(actor).select_related(*RELATED), data["run"])
        return report_enqueue(actor=actor, run=run, prepared_for=data["prepared_for"], as_of=data.get("as_of") or clock.now().date())


class ReportPdf(ApiView):
    """The PDF of a report."""

    out, noun, media_types = ReportRow, "report", ("application/pdf",)

    def get(self, request: Request, id: UUID) -> HttpResponseBase:
        """The signed PDF, hashed again on the way out; its SHA-256 is the ETag."""
        report = _made(request, id)
        return file_sent(request, report.artifact, "application/pdf", f"{report.reference}.pdf")


class ReportProof(ApiView):
    """The log entry of a report."""

    out = Document
    noun, media_types = "report", (BUNDLE,)

    def get(self, request: Request, id: UUID) -> HttpResponse:
        """Its signed statement with the proof: what ``assay verify`` wants beside the PDF."""
        return document(bundle_read(_made(request, id).entry.attestation), BUNDLE)


def _made(request: Request, key: UUID) -> Any:
    """A report whose PDF and log entry are there."""
    parameters_check(request, ())
    row = Report.objects.visible_to(actor_of(request)).select_related("artifact", "entry__attestation__entry").filter(pk=key).first()
    if row is None:
        raise NotFound("There is no such report in your register.")
    if row.artifact is None or row.entry is None:
        raise InvalidState(f"{row.reference} is {row.get_state_display().lower()}; there is no file yet.")
    return row
