"""Writes to AI systems."""

import datetime
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.models import Organisation, User
from accounts.permissions import require
from core.errors import InvalidInput
from inventory.models import AISystem
from inventory.rows import plain, row_change, row_insert, row_log

EDITABLE = ("name", "purpose", "our_role", "risk_class", "jurisdiction", "placed_on", "changed_on", "setting", "owner", "notes")


@transaction.atomic
def system_register(
    *,
    actor: User,
    organisation: Organisation,
    name: str,
    purpose: str,
    our_role: str,
    risk_class: str,
    jurisdiction: str,
    placed_on: datetime.date | None = None,
    changed_on: datetime.date | None = None,
    setting: str = "",
    owner: str = "",
    notes: str = "",
) -> AISystem:
    """Enter an AI system with its purpose and what decides which law binds it; ``placed_on`` and ``changed_on`` are days, None where not known."""
    facts = {"name": name, "our_role": our_role, "risk_class": risk_class, "jurisdiction": jurisdiction}
    older = {"placed_on": placed_on, "changed_on": changed_on, "setting": setting}
    system = AISystem(organisation=organisation, purpose=purpose, owner=owner, notes=notes, **facts, **older)
    require(actor, "inventory.write", system)
    _check_days(placed_on, changed_on)
    row_insert(system)
    row_log(actor, "inventory.system.registered", system, facts | {name: plain(value) for name, value in older.items() if value})
    return system


@transaction.atomic
def system_update(*, actor: User, system: AISystem, changes: Mapping[str, Any], seen: Mapping[str, Any] | None = None) -> AISystem:
    """Change what the register says of a system; ``Conflict`` where a value is no longer the one in ``seen``. No change, no log entry."""
    require(actor, "inventory.write", system)
    row, changed = row_change(system, editable=EDITABLE, changes=changes, seen=seen)
    _check_days(row.placed_on, row.changed_on)
    if changed:
        row_log(actor, "inventory.system.changed", row, {"changed": changed})
    return row


def _check_days(placed_on: datetime.date | None, changed_on: datetime.date | None) -> None:
    """A system can change only once it is on the market."""
    if changed_on is not None and (placed_on is None or changed_on < placed_on):
        raise InvalidInput("changed_on", "give the day it was placed on the market too, no later than this one")
