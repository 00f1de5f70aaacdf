"""The Celery shell of reports: an id in, the service called, the outcome back."""

import uuid

import structlog
from celery import shared_task

from core.errors import AssayError
from decisions.gate_models import Decision
from decisions.models import IncidentReport
from evidence.models import Artifact
from gpu_tasks.worker import service_actor
from reports.board_reports import board_report_make
from reports.cases import case_make
from reports.coverage_report import coverage_report_make
from reports.incident_reports import incident_report_make
from reports.models import BoardReport, CaseExport, Report
from reports.safety_case_pdf import safety_case_make
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


@shared_task(name="reports.tasks.build_safety_case")
def build_safety_case(decision_id: str, content: str) -> str:
    """Make the signed safety case of a decision; returns what became of it for the log. The reason of a failure is in the log of the installation."""
    decision = Decision.objects.select_related("policy__policy", "organisation", "version__model__vendor", "system").get(pk=uuid.UUID(decision_id))
    try:
        safety_case_make(actor=service_actor(), decision=decision, content=content)
    except AssayError:
        logger.exception("safety case of %s could not be made", decision_id)
        return "failed"
    return "done"


@shared_task(name="reports.tasks.build_incident_report")
def build_incident_report(report_id: str) -> str:
    """Make a requested report of an incident; returns its state for the log. The reason of a failure is in the row."""
    report = IncidentReport.objects.select_related("version__incident__organisation").get(pk=uuid.UUID(report_id))
    try:
        return str(incident_report_make(actor=service_actor(), report=report).state)
    except AssayError:
        logger.exception("incident report %s could not be made", report_id)
        return "failed"


@shared_task(name="reports.tasks.build_coverage_report")
def build_coverage_report(asked_id: str) -> str:
    """Draw and sign a requested report of coverage; returns what became of it for the log. The reason of a failure is in the log of the installation."""
    asked = Artifact.objects.select_related("attestation").get(pk=uuid.UUID(asked_id))
    try:
        coverage_report_make(actor=service_actor(), asked=asked)
    except AssayError:
        logger.exception("coverage report %s could not be made", asked_id)
        return "failed"
    return "done"


@shared_task(name="reports.tasks.build_board_report")
def build_board_report(report_id: str) -> str:
    """Make a requested page for the board; returns its state for the log. The reason of a failure is in the row."""
    report = BoardReport.objects.select_related("organisation").get(pk=uuid.UUID(report_id))
    try:
        return str(board_report_make(actor=service_actor(), report=report).state)
    except AssayError:
        logger.exception("board report %s could not be made", report_id)
        return "failed"
