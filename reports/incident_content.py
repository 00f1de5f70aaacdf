"""What the report of an incident says, fixed as JSON when it is asked for, and its pages. Adds no fact."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core import clock
from decisions.deadlines import clock_key
from decisions.drafts import Answer, answers_of
from decisions.models import DraftVersion, Incident
from decisions.report_forms import Draftable
from decisions.services import draft_named
from decisions.vocabulary import FACTS, STAGES
from reports.signed_pages import pages_html


def content_of(version: DraftVersion, moment: datetime) -> dict[str, Any]:
    """Form, incident, answers, times and clock as they stand at ``moment``."""
    incident, report = version.incident, draft_named(version.clock)
    answers = answers_of(incident, report, version.answers)
    known = {row.name for row in incident.current_facts()}
    return {
        "as_of": clock.iso(moment),
        "form": _form(report),
        "incident": {"reference": incident.reference, "title": incident.title, "organisation": incident.organisation.name, "id": str(incident.pk)},
        "draft": {"version": version.number, "saved_at": clock.iso(version.created_at)},
        "answers": [_answer(row) for row in answers],
        "missing": [row.field.label for row in answers if row.missing],
        "times": [{"name": FACTS[row.name], "at": clock.iso(row.at), "source": row.source} for row in incident.current_facts() if row.at],
        "unknown_times": [label for name, label in FACTS.items() if name not in known],
        "clock": _clock(incident, report, moment),
    }


def render_incident(snapshot: Mapping[str, Any]) -> str:
    """The report's pages as one HTML document; every text in it is escaped."""
    return pages_html("incident_report.html", snapshot)


def _form(report: Draftable) -> dict[str, str]:
    regime = report.regime
    return {
        "title": report.form.title,
        "stage": STAGES[report.stage],
        "law": f"{regime.law}, {regime.reference}",
        "recipient": regime.recipient,
        "note": report.form.note,
        "source": report.form.source,
    }


def _answer(row: Answer) -> dict[str, Any]:
    return {
        "key": row.field.key,
        "label": row.field.label,
        "article": row.field.article,
        "text": row.text,
        "origin": row.origin,
        "missing": row.missing,
    }


def _clock(incident: Incident, report: Draftable, moment: datetime) -> dict[str, str]:
    """Due time and explanation of the clock this report answers; both empty where no clock runs for it."""
    key = clock_key(report.regime, report.stage)
    found = next((row for row in incident.clocks(moment) if row.key == key), None)
    if found is None:
        return {"due": "", "explanation": ""}
    return {"due": clock.iso(found.due) if found.due else "", "explanation": found.explanation}
