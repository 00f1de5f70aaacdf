"""Asking for decisions, taking them back, and the conditions that come with them."""

import datetime
from typing import Any

from django.db import models, transaction

from accounts.models import Membership, User
from accounts.permissions import require
from core import clock
from core.errors import InvalidInput, InvalidState
from decisions.gate_models import Decision, DecisionState, DecisionTask, GatePolicy
from evidence import ledger
from inventory.models import AISystem, ModelVersion
from inventory.rows import row_check, row_insert


@transaction.atomic
def decision_request(*, actor: User, policy: GatePolicy, purpose: str, version: ModelVersion | None = None, system: AISystem | None = None) -> Decision:
    """Ask for a decision under the newest version of ``policy`` about one version or one system. The purpose stays out of the log."""
    subject = version or system
    row = Decision(organisation=policy.organisation, policy=policy.current, version=version, system=system, requested_by=actor, number=0)
    row.purpose = purpose.strip()
    require(actor, "decision.request", row)
    if subject is None or (version is not None and system is not None):
        raise InvalidInput("subject", "choose one model version or one AI system")
    if subject.organisation_id != policy.organisation_id:
        raise InvalidInput("subject", "this belongs to another organisation's register; choose from this one")
    if not row.policy.conditions:
        raise InvalidState(f"“{policy}” has no condition yet, so everything would pass. Add one first.")
    row_check(row)
    payload = {"policy": str(policy.pk), "policy_version": row.policy.number, "policy_digest": row.policy.digest, "about": str(subject.pk)}
    # The log's lock, taken here, also keeps two people from choosing the same number.
    decision_log(actor=actor, action="decisions.decision.requested", decision=row, payload=payload)
    row.number = (Decision.objects.aggregate(highest=models.Max("number"))["highest"] or 0) + 1
    row_insert(row)
    return row


@transaction.atomic
def decision_withdraw(*, actor: User, decision: Decision, reason: str) -> Decision:
    """End a request that is still open; the reason stays in the log."""
    require(actor, "decision.request", decision)
    row = decision_locked(decision)
    said = said_why(reason, "say in one sentence why the request is withdrawn")
    row.state, row.decided_at = DecisionState.WITHDRAWN, clock.now()
    row.save(update_fields=["state", "decided_at"])
    decision_log(actor=actor, action="decisions.decision.withdrawn", decision=row, payload={"reason": said})
    return row


@transaction.atomic
def task_add(*, actor: User, decision: Decision, text: str, owner: User, due_on: datetime.date) -> DecisionTask:
    """A condition under which the step may be taken. It is part of what is approved: adding one makes earlier approvals void."""
    require(actor, "decision.request", decision)
    decision_locked(decision)
    check_member("owner", owner, decision)
    if due_on < clock.now().date():
        raise InvalidInput("due_on", "choose today or a later day")
    row = DecisionTask(decision=decision, text=text.strip(), owner=owner, due_on=due_on, added_by=actor)
    row_insert(row)
    payload = {"task": str(row.pk), "owner": ledger.actor_text(owner), "due_on": due_on.isoformat()}
    decision_log(actor=actor, action="decisions.task.added", decision=decision, payload=payload)
    return row


@transaction.atomic
def task_finish(*, actor: User, task: DecisionTask, note: str) -> DecisionTask:
    """Mark a condition as done, once, with what was done."""
    require(actor, "decision.task", task)
    row = DecisionTask.objects.select_for_update(of=("self",)).select_related("decision").get(pk=task.pk)
    if row.done_at is not None:
        raise InvalidState("This condition is marked as done already.")
    row.note = said_why(note, "say in one sentence what was done", "note")
    row.done_at, row.done_by = clock.now(), actor
    row_check(row)
    row.save(update_fields=["note", "done_at", "done_by"])
    decision_log(actor=actor, action="decisions.task.done", decision=row.decision, payload={"task": str(row.pk), "reason": row.note})
    return row


def decision_locked(decision: Decision, *states: str) -> Decision:
    """The decision's row under lock; ``InvalidState`` unless it is in one of ``states`` (open when none is given)."""
    row: Decision = Decision.objects.select_for_update(of=("self",)).get(pk=decision.pk)
    if row.state not in (states or (DecisionState.OPEN,)):
        raise InvalidState(f"{row.reference} is {row.get_state_display().lower()}; nothing about it can be changed. Ask for a new decision.")
    return row


def check_member(field: str, person: User, decision: Decision) -> None:
    """``InvalidInput`` unless ``person`` is active and belongs to the decision's organisation."""
    if not person.is_active or not Membership.objects.filter(user=person, organisation=decision.organisation_id).exists():
        raise InvalidInput(field, "choose a person of this organisation")


def said_why(text: str, message: str, field: str = "reason") -> str:
    """``text`` without space around it; ``InvalidInput`` when nothing is left."""
    if not text.strip():
        raise InvalidInput(field, message)
    return text.strip()


def decision_log(*, actor: User, action: str, decision: Decision, payload: dict[str, Any]) -> Any:
    """Enter something about a decision in the log."""
    return ledger.append(actor=actor, action=action, subject=decision.subject, payload=payload, organisation_id=decision.organisation_id)
