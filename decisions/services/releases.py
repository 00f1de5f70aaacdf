"""Release states of model versions: entered only through a decision that stands, left by rolling back to a named version; and drills of that."""

import datetime

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from core import clock
from core.errors import InvalidInput, InvalidState
from decisions.basis import basis_of, stands
from decisions.gate_models import Decision, DecisionState, RollbackDrill
from decisions.gate_vocabulary import Outcome
from decisions.services.decisions import said_why
from evidence import ledger
from inventory.models import LIFECYCLE_ALLOWED, Lifecycle, ModelVersion
from inventory.rows import row_insert
from inventory.services import version_enter

RELEASING = frozenset({"approve_version", "continue_after_incident"})
"""Steps whose decisions release a version."""
TARGETS = {Outcome.GO: Lifecycle.APPROVED, Outcome.GO_WITH_CONDITIONS: Lifecycle.RESTRICTED}
IN_USE = (Lifecycle.APPROVED, Lifecycle.RESTRICTED)


@transaction.atomic
def version_release(*, actor: User, decision: Decision) -> ModelVersion:
    """Release the version a decision is about: approved after a go, restricted after a go with conditions. ``InvalidState`` where it does not stand."""
    require(actor, "inventory.transition", decision)
    version, target = releasable(decision)
    said = {"decision": str(decision.pk), "digest": decision.digest, "reason": f"Decision {decision.reference}"}
    return version_enter(actor=actor, version=version, lifecycle=target, said=said)


def releasable(decision: Decision) -> tuple[ModelVersion, Lifecycle]:
    """The version a decision releases and the state it enters; ``InvalidState``, with what to do instead, where it releases none now."""
    version, name = decision.version, decision.reference
    if version is None or decision.policy.policy.step not in RELEASING:
        raise InvalidState("Only a decision to approve a model version, or to continue with one after an incident, releases it. Ask for one.")
    if decision.state == DecisionState.OPEN:
        raise InvalidState(
            f"{name} does not stand yet: it waits for approval. Release the version once it is approved; the decision's page says what is missing."
        )
    if decision.state != DecisionState.APPROVED:
        raise InvalidState(f"{name} does not stand: it is {decision.get_state_display().lower()}. Ask for a new decision.")
    if not stands(decision, basis_of(decision)):
        raise InvalidState(f"{name} does not stand any more: the record has changed since it was approved; its page says what. Ask for a new decision.")
    target = TARGETS[Outcome(decision.outcome)]
    if target not in LIFECYCLE_ALLOWED[version.lifecycle]:
        now = version.get_lifecycle_display().lower()
        raise InvalidState(f"{version} is {now} now, and from there it cannot become {target.label.lower()}. Its page says what it can become.")
    return version, target


@transaction.atomic
def version_roll_back(*, actor: User, version: ModelVersion, returns_to: ModelVersion, reason: str) -> ModelVersion:
    """Take a released version back to another released one of the same register. It needs no decision: going back must not wait for one."""
    require(actor, "inventory.transition", version)
    said = said_why(reason, "say in one sentence why the version is rolled back")
    _check_pair(version, returns_to)
    target = ModelVersion.objects.get(pk=returns_to.pk)
    if target.lifecycle not in IN_USE:
        raise InvalidInput("returns_to", "choose a version that is approved or restricted; this one is not released")
    payload = {"returns_to": str(target.pk), "weights": target.weights_digest, "reason": said}
    return version_enter(actor=actor, version=version, lifecycle=Lifecycle.ROLLED_BACK, said=payload)


@transaction.atomic
def drill_record(
    *, actor: User, version: ModelVersion, returns_to: ModelVersion, held_on: datetime.date, held_by: str, succeeded: bool, result: str
) -> RollbackDrill:
    """Record a rollback that was tried. Who held it and what came of it stay out of the log."""
    row = RollbackDrill(version=version, returns_to=returns_to, held_on=held_on, succeeded=succeeded, recorded_by=actor)
    require(actor, "drill.record", row)
    _check_pair(version, returns_to)
    if held_on > clock.now().date():
        raise InvalidInput("held_on", "this lies in the future; record a drill once it was held")
    row.held_by = said_why(held_by, "name who held the drill", "held_by")
    row.result = said_why(result, "say in a few words what came of it", "result")
    payload = {"drill": str(row.pk), "returns_to": str(returns_to.pk), "held_on": held_on.isoformat(), "succeeded": succeeded}
    row.entry = ledger.append(actor=actor, action="decisions.drill.recorded", subject=version.subject, payload=payload, organisation_id=version.organisation_id)
    row_insert(row)
    return row


def _check_pair(version: ModelVersion, returns_to: ModelVersion) -> None:
    if returns_to.pk == version.pk:
        raise InvalidInput("returns_to", "choose another version: a rollback leads away from this one")
    if returns_to.organisation_id != version.organisation_id:
        raise InvalidInput("returns_to", "this version belongs to another organisation's register; choose from this one")
