"""The board's page as a signed PDF: asked for as the record stands, drawn outside any transaction, then signed into the log."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.models import Organisation, User
from accounts.permissions import require
from core.canonical import canonical_digest, canonical_json, parse_canonical
from evidence.models import Attestation
from reports.board import board_read
from reports.charts import figure_svg
from reports.models import BoardReport
from reports.presentation import data_uri
from reports.signed_pages import Pages, pages_html, pages_make
from reports.signed_rows import Shelf, row_ask, row_close, row_make, row_ring

SCHEMA = "urn:assay:board-report:v1"
PDF, KIND = "board.pdf", "board_report"
PAPER = {"width": 560, "height": 96}
"""Size of the trend on paper, in points of the drawing."""


def _locked(report: BoardReport) -> BoardReport:
    return BoardReport.objects.select_for_update(of=("self",)).get(pk=report.pk)


SHELF = Shelf("reports.board_report", "reports.tasks.build_board_report", _locked, lambda row: {"report": row.reference})


class OfOrganisation:
    """What ``require`` asks about, before there is a report."""

    def __init__(self, organisation: Organisation) -> None:
        self.organisation_id = organisation.pk


@transaction.atomic
def board_report_request(*, actor: User, organisation: Organisation) -> BoardReport:
    """The page as the record stands now; the existing one where it says the same. A worker is rung for."""
    require(actor, "report.build", OfOrganisation(organisation))
    content = board_read(actor, organisation)
    digest = canonical_digest(content)
    found: BoardReport | None = BoardReport.objects.filter(organisation=organisation, content_digest=digest).first()
    if found is None:
        found = BoardReport(organisation=organisation, content=content, content_digest=digest, asked_by=actor, number=0)
        row_ask(actor=actor, shelf=SHELF, row=found, payload={"content": digest, "as_of": content["as_of"]})
    row_ring(SHELF, found)
    return found


def board_report_make(*, actor: User, report: BoardReport) -> BoardReport:
    """Draw, sign, store and log a requested page. Safe to repeat: one that is made is returned as it is."""
    return row_make(actor=actor, shelf=SHELF, row=report, build=_build)


def board_html(snapshot: Mapping[str, Any]) -> str:
    """The page as one HTML document; every text in it is escaped."""
    figure = parse_canonical(canonical_json(snapshot))["coverage"]["figure"]
    return pages_html("board.html", snapshot, drawn=data_uri(figure_svg({**figure["spec"], **PAPER})) if figure else "")


def _build(actor: User, report: BoardReport) -> BoardReport:
    made = pages_make(_pages(report))
    return row_close(actor=actor, shelf=SHELF, row=report, made=made, file=made.stored(PDF, KIND, f"{report.reference}, page for the board"))


def _pages(report: BoardReport) -> Pages:
    """The page, with the keys and the signed statement that exactly this content was asked for."""
    named = {"id": str(report.id), "number": report.number, "reference": report.reference, "content_digest": report.content_digest}
    return Pages(
        schema=SCHEMA,
        draw=board_html,
        heading=named,
        said=report.content,
        about={"report": str(report.id), "number": report.number, "content": report.content_digest},
        statements=Attestation.objects.filter(subject=report.subject, entry__action=f"{SHELF.action}.requested").select_related("entry"),
        title=lambda _: "Statement: this page was asked for, with the digest of what it says",
    )
