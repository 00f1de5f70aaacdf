"""The one policy table: which role may do which verb, and the check every service makes first."""

import uuid
from typing import Protocol

from accounts.models import Role, User
from core.errors import NotAllowed

READ = frozenset({"inventory.read", "assessments.read", "evidence.read", "reports.read", "frameworks.read"})
REGISTER = frozenset({"inventory.write", "inventory.transition"})
ASSESS = frozenset({"evidence.record", "plan.write", "plan.seal", "run.start", "run.cancel", "run.retry", "report.build", "evidence.export"})

POLICY: dict[str, frozenset[str]] = {
    Role.ADMINISTRATOR: READ | REGISTER | ASSESS | {"accounts.manage", "frameworks.load", "evidence.review"},
    Role.GOVERNANCE: READ | REGISTER | {"evidence.record", "evidence.review", "report.build", "evidence.export", "run.cancel"},
    Role.ASSESSOR: READ | REGISTER | ASSESS,
    Role.APPROVER: READ | {"evidence.review"},
    Role.AUDITOR: READ | {"evidence.export"},
    Role.WORKER: frozenset({"run.execute", "evidence.record", "report.build", "evidence.export", "assessments.read", "inventory.read"}),
}


class Owned(Protocol):
    """An object that belongs to an organisation, directly or through its owner."""

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""


def allowed(actor: User, verb: str, target: Owned | None = None) -> bool:
    """Whether one of the actor's roles includes ``verb``, in the organisation that owns ``target`` when given."""
    if not actor.is_active:
        return False
    memberships = actor.memberships.all()
    if target is not None:
        memberships = memberships.filter(organisation_id=target.organisation_id)
    return any(verb in POLICY[role] for role in memberships.values_list("role", flat=True))


def require(actor: User, verb: str, target: Owned | None = None) -> None:
    """Raise ``NotAllowed`` unless ``allowed``."""
    if not allowed(actor, verb, target):
        raise NotAllowed(f"Your roles do not include “{verb}”. Ask an administrator for a role that does.")
