"""What the log says about one thing, in sentences; who did it is looked up, because the log itself keeps no names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from evidence.models import LedgerEntry

SHOWN = 10
SAID = ("reason", "error", "environment", "clock")
"""What an entry says in words, the first that it has."""
WORDS = {
    "inventory.modelversion.moved": "Moved",
    "inventory.deployment.registered": "Put to work",
    "inventory.deployment.ended": "Taken out of work",
    "inventory.intake.requested": "Intake asked for",
    "inventory.intake.failed": "Intake refused",
    "inventory.intake.retried": "Intake tried again",
    "decisions.fact.entered": "Time entered",
    "decisions.fact.corrected": "Time corrected",
    "decisions.submission.recorded": "Submission recorded",
    "decisions.decision.made": "Decided",
    "decisions.waiver.written": "Waiver written",
    "decisions.waiver.withdrawn": "Waiver withdrawn",
    "decisions.task.added": "Condition added",
    "decisions.task.done": "Condition fulfilled",
    "decisions.drill.recorded": "Rollback drill recorded",
    "decisions.submission.corrected": "Submission corrected",
    "decisions.captured.added": "Captured prompts added",
    "decisions.captured.planned": "Plans drafted with captured prompts",
    "decisions.action.added": "Corrective action added",
    "decisions.action.changed": "Corrective action changed",
    "decisions.action.done": "Corrective action done",
    "decisions.action.reopened": "Corrective action opened again",
    "decisions.reminder.sent": "Reminder sent",
    "decisions.draft.saved": "Draft of a report saved",
    "decisions.hold.placed": "File put on hold",
    "decisions.hold.released": "File released",
    "decisions.promise.entered": "Vendor's promise entered",
    "decisions.incident.rolled_back": "Rollback recorded",
    "questionnaires.request.created": "Request written",
    "questionnaires.request.sent": "Request sent",
    "questionnaires.request.submitted": "Answers submitted",
    "questionnaires.request.withdrawn": "Request withdrawn",
    "questionnaires.request.due_changed": "Due day changed",
    "questionnaires.invitation.created": "Somebody invited",
    "questionnaires.invitation.renewed": "New link made",
    "questionnaires.invitation.revoked": "Invitation revoked",
    "questionnaires.exhibit.attached": "File attached",
    "questionnaires.exhibit.removed": "File taken back",
    "questionnaires.reminder.asked": "Reminder asked for",
    "questionnaires.reminder.sent": "Reminder sent",
    "questionnaires.answer.judged": "Answer judged",
    "questionnaires.answer.reopened": "Answer opened again",
    "questionnaires.answer.reused": "Answer taken over",
    "questionnaires.exhibit.released": "File released",
    "questionnaires.exhibit.refused": "File refused",
    "questionnaires.exhibit.cited": "Evidence cited",
    "questionnaires.comment.added": "Comment added",
    "questionnaires.review.closed": "Review closed",
    "reports.incident_report.requested": "Report asked for",
    "reports.incident_report.built": "Report built and signed",
    "reports.coverage.requested": "Coverage fixed for a signed report",
    "reports.coverage.built": "Coverage report built and signed",
    "reports.coverage.failed": "Coverage report could not be built",
    "reports.incident_report.failed": "Report could not be made",
}


@dataclass(frozen=True)
class Line:
    """One log entry as a person reads it."""

    entry: LedgerEntry
    who: str
    what: str
    detail: str


def history(actor: User, subjects: Iterable[str], limit: int = SHOWN) -> list[Line]:
    """The newest entries about ``subjects`` that the actor may know of; two queries."""
    entries = list(LedgerEntry.objects.visible_to(actor).filter(subject__in=list(subjects)).order_by("-index")[:limit])
    people = User.objects.in_bulk([entry.actor.partition(":")[2] for entry in entries]) if entries else {}
    names = {str(key): str(person) for key, person in people.items()}
    return [Line(entry, names.get(entry.actor.partition(":")[2], "somebody"), action_text(entry.action), detail_text(entry.payload)) for entry in entries]


def action_text(action: str) -> str:
    """``inventory.vendor.registered`` as ``Registered``."""
    return WORDS.get(action) or action.rpartition(".")[2].replace("_", " ").capitalize()


def detail_text(payload: Mapping[str, Any]) -> str:
    """What is worth saying of an entry's payload on one line."""
    if isinstance(payload.get("changed"), dict):
        changes = "; ".join(_change(name, values) for name, values in sorted(payload["changed"].items()))
        return ": ".join(filter(None, (changes, payload.get("reason", ""))))
    moved = f"{_plain(payload['from'])} → {_plain(payload['to'])}" if {"from", "to"} <= set(payload) else ""
    said = next((str(payload[key]) for key in SAID if payload.get(key)), "") or _plain(payload.get("fact", ""))
    return ": ".join(part for part in (moved, said) if part)


def _change(name: str, values: Any) -> str:
    if not isinstance(values, dict):
        return f"{_plain(name)} (text not kept in the log)"
    return f"{_plain(name)}: “{values['before'] or '–'}” → “{values['after'] or '–'}”"


def _plain(value: Any) -> str:
    return str(value).replace("_", " ")
