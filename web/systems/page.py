"""Everything the pages of systems show."""

from typing import Any

from django.urls import reverse

from accounts.models import User
from accounts.permissions import allowed
from inventory.models import AISystem
from web import words
from web.history import history
from web.lists.listing import Action, Empty, Listing
from web.systems import queries
from web.systems.filters import SystemFilter
from web.systems.tables import SystemTable

TEXT = "A system is a use of AI with a purpose. The law applies to it by our role, its risk class and where it is used."
FIRST = "Register each use of AI with its purpose; which requirements apply to it follows from our role and its risk class."


def listing(actor: User) -> tuple[Listing, tuple[Action, ...]]:
    """The list, and what it offers this person."""
    actions = (Action("Register a system", reverse("web:system-create"), primary=True),) if allowed(actor, "inventory.write") else ()
    empty = Empty("No AI system is registered yet", FIRST, next(iter(actions), None))
    whole = Action("One row per system, with gaps and decisions", reverse("web:register"))
    return Listing("systems", "AI systems", TEXT, SystemTable, SystemFilter, empty, "Register", "systems"), (whole, *actions)


def context(system: AISystem, actor: User) -> dict[str, Any]:
    """The context of ``web/systems/detail.html``."""
    deployments = queries.deployments_of(system)
    subjects = queries.log_subjects(system, deployments)
    may_write = allowed(actor, "inventory.write", system)
    return {
        "system": system,
        "title": system.name,
        "pretitle": "AI system",
        "actions": _actions(system) if may_write else (),
        "may_write": may_write,
        "facts": facts(system),
        "active": [row for row in deployments if row.active],
        "ended": [row for row in deployments if not row.active],
        "history": history(actor, subjects),
        "subject": subjects[0],
        "glossary": words.glossary("Capped verdict", "Log"),
        "nav": "systems",
    }


def facts(system: AISystem) -> list[tuple[str, str]]:
    """Label and value of what decides which law applies, and who answers for it."""
    rows = [
        ("Our role", system.get_our_role_display()),
        ("Risk class", system.get_risk_class_display()),
        ("Jurisdiction", system.jurisdiction),
        ("On the market since", f"{system.placed_on:%d %B %Y}" if system.placed_on else ""),
        ("Changed significantly", f"{system.changed_on:%d %B %Y}" if system.changed_on else ""),
        ("Setting", system.get_setting_display()),
        ("Answers for it", system.owner),
        ("Registered", f"{system.created_at:%d %B %Y}"),
    ]
    return [(label, value) for label, value in rows if value]


def _actions(system: AISystem) -> tuple[Action, ...]:
    deploy = Action("Put a model to work", reverse("web:deployment-create", args=[system.id]), primary=True)
    return (Action("Edit", reverse("web:system-edit", args=[system.id])), deploy)
