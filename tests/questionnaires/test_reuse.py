"""Reuse: which earlier answers fit, that they come in as reuse and without a verdict, and that nothing foreign, declined or changed does."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from core.errors import InvalidInput, InvalidState, NotAllowed
from evidence.models import LedgerEntry
from questionnaires.document import document_read
from questionnaires.models import Answer, ExhibitState, QuestionnaireRequest, RequestState
from questionnaires.services.reuse import answer_reuse, asked_digest, reuse_offers
from tests import factories
from tests.questionnaires import review_rows as rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def old(admin: User) -> QuestionnaireRequest:
    return rows.reviewed(admin)


def fresh(admin: User, old: QuestionnaireRequest, answers: dict[str, Any] | None = None, **fields: Any) -> QuestionnaireRequest:
    given = {"version": old.version, "vendor": old.vendor, "state": RequestState.OPENED, "submitted_at": None, **fields}
    return rows.request(admin, answers or {}, **given)


def changed(**fields: Any) -> dict[str, Any]:
    document = copy.deepcopy(rows.DOCUMENT)
    document["sections"][0]["questions"][0].update(fields)
    return document


def test_accepted_answers_to_open_questions_are_offered_and_taken_over_without_a_verdict(admin: User, old: QuestionnaireRequest) -> None:
    row = fresh(admin, old, {"hours": 12})
    assert [offer.question.id for offer in reuse_offers(row)] == ["headline", "method"]
    made = answer_reuse(actor=admin, request=row, source=rows.answer_of(old, "headline"))
    assert (made.value, made.verdict, made.points, made.reused_from) == ("yes", "", None, rows.answer_of(old, "headline"))
    assert rows.answer_of(row, "hours").value == 12
    assert LedgerEntry.objects.get(action="questionnaires.answer.reused").payload["source"] == str(rows.answer_of(old, "headline").pk)
    assert [offer.question.id for offer in reuse_offers(row)] == ["method"]


@pytest.mark.parametrize(
    ("fields", "fits"),
    [
        ({"help": "Think of an incident."}, True),
        ({"weight": 2}, True),
        ({"text": "Could we audit it?"}, False),
        ({"type": "single", "options": [{"id": key, "label": key.title()} for key in ("yes", "partly", "no")]}, False),
    ],
)
def test_only_the_same_question_fits_whatever_its_points(admin: User, old: QuestionnaireRequest, fields: dict[str, Any], fits: bool) -> None:
    row = fresh(admin, old, version=rows.template_version(admin, document=changed(**fields)))
    assert ("headline" in [offer.question.id for offer in reuse_offers(row)]) is fits


def test_the_digest_of_a_question_is_of_what_it_asks() -> None:
    before, after = (document_read(document).by_id["headline"] for document in (rows.DOCUMENT, changed(required=True)))
    assert asked_digest(before) == asked_digest(after)


def test_rejected_declined_and_foreign_answers_are_not_offered(admin: User, old: QuestionnaireRequest) -> None:
    Answer.objects.filter(request=old, question="headline").update(verdict="rejected")
    Answer.objects.filter(request=old, question="hours").update(value={"declined": "A secret."})
    row = fresh(admin, old)
    assert [offer.question.id for offer in reuse_offers(row)] == ["method"]
    for wrong in (rows.answer_of(old, "headline"), rows.answer_of(rows.reviewed(admin), "headline")):
        with pytest.raises(InvalidInput, match="source"):
            answer_reuse(actor=admin, request=row, source=wrong)


def test_a_stale_answer_is_offered_with_its_reason(admin: User, old: QuestionnaireRequest) -> None:
    rows.exhibit(admin, rows.answer_of(old, "method"), ExhibitState.REFUSED)
    offers = {offer.question.id: offer.stale for offer in reuse_offers(fresh(admin, old))}
    assert offers["headline"] == ()
    assert "refused" in offers["method"][0]


@pytest.mark.parametrize("fields", [{"state": RequestState.SUBMITTED}, {"state": RequestState.WITHDRAWN}])
def test_nothing_is_taken_over_after_submission(admin: User, old: QuestionnaireRequest, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidState):
        answer_reuse(actor=admin, request=fresh(admin, old, **fields), source=rows.answer_of(old, "headline"))


def test_a_role_without_the_verb_takes_nothing_over(admin: User, old: QuestionnaireRequest) -> None:
    with pytest.raises(NotAllowed):
        answer_reuse(actor=factories.user(Role.ASSESSOR, of=factories.home(admin)), request=fresh(admin, old), source=rows.answer_of(old, "headline"))


def test_the_page_takes_over_what_was_ticked_and_the_review_shows_it_as_reuse(client: Client, admin: User, old: QuestionnaireRequest) -> None:
    client.force_login(admin)
    row = fresh(admin, old)
    address = reverse("web:questionnaire-reuse", args=[row.pk])
    assert "Could we audit this model after an incident? “Yes” (accepted in" in client.get(address).content.decode()
    body = client.post(address, {"answers": [str(rows.answer_of(old, "headline").pk)]}, follow=True).content.decode()
    assert "1 answers taken over" in body
    assert "It still needs a verdict of its own." in client.get(reverse("web:questionnaire-review", args=[row.pk]), {"question": "headline"}).content.decode()
    assert client.post(address, {"answers": ["nothing"]}).status_code == 422
    assert (
        "fits a question"
        in client.get(reverse("web:questionnaire-reuse", args=[rows.request(admin, {}, state="opened", submitted_at=None).pk])).content.decode()
    )


def test_somebody_elses_request_is_not_found(stranger_client: Callable[[], Client], admin: User, old: QuestionnaireRequest) -> None:
    assert stranger_client().get(reverse("web:questionnaire-reuse", args=[fresh(admin, old).pk])).status_code == 404


@pytest.fixture
def stranger_client() -> Callable[[], Client]:
    def sign_in() -> Client:
        browser = Client()
        browser.force_login(factories.user(Role.ADMINISTRATOR))
        return browser

    return sign_in
