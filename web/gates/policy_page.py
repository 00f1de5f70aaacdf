"""Everything the pages of gate policies show."""

from typing import Any

from django.urls import reverse

from accounts.models import Role, User
from accounts.permissions import allowed
from decisions.conditions import parse, words
from decisions.gate_models import GatePolicy
from decisions.gate_vocabulary import KINDS
from web.gates.filters import PolicyFilter
from web.gates.tables import PolicyTable
from web.history import history
from web.lists.listing import Action, Empty, Listing

CRUMBS = (("Decisions", "/decisions/"), ("Policies", "/policies/"))
TEXT = "What must hold before a step of the lifecycle, and who must approve. Every change makes a version; decisions keep theirs."
LEADS = {
    "finding": "Only the newest finding counts, not the best one. Where nothing can be concluded from it, the condition is not met.",
    "coverage": "Only evidence that a person has accepted counts.",
    "incidents": "Incidents that name the version or the system count.",
    "rollback_drill": "The newest drill counts; one that failed does not.",
    "questionnaire": "Only what a reviewer accepted counts, while the review holds and what it rests on did not change. The vendor's word alone never passes.",
}
"""What a person should know before writing a condition of a kind."""


def listing(actor: User) -> tuple[Listing, tuple[Action, ...]]:
    """The list, and what it offers this person."""
    actions = (Action("Write a policy", reverse("web:policy-create"), primary=True),) if allowed(actor, "policy.write") else ()
    empty = Empty("No policy is written", "Begin with a shipped one: there is one for every step.", next(iter(actions), None))
    more = {"nav": "decisions", "template": "web/gates/list.html", "noun": ("policy", "policies")}
    return Listing("policies", "Gate policies", TEXT, PolicyTable, PolicyFilter, empty, **more), actions  # type: ignore[arg-type]


def context(policy: GatePolicy, actor: User) -> dict[str, Any]:
    """The context of ``web/gates/policy.html``."""
    current = policy.current
    rows = parse(current.conditions)
    return {
        "policy": policy,
        "current": current,
        "title": policy.name,
        "pretitle": f"{policy.get_step_display()} · version {current.number}",
        "crumbs": CRUMBS,
        "required": [(row, words(row)) for row in rows if row.required],
        "advisory": [(row, words(row)) for row in rows if not row.required],
        "voters": ", ".join(Role(role).label.lower() for role in current.roles),
        "kinds": KINDS.items(),
        "versions": sorted(policy.versions.all(), key=lambda row: -row.number),
        "may_write": allowed(actor, "policy.write", policy),
        "history": history(actor, [policy.subject]) if allowed(actor, "evidence.read", policy) else [],
        "subject": policy.subject,
        "nav": "decisions",
    }
