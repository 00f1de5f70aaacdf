"""A sent request and somebody who may answer it."""

from dataclasses import dataclass
from typing import Any

import pytest

from accounts.models import User
from questionnaires.models import Answer, Invitation, QuestionnaireRequest
from questionnaires.respondents import actor_behind, invitation_of
from questionnaires.services.answering import answer_write, exhibit_attach
from questionnaires.services.submitting import answers_submit
from tests import factories
from tests.questionnaires.files import PDF, stream


@dataclass
class Guest:
    """A respondent by link, who does what the pages do."""

    token: str

    @property
    def who(self) -> dict[str, Any]:
        """Actor and invitation, as a page finds them."""
        invitation = invitation_of(self.token)
        assert invitation is not None
        return {"actor": actor_behind(invitation), "invitation": invitation}

    @property
    def invitation(self) -> Invitation:
        found: Invitation = self.who["invitation"]
        return found

    def write(self, question: str, raw: Any, seen: int | None = None) -> Answer:
        return answer_write(**self.who, question=question, raw=raw, seen=seen)

    def complete(self) -> None:
        """Everything that is required."""
        self.write("level", "weights")
        exhibit_attach(**self.who, question="card", name="card.pdf", stream=stream(PDF))

    def submit(self) -> Any:
        return answers_submit(**self.who)


@pytest.fixture
def asked(admin: User) -> QuestionnaireRequest:
    return factories.questionnaire_request(admin)


@pytest.fixture
def guest(admin: User, asked: QuestionnaireRequest) -> Guest:
    return Guest(factories.questionnaire_invitation(admin, asked, email="respondent@example.org")[1])
