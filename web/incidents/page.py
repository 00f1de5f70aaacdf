"""Everything the pages of incidents show."""

from typing import Any

from django.urls import reverse

from accounts.models import User
from accounts.permissions import allowed
from core import clock
from decisions.models import Incident
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
        "withdrawn": timeline.withdrawn(incident),
        "may_write": may_write,
        "may_submit": allowed(actor, "incident.submit", incident),
        "facts": _facts(incident),
        "history": history(actor, [incident.subject]) if allowed(actor, "evidence.read", incident) else [],
        "subject": incident.subject,
        "nav": "incidents",
    }


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
