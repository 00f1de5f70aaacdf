"""The closed list of event types, which log entries they come from, and the thin message that is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.conf import settings

from core import clock
from evidence.models import LedgerEntry


@dataclass(frozen=True)
class EventType:
    """What subscribers choose: in words, the verb whoever subscribes must have, and the log's actions it comes from."""

    says: str
    verb: str
    actions: tuple[str, ...] = ()


READ, DECISIONS, RUNS, INCIDENTS = "inventory.read", "decisions.read", "assessments.read", "incidents.read"
ANSWERS = "questionnaires.read"
TYPES: Mapping[str, EventType] = {
    "clearance.changed": EventType("The clearance of a vendor differs from what it was", "clearance.read"),
    "vendor.registered": EventType("A vendor was registered", READ, ("inventory.vendor.registered",)),
    "vendor.changed": EventType("What the register says of a vendor changed", READ, ("inventory.vendor.changed",)),
    "version.registered": EventType("Exact weights were registered", READ, ("inventory.modelversion.registered",)),
    "version.transitioned": EventType("A version moved on, such as to approved, rolled back or retired", READ, ("inventory.modelversion.moved",)),
    "deployment.started": EventType("A version was put to work in a system", READ, ("inventory.deployment.registered",)),
    "deployment.ended": EventType("A version was taken out of work", READ, ("inventory.deployment.ended",)),
    "decision.requested": EventType("A decision was asked for", DECISIONS, ("decisions.decision.requested",)),
    "decision.decided": EventType("A decision was approved by its quorum, or rejected", DECISIONS, ("decisions.decision.made", "decisions.decision.rejected")),
    "decision.withdrawn": EventType("A request for a decision was withdrawn", DECISIONS, ("decisions.decision.withdrawn",)),
    "decision.voided": EventType("An approved decision no longer stands, because the record changed", DECISIONS),
    "waiver.changed": EventType("A waiver was written or withdrawn", DECISIONS, ("decisions.waiver.written", "decisions.waiver.withdrawn")),
    "run.finished": EventType("A run ended", RUNS, ("assessments.run.done", "assessments.run.failed", "assessments.run.cancelled")),
    "finding.recorded": EventType("A step ended with a finding", RUNS, ("assessments.step.done",)),
    "incident.opened": EventType("An incident was opened", INCIDENTS, ("decisions.incident.opened",)),
    "incident.clock_due": EventType("A reporting clock is near or past its end", INCIDENTS),
    "report.ready": EventType(
        "A signed report or case is ready",
        "reports.read",
        (
            "reports.report.built",
            "reports.board_report.built",
            "reports.incident_report.built",
            "reports.coverage.built",
            "reports.safety_case.built",
            "reports.vendor_pack.built",
            "evidence.case.exported",
        ),
    ),
    "questionnaire.sent": EventType("A vendor was asked", ANSWERS, ("questionnaires.request.sent",)),
    "questionnaire.submitted": EventType("A vendor handed in its answers", ANSWERS, ("questionnaires.request.submitted",)),
    "questionnaire.reviewed": EventType("The review of a vendor's answers was closed", ANSWERS, ("questionnaires.review.closed",)),
    "questionnaire.reopened": EventType("An answer of a vendor was opened again", ANSWERS, ("questionnaires.answer.reopened",)),
    "questionnaire.withdrawn": EventType("A questionnaire to a vendor was withdrawn", ANSWERS, ("questionnaires.request.withdrawn",)),
}
TEST = "webhook.test"
"""Sent on request only; nobody subscribes to it."""
BY_ACTION: Mapping[str, str] = {action: name for name, row in TYPES.items() for action in row.actions}
PLACES: Mapping[str, tuple[str, str]] = {
    "inventory.vendor": ("vendor", "vendors"),
    "inventory.modelversion": ("version", "versions"),
    "inventory.deployment": ("deployment", "deployments"),
    "decisions.decision": ("decision", "decisions"),
    "decisions.incident": ("incident", "incidents"),
    "assessments.run": ("run", "runs"),
    "questionnaires.questionnairerequest": ("questionnaire", "questionnaires"),
    "reports.report": ("report", "reports"),
}
"""What a subject of the log is called outside, and where the API shows it."""


def message(kind: str, at: datetime, subject: str, **more: Any) -> str:
    """The message as JSON: type, moment, and in ``data`` the object's id and address and what ``more`` says. Nothing else ever goes out."""
    label, _, key = subject.partition(":")
    noun, place = PLACES.get(label, (label.rpartition(".")[2], ""))
    url = f"{settings.ASSAY_PUBLIC_ADDRESS}/api/v1/{place}/{key}" if place else None
    data = {"object": noun, "id": key, "url": url, **more}
    return orjson.dumps({"type": kind, "timestamp": clock.iso(at), "data": data}).decode()


def message_of(entry: LedgerEntry) -> str:
    """The message about a log entry: which fields changed, never their values, and where the log has it."""
    changed = entry.payload.get("changed")
    facts: dict[str, Any] = {"changed": sorted(changed) if isinstance(changed, dict) else [], "log_index": entry.index}
    if entry.action.startswith("assessments.run."):
        facts["state"] = entry.action.rpartition(".")[2]
    if entry.action == "inventory.modelversion.moved":
        facts |= {"from": entry.payload.get("from"), "to": entry.payload.get("to")}
    if entry.action in ("decisions.decision.made", "decisions.decision.rejected"):
        facts |= {"state": "approved" if entry.action.endswith("made") else "rejected", "outcome": entry.payload.get("outcome")}
    if entry.action == "assessments.step.done":
        facts |= {"run": entry.payload.get("run"), "artifact_sha256": entry.payload.get("result")}
    return message(BY_ACTION[entry.action], entry.at, _about(entry), **facts)


def _about(entry: LedgerEntry) -> str:
    """What the message is about: the entry's subject, and for a single answer the questionnaire it belongs to."""
    if entry.action == "questionnaires.answer.reopened":
        return f"questionnaires.questionnairerequest:{entry.payload['request']}"
    return entry.subject
