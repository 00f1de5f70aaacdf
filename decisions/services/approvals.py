"""Approving and rejecting: bound to the digest of exactly what is approved, and never by somebody who had a hand in it."""

from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from core import clock
from core.canonical import canonical_json
from core.errors import Conflict, InvalidState
from decisions import eyes
from decisions.basis import Basis, basis_of
from decisions.gate_models import Approval, Decision, DecisionState, Vote
from decisions.gate_vocabulary import OUTCOMES, Outcome
from decisions.services.decisions import decision_locked, decision_log, said_why
from evidence.ledger import actor_text
from evidence.services import StoredFile, evidence_record
from evidence.storage import Blob, blob_put_bytes
from inventory.rows import row_insert

PREDICATE = "urn:assay:predicate:decision:v1"
FILE = "decision.json"


def approval_give(*, actor: User, decision: Decision, digest: str, reason: str = "") -> Approval:
    """Approve the basis with ``digest``; the approval that fills the quorum attests the decision.

    ``Conflict`` where the record says something else by now, ``NotAllowed`` for whoever had a hand in it, ``InvalidState`` where it is a no go.
    """
    basis = _checked(actor, decision, digest)
    _check_outcome(basis)
    # Stored before the transaction, and only when it will be needed; the name of the bytes is the digest that is approved.
    blob = blob_put_bytes(canonical_json(basis.document)) if quorum_left(decision, digest) <= 1 else None
    with transaction.atomic():
        row = decision_locked(decision)
        basis = _checked(actor, row, digest)
        approval = _vote(actor, basis, Vote.APPROVE, reason.strip())
        if blob is not None and quorum_left(row, digest) <= 0:
            _attest(actor, row, basis, blob)
    return approval


@transaction.atomic
def approval_refuse(*, actor: User, decision: Decision, digest: str, reason: str) -> Approval:
    """Reject the basis with ``digest``; one rejection ends the decision."""
    row = decision_locked(decision)
    basis = _checked(actor, row, digest)
    approval = _vote(actor, basis, Vote.REJECT, said_why(reason, "say in one sentence why it is rejected"))
    row.state, row.decided_at = DecisionState.REJECTED, clock.now()
    row.save(update_fields=["state", "decided_at"])
    return approval


def quorum_left(decision: Decision, digest: str) -> int:
    """How many approvals of exactly this basis are still missing."""
    given = decision.approvals.filter(vote=Vote.APPROVE, digest=digest).count()
    return int(decision.policy.quorum) - given


def _checked(actor: User, decision: Decision, digest: str) -> Basis:
    require(actor, "decision.approve", decision)
    if decision.state != DecisionState.OPEN:
        raise InvalidState(f"{decision.reference} is {decision.get_state_display().lower()}; it cannot be approved or rejected any more.")
    basis = basis_of(decision)
    eyes.check(actor, basis)
    if basis.digest != digest:
        raise Conflict("What you looked at is not what the record says now. Look at the decision again, then approve or reject that.")
    return basis


def _check_outcome(basis: Basis) -> None:
    if basis.outcome == Outcome.NO_GO:
        raise InvalidState("The outcome is no go: a required condition is not met. It has to be met or waived before anybody can approve.")
    if basis.outcome == Outcome.GO_WITH_CONDITIONS and not basis.document["tasks"]:
        raise InvalidState("A go with conditions needs at least one condition with an owner and a day. Add it first.")


def _vote(actor: User, basis: Basis, vote: Vote, reason: str) -> Approval:
    decision = basis.decision
    if decision.approvals.filter(approver=actor, digest=basis.digest).exists():
        raise InvalidState("You have approved exactly this already. Another person has to give the next approval.")
    payload = {"digest": basis.digest, "outcome": basis.outcome.value, "roles": eyes.roles_that_count(actor, basis), "reason": reason}
    action = "decisions.decision.approved" if vote == Vote.APPROVE else "decisions.decision.rejected"
    entry = decision_log(actor=actor, action=action, decision=decision, payload=payload)
    approval = Approval(decision=decision, approver=actor, vote=vote, digest=basis.digest, basis=dict(basis.document), reason=reason, entry=entry)
    row_insert(approval)
    return approval


def _attest(actor: User, row: Decision, basis: Basis, blob: Blob) -> None:
    given = row.approvals.filter(vote=Vote.APPROVE, digest=basis.digest).select_related("approver")
    approvals: list[dict[str, Any]] = [{"approver": actor_text(found.approver), "entry": found.entry_id} for found in given]
    predicate = {"decision": str(row.pk), "number": row.number, "digest": basis.digest, "outcome": basis.outcome.value, "approvals": approvals}
    title = f"Decision {row.reference}: {OUTCOMES[basis.outcome].lower()}"
    row.attestation = evidence_record(
        actor=actor,
        action="decisions.decision.made",
        subject=row.subject,
        predicate_type=PREDICATE,
        predicate=predicate,
        blobs=[StoredFile(blob, FILE, "application/json", "decision", title)],
        payload=predicate,
        organisation_id=row.organisation_id,
    )
    row.state, row.outcome, row.digest, row.basis = DecisionState.APPROVED, basis.outcome.value, basis.digest, dict(basis.document)
    row.decided_at = clock.now()
    row.save(update_fields=["state", "outcome", "digest", "basis", "decided_at", "attestation"])
