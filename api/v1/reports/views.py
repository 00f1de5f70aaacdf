"""Calls about reports."""

from accounts.models import User
from api.v1.base.related import named
from api.v1.base.rows import Values
from api.v1.base.views import CreateView, DetailView
from api.v1.evidence.signed import PdfView, ProofView
from api.v1.reports.filters import ReportFilter
from api.v1.reports.serializers import ReportBody, ReportRow
from assessments.models import Run
from core import clock
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


class ReportPdf(PdfView):
    """The signed PDF of a report, hashed again on the way out; its SHA-256 is the ETag."""

    out, noun, model, file = ReportRow, "report", Report, "artifact"


class ReportProof(ProofView):
    """The signed statement of a report with its proof: what ``assay verify`` wants beside the PDF."""

    noun, model, file = "report", Report, "artifact"
