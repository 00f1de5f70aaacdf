"""The Celery shell of reports: an id in, the service called, the outcome back."""

import uuid

import structlog
from celery import shared_task

from core.errors import AssayError
from gpu_tasks.worker import service_actor
from reports.cases import case_make
from reports.models import CaseExport, Report
from reports.services import report_make

logger = structlog.get_logger(__name__)


@shared_task(name="reports.tasks.build_report")
def build_report(report_id: str) -> str:
    """Make a requested report; returns its state for the log. The reason of a failure is in the row."""
    report = Report.objects.select_related("run__plan__version__model__vendor__organisation").get(pk=uuid.UUID(report_id))
    with structlog.contextvars.bound_contextvars(report=report_id, run=str(report.run_id)):
        try:
            return str(report_make(actor=service_actor(), report=report).state)
        except AssayError:
            logger.exception("report could not be made")
            return "failed"


@shared_task(name="reports.tasks.build_case")
def build_case(case_id: str) -> str:
    """Put a requested case together; returns its state for the log. The reason of a failure is in the row."""
    case = CaseExport.objects.select_related("run__plan__version__model__vendor__organisation").get(pk=uuid.UUID(case_id))
    try:
        return str(case_make(actor=service_actor(), case=case).state)
    except AssayError:
        logger.exception("case %s could not be put together", case_id)
        return "failed"
