"""The Celery shell of reports: an id in, the service called, the outcome back."""

import uuid
from collections.abc import Callable
from typing import Any

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
from reports.models import BoardReport, CaseExport, Report, VendorPack
from reports.safety_case_pdf import safety_case_make
from reports.services import report_make
from reports.vendor_packs import vendor_pack_make

logger = structlog.get_logger(__name__)


def outcome(make: Callable[..., Any], **given: Any) -> str:
    """Call ``make`` as the service account: "done", or "failed" with the reason in the log of the installation. The service keeps the reason too."""
    with structlog.contextvars.bound_contextvars(**{name: str(value.pk) for name, value in given.items() if hasattr(value, "pk")}):
        try:
            make(actor=service_actor(), **given)
        except AssayError:
            logger.exception("%s did not succeed", make.__name__)
            return "failed"
    return "done"


@shared_task(name="reports.tasks.build_report")
def build_report(report_id: str) -> str:
    """Make a requested report; the reason of a failure is in the row."""
    report = Report.objects.select_related("run__plan__version__model__vendor__organisation").get(pk=uuid.UUID(report_id))
    with structlog.contextvars.bound_contextvars(run=str(report.run_id)):
        return outcome(report_make, report=report)


@shared_task(name="reports.tasks.build_case")
def build_case(case_id: str) -> str:
    """Put a requested case together; the reason of a failure is in the row."""
    case = CaseExport.objects.select_related("run__plan__version__model__vendor__organisation").get(pk=uuid.UUID(case_id))
    return outcome(case_make, case=case)


@shared_task(name="reports.tasks.build_safety_case")
def build_safety_case(decision_id: str, content: str) -> str:
    """Make the signed safety case of a decision; the reason of a failure is in the decision's log."""
    decision = Decision.objects.select_related("policy__policy", "organisation", "version__model__vendor", "system").get(pk=uuid.UUID(decision_id))
    return outcome(safety_case_make, decision=decision, content=content)


@shared_task(name="reports.tasks.build_incident_report")
def build_incident_report(report_id: str) -> str:
    """Make a requested report of an incident; the reason of a failure is in the row."""
    report = IncidentReport.objects.select_related("version__incident__organisation").get(pk=uuid.UUID(report_id))
    return outcome(incident_report_make, report=report)


@shared_task(name="reports.tasks.build_coverage_report")
def build_coverage_report(asked_id: str) -> str:
    """Draw and sign a requested report of coverage; the reason of a failure is in the system's log."""
    asked = Artifact.objects.select_related("attestation").get(pk=uuid.UUID(asked_id))
    return outcome(coverage_report_make, asked=asked)


@shared_task(name="reports.tasks.build_board_report")
def build_board_report(report_id: str) -> str:
    """Make a requested page for the board; the reason of a failure is in the row."""
    report = BoardReport.objects.select_related("organisation").get(pk=uuid.UUID(report_id))
    return outcome(board_report_make, report=report)


@shared_task(name="reports.tasks.build_vendor_pack")
def build_vendor_pack(pack_id: str) -> str:
    """Make a requested due-diligence pack; the reason of a failure is in the row."""
    pack = VendorPack.objects.select_related("vendor").get(pk=uuid.UUID(pack_id))
    return outcome(vendor_pack_make, pack=pack)
