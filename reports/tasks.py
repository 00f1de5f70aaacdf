"""The Celery shell of reports: an id in, the service called, the outcome back."""

import logging
import uuid

from celery import shared_task

from core.errors import AssayError
from gpu_tasks.worker import service_actor
from reports.models import Report
from reports.services import report_make

logger = logging.getLogger(__name__)


@shared_task(name="reports.tasks.build_report")
def build_report(report_id: str) -> str:
    """Make a requested report; returns its state for the log. The reason of a failure is in the row."""
    report = Report.objects.select_related("run__plan__version__model__vendor__organisation").get(pk=uuid.UUID(report_id))
    try:
        return str(report_make(actor=service_actor(), report=report).state)
    except AssayError:
        logger.exception("report %s could not be made", report_id)
        return "failed"
