"""Everything the page of one report shows."""

from typing import Any

from accounts.models import User
from accounts.permissions import allowed
from core.errors import IntegrityFailed
from evidence.bundle import statement_of
from evidence.keys import installed
from reports.models import Report, ReportState, Signature
from web import words
from web.reports import queries
from web.reports.tables import mark


def context(actor: User, report: Report) -> dict[str, Any]:
    """The context of ``web/reports/detail.html``."""
    return {
        "report": report,
        "run": report.run,
        "mark": mark(report.state),
        "polls": report.state == ReportState.REQUESTED,
        "signature": Signature.objects.filter(report=report).first(),
        "findings": queries.findings_of(report),
        "attachments": attachments_of(report),
        "case": queries.case_of(actor, report),
        "may_export": allowed(actor, "evidence.export", report),
        "may_build": allowed(actor, "report.build", report),
        "file": f"{report.reference}.pdf",
        "glossary": words.glossary("Digest", "Log", "Sealed plan", "Capped verdict"),
        "nav": "reports",
    }


def attachments_of(report: Report) -> list[tuple[str, str]]:
    """Name and SHA-256 of each file inside the PDF, as its signed statement lists them; none when the signature does not hold."""
    if report.entry is None:
        return []
    try:
        statement = statement_of(report.entry.attestation.parsed_envelope, installed().trust)
    except IntegrityFailed:
        return []
    return sorted(statement["predicate"]["attachments"].items())
