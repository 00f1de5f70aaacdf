"""What the pages of reports read."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from assessments.models import Finding, Run, RunState
from core.errors import NotFound
from reports.models import CaseExport, Report


def reports(actor: User) -> QuerySet[Report]:
    """Reports the actor may know of, without the large documents they hang on."""
    rows = Report.objects.visible_to(actor).select_related("run__plan__version__model")
    return rows.defer("run__plan__document", "run__plan__version__weights_manifest")


def report_for(actor: User, report_id: UUID) -> Report:
    """A report with everything its page names, in one query, or ``NotFound``."""
    related = ("artifact", "entry__attestation", "run__plan__version__model__vendor", "created_by")
    rows = Report.objects.visible_to(actor).select_related(*related).defer("run__plan__document", "run__plan__version__weights_manifest")
    row = rows.filter(pk=report_id).first()
    if row is None:
        raise NotFound("There is no such report in your register.")
    return row


def reportable(actor: User) -> QuerySet[Run]:
    """Runs whose steps are all done."""
    rows = Run.objects.visible_to(actor).filter(state=RunState.DONE).select_related("plan__version__model")
    return rows.defer("plan__document", "plan__version__weights_manifest")


def findings_of(report: Report) -> QuerySet[Finding]:
    """What the report reports, in the order of the steps."""
    rows = Finding.objects.filter(step__run=report.run_id).select_related("step")
    return rows.only("id", "headline", "verdict", "reading", "step__key", "step__position").order_by("step__position")


def case_of(actor: User, report: Report) -> CaseExport | None:
    """The newest case of the report's run that was asked for after the report was signed; an older one lacks it."""
    rows = CaseExport.objects.visible_to(actor).filter(run=report.run_id)
    return rows.filter(created_at__gte=report.entry.at).order_by("-created_at").first() if report.entry else None
