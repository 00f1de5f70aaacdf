"""Who stands behind an invitation, whether it lets anybody in, and what of a questionnaire it opens."""

import secrets
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from accounts.models import Role, User
from accounts.tokens import hash_of
from core.errors import Conflict, InvalidState
from questionnaires.document import Question
from questionnaires.models import ANSWERABLE, Answer, Invitation, QuestionnaireRequest, RequestState
from questionnaires.rules import Value, asked_about

LEAD = "assay_q_"
"""Logs strike out everything that begins so."""

OPEN, NOT_SENT, SUBMITTED, REVIEWED, REVOKED, EXPIRED, WITHDRAWN = "open", "not_sent", "submitted", "reviewed", "revoked", "expired", "withdrawn"
ENTERS = frozenset({OPEN, SUBMITTED, REVIEWED})
"""Standings in which the pages open, if only to be read."""


class AnswerConflict(Conflict):
    """Somebody answered the same question in the meantime: what stands there, and what was refused."""

    def __init__(self, answer: Answer, offered: Value) -> None:
        super().__init__(f"“{answer.question}” was answered in the meantime by somebody else. Both answers are shown: keep one and save again.")
        self.answer, self.offered = answer, offered


def new_token() -> str:
    """A secret of 256 random bits."""
    return LEAD + secrets.token_urlsafe(32)


def invitation_of(token: str) -> Invitation | None:
    """The invitation that ``token`` opens, whatever its standing; None for a secret that nobody was given."""
    related = ("request__vendor", "request__owner", "request__organisation", "request__version__template", "user")
    return Invitation.objects.filter(token_hash=hash_of(token)).select_related(*related).first()


def service_actor(organisation_id: UUID) -> User:
    """The account in whose name holders of links write; the log names their invitation beside it."""
    found = User.objects.filter(is_service=True, is_active=True, memberships__organisation=organisation_id, memberships__role=Role.WORKER).first()
    if found is None:
        raise InvalidState("This installation has no service account for this register, so answers cannot be taken. Run set-up again.")
    return found


def actor_behind(invitation: Invitation) -> User:
    """Who writes when somebody answers under ``invitation``: their account, or the service account for a link."""
    return invitation.user if invitation.user is not None else service_actor(invitation.organisation_id)


def standing(invitation: Invitation, request: QuestionnaireRequest, now: datetime) -> str:
    """One of the words above: why the pages open or do not."""
    if invitation.revoked_at is not None:
        return REVOKED
    if request.state == RequestState.WITHDRAWN:
        return WITHDRAWN
    if now >= invitation.expires_at:
        return EXPIRED
    if request.state == RequestState.DRAFT:
        return NOT_SENT
    return {RequestState.SUBMITTED: SUBMITTED, RequestState.REVIEWED: REVIEWED}.get(RequestState(request.state), OPEN)


def within(invitation: Invitation, section: str) -> bool:
    """Whether ``invitation`` opens the section with this key."""
    return not invitation.sections or section in invitation.sections


def reopened_of(answers: Collection[Answer]) -> frozenset[str]:
    """Keys of the questions that a reviewer reopened."""
    return frozenset(row.question for row in answers if row.reopened_at is not None)


def changeable(request: QuestionnaireRequest, question: Question, given: bool, reopened: Collection[str]) -> bool:
    """Whether an answer may change: before the first submission any, after it a reopened one, or one that a reopened one brought up."""
    if request.state in ANSWERABLE and request.submitted_at is None:
        return True
    if request.state in (RequestState.WITHDRAWN, RequestState.DRAFT):
        return False
    if question.id in reopened:
        return True
    asked_because = set(asked_about(question.show_if)) if question.show_if else set()
    return not given and bool(asked_because & set(reopened))
