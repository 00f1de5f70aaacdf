"""What every write of a respondent begins with: the invitation lets them in, the question is theirs, and it may change."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from accounts.permissions import require
from core import clock
from core.errors import InvalidInput, InvalidState, NotAllowed
from inventory.rows import row_log
from questionnaires.document import Document, Question
from questionnaires.models import Answer, Invitation, QuestionnaireRequest, RequestState
from questionnaires.respondents import ENTERS, actor_behind, changeable, reopened_of, standing, within

VERB = "questionnaire.answer"
SHUT = {
    "not_sent": "This questionnaire is not sent yet.",
    "revoked": "This invitation no longer works.",
    "expired": "This invitation has expired.",
    "withdrawn": "This questionnaire was withdrawn; nothing needs to be answered.",
}


@dataclass(frozen=True)
class Entry:
    """A respondent inside a request that is locked until the transaction ends."""

    actor: User
    invitation: Invitation
    request: QuestionnaireRequest
    document: Document
    answers: Mapping[str, Answer]

    def question(self, key: str) -> Question:
        """The question with this key, if the invitation opens its section; ``InvalidInput`` otherwise, as for one that does not exist."""
        for section in self.document.sections:
            for question in section.questions:
                if question.id == key and within(self.invitation, section.id):
                    return question
        raise InvalidInput("question", "there is no such question in your part of the questionnaire")

    def need_changeable(self, question: Question) -> None:
        """``InvalidState`` unless the answer to ``question`` may change now."""
        given = self.answers.get(question.id)
        has = given is not None and (given.value is not None)
        if not changeable(self.request, question, has, reopened_of(list(self.answers.values()))):
            raise InvalidState(f"The answers were submitted, so this one cannot change. Ask {self.request.owner} to reopen it.")

    def log(self, action: str, payload: Mapping[str, Any]) -> None:
        """Enter in the log, with the invitation named by its key."""
        row_log(self.actor, action, self.request, {"invitation": str(self.invitation.pk), **payload})


def entered(actor: User, invitation: Invitation) -> Entry:
    """Lock the request and read everything anew; ``NotAllowed`` when ``actor`` is not who stands behind the invitation, ``InvalidState`` when it is shut."""
    related = ("version__template", "owner", "vendor")
    request = QuestionnaireRequest.objects.select_for_update(of=("self",)).select_related(*related).get(pk=invitation.request_id)
    require(actor, VERB, request)
    row = Invitation.objects.select_related("user").get(pk=invitation.pk)
    row.request = request
    if actor_behind(row).pk != actor.pk:
        raise NotAllowed("This invitation is somebody else's.")
    # A link that was renewed since this browser entered by it is another link.
    if row.token_hash != invitation.token_hash:
        raise InvalidState("This link was replaced by a new one. Use the newest link you were given.")
    word = standing(row, request, clock.now())
    if word not in ENTERS:
        raise InvalidState(f"{SHUT[word]} Ask {request.owner} if you have questions.")
    answers = {found.question: found for found in Answer.objects.filter(request=request)}
    for found in answers.values():
        found.request = request
    return Entry(actor, row, request, request.version.parsed(), answers)


def began(entry: Entry) -> None:
    """Note when the respondent was here; the first one of all makes the request “being answered”."""
    now = clock.now()
    entry.invitation.last_seen_at = now
    entry.invitation.first_seen_at = entry.invitation.first_seen_at or now
    entry.invitation.save(update_fields=["first_seen_at", "last_seen_at"])
    if entry.request.state == RequestState.SENT:
        entry.request.state = RequestState.OPENED
        entry.request.save(update_fields=["state"])
        entry.log("questionnaires.request.opened", {})
