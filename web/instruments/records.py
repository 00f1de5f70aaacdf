"""Calibration records as the pages show them: the one that counts, what each has lost since, and where the evidence is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from assessments.models import Calibration, CalibrationTrial, Finding, Qualification, RunState
from assessments.qualification import percent, record_from
from assessments.qualification_figures import roc_figure
from assessments.standing import Standing, remedy
from core.errors import NotFound
from gpu_tasks.here import lost_here, standings_here
from reports.qualification import record_line, record_read, record_rows, share_note
from web.figures import FigureView, figure_view

PAST, ERRORS = 10, 10
"""Records and errors that are shown on a page."""
ROLES = {"planted": "planted", "twin": "trained alike, without it", "decoy": "odd but harmless", "random": "random weights"}


@dataclass(frozen=True)
class Belief:
    """What is known of how far an instrument can be believed; ``record`` and ``rows`` are empty where it was never calibrated."""

    standing: Standing
    record: Mapping[str, Any]
    rows: list[dict[str, str]]
    line: str

    @property
    def row(self) -> Qualification | None:
        """The record's row."""
        return self.standing.record


@dataclass(frozen=True)
class Past:
    """A record in the history: why it no longer holds, or that it does."""

    row: Qualification
    rows: list[dict[str, str]]
    lost: list[str]
    counts: bool


def belief_of(standing: Standing) -> Belief:
    """A standing with its record in words."""
    if standing.record is None:
        return Belief(standing, {}, [], "")
    record = record_read(standing.record)
    return Belief(standing, record, record_rows(record), record_line(record))


def finding_belief(finding: Finding) -> Belief:
    """The record that was asked for a finding, with the reasons of that day."""
    reasons = tuple(finding.cap_reasons)
    if finding.qualification is None and not reasons:  # findings from before there were records
        reasons = (remedy(finding.step.instrument),)
    return belief_of(Standing(finding.qualification, reasons))


def beliefs(slugs: Iterable[str]) -> dict[str, Belief]:
    """The standing of every instrument on this machine today, by slug; one query."""
    return {slug: belief_of(standing) for slug, standing in standings_here(slugs).items()}


def history(slug: str, counting: Qualification | None) -> list[Past]:
    """The newest records of an instrument; ``counting``, the one that counts, is marked."""
    rows = Qualification.objects.filter(instrument=slug).select_related("attestation__entry", "result_artifact")[:PAST]
    lost = [(row, lost_here(row)) for row in rows]
    return [Past(row, record_rows(record_read(row)), why, row == counting and not why) for row, why in lost]


def roc_of(row: Qualification) -> FigureView | None:
    """The curve of a record, drawn; None where its trials give none."""
    figure = roc_figure(record_from(row.figures))
    if figure is None:
        return None
    return figure_view({"name": figure.name, "title": figure.title, "caption": figure.caption, "alt": figure.alt, "spec": figure.spec})


def group_rows(groups: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The trials by family, role and strength as table rows; ``readings`` by tier."""
    return [{**row, "role": ROLES.get(row["role"], row["role"]), "share": percent(row["right"]["value"]), "note": share_note(row["right"])} for row in groups]


def errors_of(calibration: Calibration) -> QuerySet[CalibrationTrial]:
    """The first trials that ended in an error."""
    return calibration.trials.exclude(error="")[:ERRORS]


def open_calibration(slug: str) -> Calibration | None:
    """The calibration of an instrument that is under way, if any."""
    return Calibration.objects.filter(instrument=slug, state__in=[RunState.QUEUED, RunState.RUNNING]).first()


def calibration_for(calibration_id: UUID) -> Calibration:
    """A calibration, or ``NotFound``; it belongs to the installation, so that every organisation sees it, without the name of who asked."""
    row = Calibration.objects.select_related("qualification").filter(pk=calibration_id).first()
    if row is None:
        raise NotFound("There is no such calibration in this installation.")
    return row


def qualification_for(qualification_id: UUID) -> Qualification:
    """A record, or ``NotFound``."""
    row = Qualification.objects.select_related("result_artifact").filter(pk=qualification_id).first()
    if row is None:
        raise NotFound("There is no such calibration record in this installation.")
    return row
