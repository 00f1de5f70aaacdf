"""The review in the browser: what it shows, what a verdict leads to, filters, differences, files that are only ever fetched."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Role, User
from questionnaires.document import document_read
from questionnaires.models import Answer, AnswerRevision, Comment, Exhibit, ExhibitState, QuestionnaireRequest, RequestState
from tests import factories
from tests.questionnaires import review_rows as rows
from web.reviews.words import word_diff

pytestmark = pytest.mark.django_db
WHY = {"reason": "The contract says so."}


@pytest.fixture
def row(admin: User) -> QuestionnaireRequest:
    return rows.request(admin)


def page(row: QuestionnaireRequest) -> str:
    return reverse("web:questionnaire-review", args=[row.pk])


def act(name: str, row: QuestionnaireRequest, key: str) -> str:
    return reverse(f"web:{name}", args=[row.pk, key])


def text(client: Client, address: str, **query: str) -> str:
    return client.get(address, query).content.decode()


def test_the_page_opens_at_the_first_answer_that_waits_and_shows_what_follows(admin_client: Client, admin: User) -> None:
    body = text(admin_client, page(rows.request(admin, {"headline": "no", "method": "Two probes."})))
    assert "Could we audit this model after an incident?</h2>" in body
    assert "0 of 2 answers judged" in body
    assert "Cannot be audited" in body
    assert "Later claims cannot be checked." in body
    assert 'data-copy="Audit access\nThe supplier grants access within 24 hours."' in body
    assert "<svg" in body


def test_a_verdict_leads_to_the_next_answer_that_waits(admin_client: Client, row: QuestionnaireRequest) -> None:
    answer = admin_client.post(act("answer-judge", row, "hours"), {"verdict": "accepted", "revision": 1, **WHY})
    assert answer.headers["Location"] == f"{page(row)}?question=method#answer"
    answer = admin_client.post(act("answer-judge", row, "method"), {"verdict": "accepted", "points": "3", "revision": 1, "show": "unjudged", **WHY})
    assert answer.headers["Location"] == f"{page(row)}?question=headline&show=unjudged#answer"
    assert {found.verdict for found in Answer.objects.filter(question__in=("hours", "method"))} == {"accepted"}
    assert "25 %</strong> confirmed" in text(admin_client, page(row))


@pytest.mark.parametrize(
    ("key", "data", "error"),
    [
        ("headline", {"verdict": "rejected"}, "what is wrong or missing"),
        ("headline", {"verdict": "accepted"}, "say why the word alone is enough"),
        ("method", {"verdict": "accepted", **WHY}, "Choose one of: 0, 1, 3"),
        ("headline", {"verdict": "accepted", "revision": 7, **WHY}, "changed since you opened the page"),
    ],
)
def test_a_refused_verdict_keeps_what_was_typed(admin_client: Client, row: QuestionnaireRequest, key: str, data: dict[str, object], error: str) -> None:
    answer = admin_client.post(act("answer-judge", row, key), {"revision": 1, **data})
    body = answer.content.decode()
    assert answer.status_code == 422
    assert error in body
    assert str(data.get("reason", "")) in body
    assert not Answer.objects.exclude(verdict="").exists()


def test_filters_count_and_show_their_questions(admin_client: Client, admin: User) -> None:
    row = rows.reviewed(admin, {"headline": "partly", "hours": 3})
    Answer.objects.filter(request=row, question="hours").update(verdict="needs_evidence")
    file = rows.exhibit(admin, rows.answer_of(row, "headline"), ExhibitState.REFUSED)
    assert file.state == "refused"
    found = {show: text(admin_client, page(row), show=show) for show in ("needs_evidence", "stale", "problem", "watched", "unjudged")}
    assert "Within how many hours?" in found["needs_evidence"]
    assert "was refused after the answer was accepted" in found["stale"]
    assert "Stale 1</a>" in found["stale"]
    assert "Raises a problem 1</a>" in found["problem"]
    assert "<strong>clause</strong>: the contract should say: Audit access" in found["problem"]
    assert "Only watched 0</a>" in found["watched"]
    assert "No question is in this state" in found["unjudged"]


def test_what_was_said_before_stands_beside_it_word_by_word(admin_client: Client, row: QuestionnaireRequest) -> None:
    answer = rows.answer_of(row, "method")
    AnswerRevision.objects.create(answer=answer, number=1, value="Two graphs were compared.", verdict="needs_evidence", verdict_reason="Which?")
    body = text(admin_client, page(row), question="method")
    assert "Two <del>graphs</del><ins>probes</ins> were compared." in body
    assert "judged “needs evidence”: Which?" in body


def test_the_vendors_last_answers_are_the_comparison_of_a_new_request(admin_client: Client, admin: User) -> None:
    version = rows.template_version(admin)
    old = rows.reviewed(admin, {"headline": "yes", "hours": 48}, version=version)
    new = rows.request(admin, {"headline": "yes", "hours": 24}, version=version, vendor=old.vendor, previous=old)
    assert "<del>48</del><ins>24</ins> hours" in text(admin_client, page(new), question="hours")
    assert "the same" in text(admin_client, page(new), question="headline")


@pytest.mark.parametrize(
    ("before", "after", "parts"),
    [
        ("", "a", [("new", "a")]),
        ("a b", "a b", [("same", "a b")]),
        ("a b c", "a c", [("same", "a "), ("gone", "b "), ("same", "c")]),
        ("x", "y", [("gone", "x"), ("new", "y")]),
        ("w " * 3000, "v " * 3000, [("gone", "w " * 3000), ("new", "v " * 3000)]),
    ],
)
def test_differences_put_both_texts_together(before: str, after: str, parts: list[tuple[str, str]]) -> None:
    assert word_diff(before, after) == parts


def test_a_file_is_fetched_and_never_shown_and_in_quarantine_only_by_reviewers(
    admin_client: Client, as_role: Callable[[str], Client], admin: User, row: QuestionnaireRequest, stranger: Client
) -> None:
    file = rows.exhibit(admin, rows.answer_of(row, "report"), artifact=rows.artifact(admin, b"<script>alert(1)</script>", name="a.html"))
    address, auditor = reverse("web:exhibit-download", args=[file.pk]), as_role(Role.AUDITOR)
    answer = admin_client.get(address)
    assert b"".join(answer.streaming_content) == b"<script>alert(1)</script>"  # type: ignore[attr-defined]
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert (answer.headers["Content-Type"], answer.headers["X-Content-Type-Options"]) == ("application/octet-stream", "nosniff")
    assert (auditor.get(address).status_code, stranger.get(address).status_code) == (403, 404)
    admin_client.post(reverse("web:exhibit-release", args=[file.pk]), {"reason": "Looked at it."})
    assert auditor.get(address).status_code == 200
    admin_client.post(reverse("web:exhibit-refuse", args=[file.pk]), {"reason": "Another product."})
    assert Exhibit.objects.get().state == ExhibitState.REFUSED


def test_citing_commenting_and_reopening_from_the_page(admin_client: Client, admin: User, row: QuestionnaireRequest) -> None:
    file = rows.artifact(admin)
    assert admin_client.post(act("evidence-cite", row, "method"), {"sha256": file.sha256}).status_code == 302
    assert "In the evidence store".lower() in text(admin_client, page(row), question="method")
    assert admin_client.post(act("evidence-cite", row, "method"), {"sha256": "nothing"}).status_code == 422
    admin_client.post(act("review-comment", row, "method"), {"text": "Which probes?"})
    assert (Comment.objects.get().internal, "respondent sees it" in text(admin_client, page(row), question="method")) == (False, True)
    assert admin_client.post(act("answer-reopen", row, "method"), {"reason": ""}).status_code == 422
    told = admin_client.post(act("answer-reopen", row, "method"), {"reason": "Name them."}, follow=True)
    assert "Nobody can be told by mail" in told.content.decode()
    body = text(admin_client, page(row), question="method")
    assert "Open again since" in body
    assert "Enter the verdict" not in body


def test_closing_asks_about_each_answer_that_waits(admin_client: Client, row: QuestionnaireRequest) -> None:
    address = reverse("web:review-close", args=[row.pk])
    assert "Within how many hours? (hours)" in text(admin_client, address)
    assert admin_client.post(address, {"left": ["hours"]}).status_code == 422
    answer = admin_client.post(address, {"left": ["headline", "hours", "method"], **WHY}, follow=True)
    assert "The review is closed" in answer.content.decode()
    row.refresh_from_db()
    assert row.state == RequestState.REVIEWED


def test_an_auditor_reads_and_judges_nothing(as_role: Callable[[str], Client], row: QuestionnaireRequest) -> None:
    auditor = as_role(Role.AUDITOR)
    body = text(auditor, page(row))
    assert "Could we audit this model" in body
    assert "Enter the verdict" not in body
    assert auditor.post(act("answer-judge", row, "headline"), {"verdict": "accepted", "revision": 1, **WHY}).status_code == 403


def test_strangers_find_nothing(stranger: Client, admin_client: Client, row: QuestionnaireRequest) -> None:
    assert stranger.get(page(row)).status_code == 404
    assert stranger.post(act("answer-judge", row, "headline"), {"verdict": "accepted", "revision": 1, **WHY}).status_code == 404
    assert admin_client.get(reverse("web:questionnaire-review", args=[uuid4()])).status_code == 404
    assert admin_client.get(act("answer-judge", row, "colour")).status_code == 404


def test_the_page_costs_the_same_for_thirty_questions(admin_client: Client, admin: User) -> None:
    def cost(row: QuestionnaireRequest) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert admin_client.get(page(row)).status_code == 200
        return len(seen)

    many = [{"id": f"q{n}", "text": f"Question {n}?", "type": "text"} for n in range(30)]
    document = document_read({"format": "urn:assay:questionnaire:v1", "title": "Long", "sections": [{"id": "s", "title": "S", "questions": many}]})
    few, long = ({f"q{n}": "x" for n in range(most)} for most in (2, 30))
    version = rows.template_version(admin, document=document.stored())
    requests = [rows.request(admin, answers, version=version) for answers in (few, long)]
    for row in requests:
        for answer in Answer.objects.filter(request=row):
            rows.exhibit(admin, answer, ExhibitState.RELEASED)
    cost(requests[0])
    assert cost(requests[0]) == cost(requests[1])


def test_comparison_puts_answers_side_by_side_and_names_who_is_absent(admin_client: Client, admin: User) -> None:
    version = rows.template_version(admin)
    one, two = rows.reviewed(admin, version=version), rows.request(admin, {"headline": "no"}, version=version)
    other = rows.request(admin)
    address = reverse("web:questionnaire-compare")
    assert str(one.vendor) in text(admin_client, address)
    body = admin_client.get(address, {"version": str(version.pk), "vendor": [one.vendor_id, two.vendor_id, other.vendor_id]}).content.decode()
    assert "nothing was submitted on this version: " + str(other.vendor) in body
    assert "50 %, 50 %" in body
    assert "Not asked" in body, "the hours are hidden where there is no audit"
    assert admin_client.get(address, {"version": str(version.pk), "vendor": [one.vendor_id]}).status_code == 422


def test_comparison_without_rows_says_the_next_step(admin_client: Client) -> None:
    assert "There is nothing to compare yet" in text(admin_client, reverse("web:questionnaire-compare"))


def test_people_without_the_register_of_others_are_not_offered_them(admin_client: Client) -> None:
    foreign = rows.request(factories.user(Role.ADMINISTRATOR))
    assert str(foreign.vendor) not in text(admin_client, reverse("web:questionnaire-compare"))
