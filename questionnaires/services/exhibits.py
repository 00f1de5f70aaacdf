"""What a reviewer does with files behind answers: lets them out of quarantine, refuses them, cites what the evidence store holds."""

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from core.errors import Conflict, InvalidInput, InvalidState, NotAllowed
from evidence.models import Artifact
from inventory.rows import row_log
from questionnaires.models import Answer, Exhibit, ExhibitOrigin, ExhibitState, RequestState
from questionnaires.services.reviews import VERB, reviewed_row

REVIEWABLE = (RequestState.OPENED, RequestState.SUBMITTED, RequestState.REVIEWED)
MOST_REASON = 500


@transaction.atomic
def exhibit_release(*, actor: User, exhibit: Exhibit, reason: str = "") -> Exhibit:
    """Let a file out of quarantine: a person looked at it and it may be opened."""
    row = _in_hand(actor, exhibit)
    if row.state != ExhibitState.QUARANTINED:
        raise InvalidState(f"This file is {row.get_state_display().lower()}; only one in quarantine can be released.")
    return _moved(actor, row, ExhibitState.RELEASED, _reason(reason))


@transaction.atomic
def exhibit_refuse(*, actor: User, exhibit: Exhibit, reason: str) -> Exhibit:
    """Say that a file counts for nothing and is not to be opened; possible after its release too, which makes what rests on it stale."""
    row = _in_hand(actor, exhibit)
    if row.state == ExhibitState.REFUSED:
        raise InvalidState("This file is refused already.")
    said = _reason(reason)
    if not said:
        raise InvalidInput("reason", "say in a sentence why; the respondent reads it")
    return _moved(actor, row, ExhibitState.REFUSED, said)


@transaction.atomic
def evidence_cite(*, actor: User, answer: Answer, sha256: str, note: str = "") -> Exhibit:
    """Put a file of the evidence store behind an answer, by its digest. ``InvalidInput`` where the register holds no such file."""
    require(actor, VERB, answer)
    request = reviewed_row(actor, answer.request, (RequestState.OPENED, RequestState.SUBMITTED))
    digest = sha256.strip().lower().removeprefix("sha256:")
    found = Artifact.objects.visible_to(actor).filter(sha256=digest, attestation__organisation=request.organisation_id).order_by("created_at").last()
    if found is None:
        raise InvalidInput("sha256", "the evidence store holds no file with this digest; copy it from the page of the file")
    if Exhibit.objects.filter(answer=answer, artifact__sha256=digest, removed_at__isnull=True).exclude(state=ExhibitState.REFUSED).exists():
        raise Conflict("This file stands behind the answer already.")
    row = Exhibit.objects.create(
        answer=answer, artifact=found, name=found.name, note=_reason(note), origin=ExhibitOrigin.CITED, state=ExhibitState.RELEASED, added_by=actor
    )
    row_log(actor, "questionnaires.exhibit.cited", row, _said(row))
    return row


def _in_hand(actor: User, exhibit: Exhibit) -> Exhibit:
    require(actor, VERB, exhibit)
    reviewed_row(actor, exhibit.answer.request, REVIEWABLE)
    row = Exhibit.objects.select_for_update(of=("self",)).select_related("artifact", "answer__request", "invitation").get(pk=exhibit.pk)
    if row.removed_at is not None:
        raise InvalidState("The respondent took this file back.")
    if row.origin == ExhibitOrigin.ATTACHED and actor.pk in (row.added_by_id, row.invitation.user_id if row.invitation else None):
        raise NotAllowed("You attached this file yourself. Somebody else has to look at it.")
    return row


def _moved(actor: User, row: Exhibit, state: str, reason: str) -> Exhibit:
    row.state, row.state_reason = state, reason
    row.save(update_fields=["state", "state_reason"])
    row_log(actor, f"questionnaires.exhibit.{state}", row, {**_said(row), "reason": reason})
    return row


def _said(row: Exhibit) -> dict[str, str]:
    return {"request": str(row.answer.request_id), "question": row.answer.question, "artifact": row.artifact.sha256}


def _reason(raw: str) -> str:
    text = raw.strip()
    if len(text) > MOST_REASON:
        raise InvalidInput("reason", f"at most {MOST_REASON} characters")
    return text
