"""Writes to gate policies: every edit makes a version of its own, and decisions keep the one they were asked under."""

from django.db import transaction

from accounts.models import Organisation, User
from accounts.permissions import require
from core.errors import Conflict, InvalidInput
from decisions.gate_models import GatePolicy, GatePolicyVersion
from decisions.gate_vocabulary import STEPS
from decisions.policies import Draft, check
from evidence import ledger
from inventory.rows import row_check, row_insert


@transaction.atomic
def policy_create(*, actor: User, organisation: Organisation, name: str, step: str, draft: Draft | None = None) -> GatePolicy:
    """A policy with its first version; ``Conflict`` where the name is taken."""
    policy = GatePolicy(organisation=organisation, name=name.strip(), step=step)
    require(actor, "policy.write", policy)
    if step not in STEPS:
        raise InvalidInput("step", f"choose one of {', '.join(STEPS)}")
    row_check(policy)
    row_insert(policy)
    _add(actor, policy, 1, draft or Draft())
    return policy


@transaction.atomic
def policy_edit(*, actor: User, policy: GatePolicy, seen: int, draft: Draft) -> GatePolicyVersion:
    """The next version; ``Conflict`` where ``seen`` is no longer the newest, nothing where nothing changed."""
    require(actor, "policy.write", policy)
    row = GatePolicy.objects.select_for_update(of=("self",)).get(pk=policy.pk)
    current = row.current
    if current.number != seen:
        raise Conflict(f"The policy was changed in the meantime: it is at version {current.number} now. Look at it and change it again.")
    if draft.fields == {"conditions": current.conditions, "quorum": current.quorum, "roles": current.roles}:
        return current
    return _add(actor, row, current.number + 1, draft)


def _add(actor: User, policy: GatePolicy, number: int, draft: Draft) -> GatePolicyVersion:
    check(draft)
    row = GatePolicyVersion(policy=policy, number=number, author=actor, **draft.fields)
    payload = {**row.document, "name": policy.name, "digest": row.digest}
    ledger.append(actor=actor, action="decisions.policy.written", subject=policy.subject, payload=payload, organisation_id=policy.organisation_id)
    row_insert(row)
    return row
