"""Calls of reviewers. Their verb is in no scope: a token cannot judge, a signed-in person does."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse

from accounts.models import User
from api.v1.base.rendering import answer
from api.v1.base.rows import Values
from api.v1.base.views import ActionView
from api.v1.questionnaires.bodies import CiteBody, CloseBody, JudgeBody, RefuseBody, ReleaseBody, ReopenBody
from api.v1.questionnaires.sending import VendorAction
from api.v1.questionnaires.serializers import AnswerFileRow, QuestionnaireWhole, file_shown
from core.errors import InvalidInput, NotFound
from questionnaires.models import Answer, Exhibit, QuestionnaireRequest
from questionnaires.services import exhibits, reviews


class QuestionnaireJudge(VendorAction):
    """A verdict."""

    out, body = QuestionnaireWhole, JudgeBody

    def act(self, actor: User, row: QuestionnaireRequest, data: Values) -> None:
        """Say what one revision of an answer is worth, signed in: no token does. Never by whoever gave the answer."""
        reviews.answer_judge(actor=actor, answer=_answer(row, data.pop("question")), **data)


class QuestionnaireReopen(VendorAction):
    """An answer that may change again."""

    out, body = QuestionnaireWhole, ReopenBody

    def act(self, actor: User, row: QuestionnaireRequest, data: Values) -> None:
        """Let the respondent change this one answer, signed in: no token does. Its verdict no longer counts, and a closed review is open again."""
        reviews.answer_reopen(actor=actor, request=row, question=data["question"], reason=data["reason"])


class QuestionnaireCite(VendorAction):
    """Evidence behind an answer."""

    out, body = QuestionnaireWhole, CiteBody

    def act(self, actor: User, row: QuestionnaireRequest, data: Values) -> None:
        """Put a file of the evidence store behind an answer, by its digest, signed in: no token does."""
        exhibits.evidence_cite(actor=actor, answer=_answer(row, data.pop("question")), **data)


class QuestionnaireClose(VendorAction):
    """The end of a review."""

    out, body = QuestionnaireWhole, CloseBody

    def act(self, actor: User, row: QuestionnaireRequest, data: Values) -> None:
        """Close the review, signed in: no token does. Every answer must be judged, or left on purpose with a reason."""
        wish = {name: value for name, value in data.items() if value is not None}
        reviews.review_close(actor=actor, request=row, **wish)


class FileAction(ActionView):
    """Something done with a file behind an answer."""

    out, noun = AnswerFileRow, "file"

    def move(self, actor: User, row: Exhibit, data: Values) -> Exhibit:
        """Call the service."""
        raise NotImplementedError

    def _done(self, actor: User, key: UUID, data: Values) -> HttpResponse:
        related = ("artifact", "answer__request")
        row = Exhibit.objects.visible_to(actor).filter(removed_at__isnull=True).select_related(*related).filter(pk=key).first()
        if row is None:
            raise NotFound("There is no such file in your register.")
        return answer(file_shown(self.move(actor, row, data)))


class FileRelease(FileAction):
    """The end of a quarantine."""

    body = ReleaseBody

    def act(self, actor: User, row: Any, data: Values) -> None:
        """Let a file out of quarantine, signed in: no token does. A person looked at it and it may be opened."""

    def move(self, actor: User, row: Exhibit, data: Values) -> Exhibit:
        """See ``act``."""
        return exhibits.exhibit_release(actor=actor, exhibit=row, **data)


class FileRefuse(FileAction):
    """A file that counts for nothing."""

    body = RefuseBody

    def act(self, actor: User, row: Any, data: Values) -> None:
        """Refuse a file, signed in: no token does. What rests on it goes stale."""

    def move(self, actor: User, row: Exhibit, data: Values) -> Exhibit:
        """See ``act``."""
        return exhibits.exhibit_refuse(actor=actor, exhibit=row, **data)


def _answer(row: QuestionnaireRequest, key: str) -> Answer:
    found = Answer.objects.select_related("request", "invitation").filter(request=row, question=key).first()
    if found is None:
        raise InvalidInput("question", "nothing stands against this question yet")
    return found
