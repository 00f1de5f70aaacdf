"""A browser of a respondent, who came in by link."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from questionnaires.models import QuestionnaireRequest
from questionnaires.sitting import sitting_of
from tests import factories


class Guest:
    """A respondent's browser and the addresses of their request."""

    def __init__(self, request: QuestionnaireRequest, token: str, enter: bool = True, **options: Any) -> None:
        self.request, self.token, self.browser = request, token, Client(**options)
        if enter:
            assert self.enter().status_code == 302

    def enter(self) -> Any:
        return self.browser.get(reverse("web:portal-enter", args=[self.token]))

    def path(self, name: str = "overview", *arguments: Any) -> str:
        return reverse(f"web:portal-{name}", args=[self.request.pk, *arguments])

    def get(self, name: str = "overview", *arguments: Any, **more: Any) -> Any:
        return self.browser.get(self.path(name, *arguments), **more)

    def post(self, name: str, data: dict[str, Any] | None = None, *arguments: Any, **more: Any) -> Any:
        return self.browser.post(self.path(name, *arguments), data or {}, **more)

    def answers(self, section: str, data: dict[str, Any], **more: Any) -> Any:
        """Send a section's form; what it speaks about and what it showed follow from the names of the answers."""
        keys = {name.split("-")[1] for name in data if name[:2] in {"a-", "d-", "f-", "c-"}}
        asked = [question.id for part, question in sitting_of(self.request).asked() if part.id == section]
        found = {"shown": asked, **{f"seen-{key}": self.seen(key) for key in keys}, **data}
        return self.post("section", found, section, **more)

    def seen(self, key: str) -> int:
        row = self.request.answers.filter(question=key).first()
        return row.revision if row else 0


@pytest.fixture
def asked(admin: User) -> QuestionnaireRequest:
    return factories.questionnaire_request(admin, message="Please answer for the model we talked about.")


@pytest.fixture
def invite(admin: User, asked: QuestionnaireRequest) -> Callable[..., Guest]:
    def make(request: QuestionnaireRequest | None = None, enter: bool = True, **fields: Any) -> Guest:
        row = request or asked
        _, token = factories.questionnaire_invitation(admin, row, **fields)
        return Guest(row, token, enter)

    return make


@pytest.fixture
def guest(invite: Callable[..., Guest]) -> Guest:
    return invite(name="Robin Respondent")
