"""The timeline of an incident: facts and submissions in the order in which they happened, corrections beside what they replaced."""

from dataclasses import dataclass
from datetime import datetime

from decisions.models import ActionStep, Incident, IncidentFact, Submission
from decisions.regimes import shipped
from decisions.vocabulary import FACTS


@dataclass(frozen=True)
class Moment:
    """One line: the standing fact or submission with the entries it replaced, newest first, or something that happened to a corrective action."""

    at: datetime
    label: str
    fact: IncidentFact | None = None
    earlier: tuple[IncidentFact, ...] = ()
    submission: Submission | None = None
    before: tuple[Submission, ...] = ()
    step: ActionStep | None = None


def moments(incident: Incident) -> list[Moment]:
    """What happened, earliest first."""
    rows = list(incident.facts.all())
    facts = [Moment(row.at, FACTS[row.name], fact=row, earlier=_earlier(row, rows)) for row in incident.current_facts() if row.at]
    sent = [Moment(row.submitted_at, _sent(row), submission=row, before=_replaced(row, incident)) for row in _standing(incident)]
    done = [Moment(step.created_at, f"Corrective action: {action.text}", step=step) for action in incident.actions.all() for step in action.steps.all()]
    return sorted([*facts, *sent, *done], key=lambda row: row.at)


def withdrawn(incident: Incident) -> list[Moment]:
    """Facts that were entered and taken back."""
    rows = list(incident.facts.all())
    replaced = {row.replaces_id for row in rows}
    return [Moment(row.created_at, FACTS[row.name], row, _earlier(row, rows)) for row in rows if row.at is None and row.pk not in replaced]


def clock_name(key: str) -> str:
    """``NIS2, Art. 23: early warning``; the key where the regime is no longer there."""
    for regime in shipped():
        for stage in regime.stages:
            if key == f"{regime.key}-{stage.name}":
                return f"{regime.law}, {regime.reference}: {stage.label.lower()}"
    return key


def _standing(incident: Incident) -> list[Submission]:
    rows = list(incident.submissions.all())
    replaced = {row.replaces_id for row in rows}
    return [row for row in rows if row.pk not in replaced]


def _sent(row: Submission) -> str:
    return f"{'Withdrawn, was recorded as sent' if row.withdrawn else 'Sent'}: {clock_name(row.clock)}"


def _replaced(row: Submission, incident: Incident) -> tuple[Submission, ...]:
    by_key = {other.pk: other for other in incident.submissions.all()}
    found = []
    while row.replaces_id:
        row = by_key[row.replaces_id]
        found.append(row)
    return tuple(found)


def _earlier(row: IncidentFact, rows: list[IncidentFact]) -> tuple[IncidentFact, ...]:
    by_key = {other.pk: other for other in rows}
    found = []
    while row.replaces_id:
        row = by_key[row.replaces_id]
        found.append(row)
    return tuple(found)
