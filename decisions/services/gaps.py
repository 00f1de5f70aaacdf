"""Who closes a gap in coverage, and by when."""

from datetime import date

from django.db import transaction

from accounts.models import Membership, User
from accounts.permissions import require
from core import clock
from core.errors import InvalidInput, NotFound
from decisions.gap_models import GapAssignment
from evidence import ledger
from frameworks.models import Requirement
from inventory.models import AISystem
from inventory.rows import row_check, row_log


@transaction.atomic
def gap_assign(*, actor: User, system: AISystem, requirement: Requirement, owner: User, due_on: date, note: str = "") -> GapAssignment:
    """Give the gap of ``requirement`` for ``system`` to ``owner``, a person of the same organisation, until ``due_on``; an earlier assignment is replaced."""
    require(actor, "gap.assign", system)
    _check(system, owner, due_on)
    framework = requirement.version.framework
    row = GapAssignment.objects.select_for_update(of=("self",)).filter(system=system, framework=framework, ref=requirement.ref).first()
    row = row or GapAssignment(system=system, framework=framework, ref=requirement.ref)
    before = {"owner": ledger.actor_text(row.owner), "due_on": row.due_on.isoformat()} if row.owner_id else {}
    row.owner, row.due_on, row.note, row.assigned_by = owner, due_on, note.strip(), actor
    if row._state.adding:
        row_check(row)
    row.save()
    said = {"system": str(system.pk), "framework": framework.slug, "requirement": requirement.ref}
    row_log(actor, "decisions.gap.assigned", row, {**said, "owner": ledger.actor_text(owner), "due_on": due_on.isoformat(), "before": before})
    return row


@transaction.atomic
def gap_release(*, actor: User, gap: GapAssignment) -> None:
    """Take owner and day away again; ``NotFound`` when somebody else did so already."""
    require(actor, "gap.assign", gap)
    row = GapAssignment.objects.select_for_update(of=("self",)).filter(pk=gap.pk).first()
    if row is None:
        raise NotFound("Nobody is in charge of this gap any more.")
    said = {"system": str(row.system_id), "framework": row.framework.slug, "requirement": row.ref, "owner": ledger.actor_text(row.owner)}
    row_log(actor, "decisions.gap.released", row, said)
    row.delete()


def _check(system: AISystem, owner: User, due_on: date) -> None:
    if due_on < clock.now().date():
        raise InvalidInput("due_on", "this day has passed; choose today or a later day")
    member = Membership.objects.filter(user=owner, organisation=system.organisation_id).exists()
    if not owner.is_active or owner.is_service or not member:
        raise InvalidInput("owner", f"choose an active person of the organisation that keeps {system.name}")
