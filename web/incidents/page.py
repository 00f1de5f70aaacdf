"""Everything the pages of incidents show."""

from datetime import date
from typing import Any

from django.urls import reverse

from accounts.models import User
from accounts.permissions import allowed
from core import clock
from decisions.drafts import newest, offered
from decisions.models import CorrectiveAction, Incident
from decisions.services import draft_named
from decisions.vocabulary import FACTS, ZONES
from web.history import history
from web.incidents import timeline, wall
from web.incidents.filters import IncidentFilter
from web.incidents.tables import IncidentTable
from web.lists.listing import Action, Empty, Listing

TEXT = "What went wrong, and who must hear of it by when. Every law starts its clock at a moment of its own."
FIRST = "When something goes wrong, open an incident first and enter the times as you learn them. The clocks then show what is due where."
CRUMBS = (("Incidents", "/incidents/"),)


def listing(actor: User) -> tuple[Listing, tuple[Action, ...]]:
    """The list, and what it offers this person."""
    actions = (Action("Open an incident", reverse("web:incident-create"), primary=True),) if allowed(actor, "incident.write") else ()
    empty = Empty("No incident is recorded", FIRST, next(iter(actions), None))
    return Listing("incidents", "Incidents", TEXT, IncidentTable, IncidentFilter, empty, nav="incidents", template="web/incidents/list.html"), actions


def context(incident: Incident, actor: User) -> dict[str, Any]:
    """The context of ``web/incidents/detail.html``."""
    shown, apart, others = wall.cards(incident, clock.now())
    may_write = allowed(actor, "incident.write", incident)
    return {
        "incident": incident,
        "title": incident.title,
        "pretitle": incident.reference,
        "crumbs": CRUMBS,
        "actions": _actions(incident) if may_write else (),
        "cards": shown,
        "open_count": sum(card.clock.open for card in shown),
        "apart": apart,
        "others": others,
        "moments": timeline.moments(incident),
        **actions_context(incident),
        "drafts": drafts_listed(incident),
        "promises": promises_listed(incident),
        "withdrawn": timeline.withdrawn(incident),
        "may_write": may_write,
        "may_capture": may_write and allowed(actor, "probe_set.add", incident),
        "may_submit": allowed(actor, "incident.submit", incident),
        "facts": _facts(incident),
        "history": history(actor, [incident.subject]) if allowed(actor, "evidence.read", incident) else [],
        "subject": incident.subject,
        "nav": "incidents",
    }


PROMISES = {
    "kept": "kept it",
    "late": "told you late",
    "overdue": "has not told you, and its time is up",
    "running": "has time left",
    "unknown": "cannot be judged yet: the time it counts from is not entered",
}


def promises_listed(incident: Incident) -> list[dict[str, Any]]:
    """What vendors promised against what happened."""
    now = clock.now()
    return [{"promise": row, "due": row.due(incident), "word": PROMISES[row.verdict(incident, now)]} for row in incident.promises.all()]


def drafts_listed(incident: Incident) -> list[dict[str, Any]]:
    """The reports that can be drafted, and those begun, each with its newest version."""
    begun = newest(incident.drafts.all())
    shown = {row.key: row for row in offered(incident)} | {key: draft_named(key) for key in begun}
    return [{"report": row, "version": begun.get(key)} for key, row in shown.items()]


def actions_context(incident: Incident) -> dict[str, Any]:
    """The corrective actions, open ones first, with their state in words."""
    today = clock.now().date()
    rows = [{"action": row, "steps": list(row.steps.all()), **_action_state(row, today)} for row in incident.actions.all()]
    return {"actions_listed": sorted(rows, key=lambda row: row["action"].done_at is not None), "open_actions": sum(row["state"] != "submitted" for row in rows)}


def _action_state(row: CorrectiveAction, today: date) -> dict[str, str]:
    if row.done_at is not None:
        return {"state": "submitted", "word": "Done"}
    return {"state": "overdue", "word": "Overdue"} if row.late_on(today) else {"state": "running", "word": "Open"}


def missing(incident: Incident) -> bool:
    """Whether some fact can still be entered."""
    return {row.name for row in incident.facts.all()} != set(FACTS)


def _facts(incident: Incident) -> list[tuple[str, str]]:
    rows = [
        ("Severity", incident.get_severity_display()),
        ("Opened", f"{incident.created_at:%d %B %Y, %H:%M} UTC"),
        ("By", str(incident.opened_by)),
        ("Authority's time", ZONES[incident.zone].partition(",")[0]),
        ("Bank holidays", ", ".join(incident.holidays)),
    ]
    return [(label, value) for label, value in rows if value]


def _actions(incident: Incident) -> tuple[Action, ...]:
    judge = Action("Change kind or roles", reverse("web:incident-reclassify", args=[incident.id]))
    enter = Action("Enter a time", reverse("web:incident-fact", args=[incident.id]), primary=True)
    return (judge, enter) if missing(incident) else (judge,)
