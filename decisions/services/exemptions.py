"""Judgements that a duty does not apply to a system: one person proposes, another approves."""

from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from core import clock
from core.errors import Conflict, InvalidInput, InvalidState, NotAllowed
from decisions.gap_models import EXEMPTION_ALLOWED, Exemption, ExemptionState
from frameworks.models import Requirement
from inventory.models import AISystem
from inventory.rows import row_insert, row_log

OPEN = (ExemptionState.PROPOSED, ExemptionState.APPROVED)


@transaction.atomic
def exemption_propose(*, actor: User, system: AISystem, requirement: Requirement, reason: str) -> Exemption:
    """Propose that ``requirement`` does not apply to ``system``; nothing changes before a second person approves. ``Conflict`` where one is open."""
    require(actor, "exemption.propose", system)
    _check_person(actor)
    if not reason.strip():
        raise InvalidInput("reason", "say why the duty does not apply to this system")
    framework = requirement.version.framework
    if Exemption.objects.filter(system=system, framework=framework, ref=requirement.ref, state__in=OPEN).exists():
        raise Conflict(f"A judgement on {requirement.ref} for {system.name} is open already; decide or withdraw that one first.")
    row = Exemption(system=system, framework=framework, ref=requirement.ref, reason=reason.strip(), proposed_by=actor)
    row.requirement_digest = requirement.digest
    row_insert(row)
    row_log(actor, "decisions.exemption.proposed", row, {**_said(row), "reason": row.reason})
    return row


@transaction.atomic
def exemption_decide(*, actor: User, exemption: Exemption, approve: bool, reason: str) -> Exemption:
    """Approve or decline a proposal of somebody else, once. ``NotAllowed`` for the person who proposed it, ``InvalidState`` when it is decided."""
    require(actor, "exemption.decide", exemption)
    _check_person(actor)
    row = _locked(exemption)
    if row.proposed_by_id == actor.pk:
        raise NotAllowed("You proposed this yourself. A second person has to approve or decline it.")
    if not reason.strip():
        raise InvalidInput("reason", "say in one sentence why")
    _move(row, ExemptionState.APPROVED if approve else ExemptionState.DECLINED)
    row.decided_by, row.decided_at, row.decision_reason = actor, clock.now(), reason.strip()
    row.save(update_fields=["state", "decided_by", "decided_at", "decision_reason"])
    row_log(actor, f"decisions.exemption.{row.state}", row, {**_said(row), "reason": row.decision_reason})
    return row


@transaction.atomic
def exemption_withdraw(*, actor: User, exemption: Exemption, reason: str) -> Exemption:
    """Take a proposal or an approved judgement back; the duty counts again from now on. What was known before stays known."""
    require(actor, "exemption.propose", exemption)
    _check_person(actor)
    row = _locked(exemption)
    if not reason.strip():
        raise InvalidInput("reason", "say in one sentence why")
    _move(row, ExemptionState.WITHDRAWN)
    row.withdrawn_at = clock.now()
    row.save(update_fields=["state", "withdrawn_at"])
    row_log(actor, "decisions.exemption.withdrawn", row, {**_said(row), "reason": reason.strip()})
    return row


def _check_person(actor: User) -> None:
    if actor.is_service:
        raise NotAllowed("A service account cannot judge whether a duty applies; a person has to.")


def _locked(exemption: Exemption) -> Exemption:
    return Exemption.objects.select_for_update(of=("self",)).select_related("system", "framework").get(pk=exemption.pk)


def _move(row: Exemption, state: ExemptionState) -> None:
    if state not in EXEMPTION_ALLOWED[row.state]:
        raise InvalidState(f"This judgement is {row.get_state_display().lower()}; propose a new one to change that.")
    row.state = state


def _said(row: Exemption) -> dict[str, Any]:
    return {"system": str(row.system_id), "framework": row.framework.slug, "requirement": row.ref, "requirement_digest": row.requirement_digest}
