"""Calibrating an instrument from its page: ask once more, start, watch; and the attested record as a file."""

from dataclasses import asdict
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import allowed, require
from assessments.registry import METHODS
from assessments.services.qualifications import figures_of
from evidence.storage import blobs
from gpu_tasks.calibration import calibration_start
from gpu_tasks.trials import own_of
from web.fetch import actor_of
from web.instruments import queries, records

ASKED = (
    "A worker runs the instrument on every test model that has a trial for it: models in which something was planted, models without it, and models with "
    "random weights. That can take from minutes to more than an hour and keeps one worker busy. The record is signed and entered in the log, whatever it "
    "says, and decides from then on what this instrument's verdicts may claim."
)


@require_http_methods(["GET", "POST"])
def instrument_calibrate(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask once more, then start; where one is under way already, go there."""
    actor, card = actor_of(request), queries.method_for(slug).card
    require(actor, "instrument.calibrate")
    running = records.open_calibration(slug)
    if running is not None:
        return redirect("web:calibration-detail", running.id)
    if request.method == "POST":
        return redirect("web:calibration-detail", calibration_start(actor=actor, instrument=slug).id)
    asked = {"title": f"Calibrate “{card.title}”?", "text": ASKED + own_words(slug), "action": "Calibrate", "nav": "instruments"}
    return render(request, "components/confirm.html", {**asked, "back": reverse("web:instrument-detail", args=[slug])})


def own_words(slug: str) -> str:
    """Which organisms registered here are tried too; empty where there are none."""
    rows = own_of(slug)
    if not rows:
        return ""
    told = ", ".join(f"{row}{' (not counted)' if row.tuning else ''}" for row in rows)
    return f" Registered here and tried too: {told}."


@require_GET
def calibration_detail(request: HttpRequest, calibration_id: UUID) -> HttpResponse:
    """How far a calibration is, then all its trials."""
    row, actor = records.calibration_for(calibration_id), actor_of(request)
    figures = asdict(figures_of(row))
    context = {
        "calibration": row,
        "record": getattr(row, "qualification", None),
        "title": next((method.card.title for method in METHODS if method.card.slug == row.instrument), row.instrument),
        "groups": records.group_rows(figures["groups"]),
        "trials": row.trials.all() if row.ended else [],
        "percent": int(100 * row.fraction),
        "may_calibrate": allowed(actor, "instrument.calibrate"),
        "nav": "instruments",
    }
    part = "#live" if request.headers.get("HX-Request") else ""
    return render(request, f"web/instruments/calibration.html{part}", context)


@require_GET
def qualification_download(request: HttpRequest, qualification_id: UUID) -> FileResponse:
    """The attested document of a record, hashed again on the way out."""
    artifact = records.qualification_for(qualification_id).result_artifact
    return FileResponse(blobs().open(artifact.sha256), as_attachment=True, filename=artifact.name, content_type=artifact.media_type)
