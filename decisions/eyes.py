"""Four eyes: who had a hand in what is to be approved, and so may not approve it."""

from accounts.models import User
from core.errors import NotAllowed
from decisions.basis import Basis
from evidence.ledger import actor_text


def barred(actor: User, basis: Basis) -> list[str]:
    """Everything the actor did that bars him from approving, in words; empty when nothing does."""
    me = actor_text(actor)
    return list(dict.fromkeys(what for who, what in hands(basis) if who == me))


def hands(basis: Basis) -> list[tuple[str, str]]:
    """Who did what for the basis: asked for it, wrote the policy, a waiver or a condition, ran or sealed what counts, accepted evidence."""
    decision = basis.decision
    asked = [(_who(decision.requested_by_id), "asked for this decision")]
    edits = [row for row in decision.policy.policy.versions.all() if row.number <= decision.policy.number]
    wrote = [(_who(row.author_id), f"wrote version {row.number} of the policy") for row in edits]
    # A waiver that was withdrawn bars its author too: writing and taking back must not open a way round.
    waived = [(_who(row.written_by_id), "wrote a waiver") for row in decision.waivers.all()]
    added = [(_who(row.added_by_id), "wrote a condition") for row in decision.tasks.all()]
    return [*asked, *wrote, *waived, *added, *basis.record.hands]


def check(actor: User, basis: Basis) -> None:
    """``NotAllowed`` unless the actor is a person with a role of the policy and had no hand in the basis."""
    if actor.is_service or actor.token_id is not None:
        raise NotAllowed("Only a person who is signed in can approve or reject; a program cannot.")
    if not roles_that_count(actor, basis):
        raise NotAllowed("None of your roles counts under this policy. Ask somebody with one of its roles.")
    found = barred(actor, basis)
    if found:
        raise NotAllowed(f"You {_joined(found)}, so somebody else has to approve or reject.")


def roles_that_count(actor: User, basis: Basis) -> list[str]:
    """The actor's roles in the decision's organisation that the policy names."""
    decision = basis.decision
    return sorted({role for owner, role in actor.roles_held if owner == decision.organisation_id and role in decision.policy.roles})


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _who(key: object) -> str:
    return f"accounts.user:{key}"
