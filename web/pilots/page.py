"""Everything the pages of one pilot show."""

from typing import Any

from accounts.models import User
from accounts.permissions import allowed
from assessments import pilot_report
from assessments.models import Pilot
from assessments.pilot_models import DayState, PilotState
from assessments.pilot_readings import course_of
from web.pilots.figures import drift_figure

CRUMBS = (("Assessments", "/runs/"), ("Pilots", "/pilots/"))


def detail_context(actor: User, row: Pilot) -> dict[str, Any]:
    """The context of ``web/pilots/detail.html``."""
    course = course_of(row)
    return {
        "pilot": row,
        "course": course,
        "rule": row.plan.document["pilot"],
        "drift": pilot_report.drift_words(row, course),
        "figure": drift_figure(row, course),
        "next": next((held.day for held in course.rows if held.day.state == DayState.WAITING), None),
        "run_count": course.count(DayState.STARTED),
        "missed": [held.day for held in course.rows if held.day.state == DayState.MISSED],
        "may_end": row.state == PilotState.OPEN and allowed(actor, "run.cancel", row),
        "crumbs": CRUMBS,
        "nav": "assessments",
    }


def report_context(row: Pilot) -> dict[str, Any]:
    """The context of ``web/pilots/report.html``: the report as it stands now, or as it was attested."""
    course = course_of(row)
    return {
        "pilot": row,
        "gap": pilot_report.gap_of(row),
        "drift": pilot_report.drift_words(row, course),
        "events": course.events,
        "does_not_show": pilot_report.DOES_NOT_SHOW,
        "others": pilot_report.other_runs(row),
        "run_count": course.count(DayState.STARTED),
        "missed": course.count(DayState.MISSED),
        "counted": len(course.points),
        "crumbs": (*CRUMBS, (str(row), f"/pilots/{row.pk}/")),
        "nav": "assessments",
    }
