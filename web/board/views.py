"""The page for a board, asking for its signed PDF, and handing that out."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import Organisation, User
from accounts.permissions import allowed, require
from core.errors import NotFound
from reports.board import board_read
from reports.board_reports import PDF, OfOrganisation, board_report_request
from reports.models import ReportState
from web.board import queries
from web.fetch import actor_of
from web.figures import figure_view
from web.handout import bundle_sent, file_sent
from web.lists.listing import Action


@require_GET
def board(request: HttpRequest) -> HttpResponse:
    """The page of one organisation; the first by name where the address names none."""
    actor = actor_of(request)
    homes = list(queries.organisations(actor))
    chosen = next((row for row in homes if str(row.pk) == request.GET.get("organisation", str(row.pk))), None)
    if chosen is None:
        raise NotFound("You read no reports of such an organisation.")
    return render(request, "web/board/board.html", {"homes": homes, **context(actor, chosen)})


@require_http_methods(["GET", "POST"])
def board_build(request: HttpRequest, organisation_id: UUID) -> HttpResponse:
    """Ask once more, then have the page drawn and signed by a worker."""
    actor = actor_of(request)
    home = queries.organisation_for(actor, organisation_id)
    require(actor, "report.build", OfOrganisation(home))
    back = f"{reverse('web:board')}?organisation={home.pk}"
    if request.method == "POST":
        report = board_report_request(actor=actor, organisation=home)
        messages.success(request, told(report.reference, report.state == ReportState.DONE))
        return redirect(back)
    text = "What the page says now is fixed, drawn, signed, stored as evidence and entered in the log. It names those in charge of the gaps it lists."
    words = {"title": "Have the board's page signed?", "text": text, "action": "Sign it", "back": back, "nav": "reports"}
    return render(request, "components/confirm.html", words)


@require_GET
def board_pdf(request: HttpRequest, board_id: UUID) -> FileResponse:
    """The signed PDF, hashed again on the way out."""
    report = queries.made_for(actor_of(request), board_id)
    return file_sent(report, report.pdf)


@require_GET
def board_bundle(request: HttpRequest, board_id: UUID) -> HttpResponse:
    """Its signed log entry with its proof, which a verifier wants beside the PDF."""
    report = queries.made_for(actor_of(request), board_id)
    return bundle_sent(report, report.entry, PDF)


def context(actor: User, home: Organisation) -> dict[str, Any]:
    """The context of ``web/board/board.html`` beside the choice of organisation."""
    said = board_read(actor, home)
    sign = Action("Signed PDF", reverse("web:board-build", args=[home.pk]), primary=True)
    figure = said["coverage"]["figure"]
    return {
        "home": home,
        "said": said,
        "title": "AI systems on one page",
        "pretitle": f"For the board · {home.name}",
        "actions": (sign,) if allowed(actor, "report.build", OfOrganisation(home)) else (),
        "figure": figure_view(figure) if figure else None,
        "made": queries.made_of(actor, home),
        "nav": "reports",
    }


def told(reference: str, done: bool) -> str:
    """What a person reads after asking."""
    if done:
        return f"{reference} already says exactly this; no second one was made."
    return f"{reference} says what this page says now. A worker draws and signs it; load this page again in half a minute."
