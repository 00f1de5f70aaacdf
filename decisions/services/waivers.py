"""Waivers: leave to go on although a condition is not met, until a day."""

import datetime

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from core import clock
from core.errors import Conflict, InvalidInput, InvalidState
from decisions.basis import basis_of, condition_of, waivers_that_count
from decisions.gate_models import Decision, Waiver
from decisions.gate_vocabulary import Standing
from decisions.services.decisions import check_member, decision_locked, decision_log, said_why
from evidence.ledger import actor_text
from inventory.rows import row_insert

LONGEST = datetime.timedelta(days=366)


@transaction.atomic
def waiver_write(*, actor: User, decision: Decision, condition: str, owner: User, reason: str, expires_on: datetime.date) -> Waiver:
    """Waive a failed condition of an open decision until the end of a day at most a year ahead. Who writes it may not approve the decision."""
    require(actor, "decision.waive", decision)
    row = decision_locked(decision)
    said = said_why(reason, "say why it is right to go on although the condition is not met")
    check_member("owner", owner, row)
    today = clock.now().date()
    if not today <= expires_on <= today + LONGEST:
        raise InvalidInput("expires_on", "choose a day from today to one year ahead")
    _check_condition(row, condition)
    waiver = Waiver(decision=row, condition=condition, owner=owner, reason=said, expires_on=expires_on, written_by=actor)
    row_insert(waiver)
    payload = {"waiver": str(waiver.pk), "condition": condition, "owner": actor_text(owner), "expires_on": expires_on.isoformat(), "reason": said}
    decision_log(actor=actor, action="decisions.waiver.written", decision=row, payload=payload)
    return waiver


@transaction.atomic
def waiver_withdraw(*, actor: User, waiver: Waiver, reason: str) -> Waiver:
    """End a waiver before its day, at any time; what rested on it no longer stands."""
    require(actor, "decision.waive", waiver)
    row = Waiver.objects.select_for_update(of=("self",)).select_related("decision").get(pk=waiver.pk)
    if row.withdrawn_at is not None:
        raise InvalidState("This waiver is withdrawn already.")
    said = said_why(reason, "say in one sentence why the waiver ends")
    row.withdrawn_at = clock.now()
    row.save(update_fields=["withdrawn_at"])
    payload = {"waiver": str(row.pk), "condition": row.condition, "reason": said}
    decision_log(actor=actor, action="decisions.waiver.withdrawn", decision=row.decision, payload=payload)
    return row


def _check_condition(decision: Decision, key: str) -> None:
    if condition_of(decision, key) is None:
        raise InvalidInput("condition", "the policy has no such condition; choose one that is not met")
    if any(row.condition == key for row in waivers_that_count(decision)):
        raise Conflict("This condition is waived already. Withdraw that waiver first.")
    met = {row.condition.key for row in basis_of(decision).results if row.standing == Standing.MET}
    if key in met:
        raise InvalidInput("condition", "this condition is met, so there is nothing to waive")
