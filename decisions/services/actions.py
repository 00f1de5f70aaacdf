"""Corrective actions: what is to be done after an incident, by whom, until when, and the proof that it was done."""

from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Membership, Organisation, User
from accounts.permissions import require, roles_with
from core import clock
from core.errors import InvalidInput, InvalidState
from decisions.models import ActionStep, CorrectiveAction, Incident
from decisions.services.proofs import Proof, proof_stored
from evidence import ledger
from evidence.models import Artifact
from evidence.services import evidence_record
from inventory.rows import row_check, row_insert

PREDICATE = "urn:assay:predicate:corrective-action:v1"


def owners_of(organisation: Organisation) -> QuerySet[User]:
    """The people who may own an action: active, of this organisation, with a role that works on incidents."""
    held = Membership.objects.filter(user=OuterRef("pk"), organisation=organisation, role__in=roles_with("incident.write"))
    return User.objects.filter(Exists(held), is_active=True, is_service=False).order_by("username")


@transaction.atomic
def action_add(*, actor: User, incident: Incident, text: str, owner: User, due_on: date) -> CorrectiveAction:
    """Add an action. Its text stays out of the log."""
    require(actor, "incident.write", incident)
    _check_owner(incident, owner)
    if due_on < clock.now().date():
        raise InvalidInput("due_on", "this day has passed; choose today or a later one")
    row = CorrectiveAction(incident=incident, text=text.strip(), owner=owner, due_on=due_on, created_by=actor)
    row_insert(row)
    _log(actor, "decisions.action.added", row, _said(row))
    return row


@transaction.atomic
def action_change(*, actor: User, action: CorrectiveAction, owner: User, due_on: date, reason: str) -> CorrectiveAction:
    """Give an open action another owner or day. Nothing is written where nothing changes."""
    require(actor, "incident.write", action)
    row = _locked(action)
    if row.done_at is not None:
        raise InvalidState("This action is done. Open it again before you change it.")
    before = _said(row)
    row.owner, row.due_on = owner, due_on
    after = _said(row)
    if before == after:
        return row
    _check_owner(row.incident, owner)
    _step(row, actor, ActionStep.Kind.CHANGED, "reason", reason)
    row.save(update_fields=["owner", "due_on"])
    _log(actor, "decisions.action.changed", row, {"before": before, "after": after, "reason": reason.strip()})
    return row


def action_complete(*, actor: User, action: CorrectiveAction, note: str, proof: Proof | None = None) -> CorrectiveAction:
    """Say that it was done, and how; a file that shows it becomes evidence."""
    require(actor, "incident.write", action)
    _check_open(action)
    _note_checked("note", note)
    reference = action.incident.reference
    file = proof_stored(proof, name=f"action-{action.pk}", kind="corrective_action_record", title=f"Corrective action of {reference}") if proof else None
    with transaction.atomic():
        row = _locked(action)
        _check_open(row)
        step = _step(row, actor, ActionStep.Kind.DONE, "note", note)
        row.done_at = clock.now()
        row.save(update_fields=["done_at"])
        said: dict[str, Any] = {"action": str(row.pk), "done_at": clock.iso(row.done_at)}
        if file is None:
            _log(actor, "decisions.action.done", row, said)
            return row
        where: dict[str, Any] = {"actor": actor, "subject": row.incident.subject, "organisation_id": row.organisation_id}
        payload = {**said, "proof": file.blob.sha256}
        held = evidence_record(**where, action="decisions.action.done", predicate_type=PREDICATE, predicate=said, blobs=[file], payload=payload)
        step.proof = Artifact.objects.get(attestation=held)
        step.save(update_fields=["proof"])
    return row


@transaction.atomic
def action_reopen(*, actor: User, action: CorrectiveAction, reason: str) -> CorrectiveAction:
    """Open a done action again; that it was once done stays on record."""
    require(actor, "incident.write", action)
    row = _locked(action)
    if row.done_at is None:
        raise InvalidState("This action is open already.")
    _step(row, actor, ActionStep.Kind.REOPENED, "reason", reason)
    row.done_at = None
    row.save(update_fields=["done_at"])
    _log(actor, "decisions.action.reopened", row, {"action": str(row.pk), "reason": reason.strip()})
    return row


def _locked(action: CorrectiveAction) -> CorrectiveAction:
    return CorrectiveAction.objects.select_for_update(of=("self",)).select_related("incident", "owner").get(pk=action.pk)


def _check_open(row: CorrectiveAction) -> None:
    if row.done_at is not None:
        raise InvalidState("This action is done already. Open it again if it was not.")


def _check_owner(incident: Incident, owner: User) -> None:
    if not owners_of(incident.organisation).filter(pk=owner.pk).exists():
        raise InvalidInput("owner", "choose somebody of this organisation whose role works on incidents")


def _note_checked(field: str, text: str) -> str:
    if not text.strip():
        raise InvalidInput(field, "say in one sentence what was done" if field == "note" else "say in one sentence why")
    return text.strip()


def _step(row: CorrectiveAction, actor: User, kind: str, field: str, text: str) -> ActionStep:
    step = ActionStep(action=row, kind=kind, note=_note_checked(field, text), by=actor)
    row_check(step)
    step.save(force_insert=True)
    return step


def _said(row: CorrectiveAction) -> dict[str, str]:
    return {"action": str(row.pk), "owner": ledger.actor_text(row.owner), "due_on": row.due_on.isoformat()}


def _log(actor: User, action: str, row: CorrectiveAction, payload: dict[str, Any]) -> None:
    ledger.append(actor=actor, action=action, subject=row.incident.subject, payload=payload, organisation_id=row.organisation_id)
