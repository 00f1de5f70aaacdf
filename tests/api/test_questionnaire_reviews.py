"""Judging answers over the API: by signed-in people alone, bound to the revision that was read, and never by whoever answered."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Role, User
from questionnaires.models import Answer, Exhibit, QuestionnaireRequest
from tests import factories
from tests.api.base.test_answers import assert_problem
from tests.api.caller import ROOT, Api
from tests.questionnaires import review_rows as rows

pytestmark = pytest.mark.django_db
WHY = "The contract says so."


@pytest.fixture
def row(admin: User) -> QuestionnaireRequest:
    return rows.request(admin)


def signed_in(person: User) -> Client:
    browser = Client()
    browser.force_login(person)
    return browser


def act(browser: Client, row: QuestionnaireRequest, what: str, **body: Any) -> Any:
    return browser.post(f"{ROOT}questionnaires/{row.pk}/{what}", body, content_type="application/json")


def verdict(key: str = "headline", **more: Any) -> dict[str, Any]:
    return {"question": key, "revision": 1, "verdict": "accepted", "reason": WHY, **more}


def test_no_token_judges_and_no_session_without_its_csrf_token(api: Api, admin: User, row: QuestionnaireRequest) -> None:
    file = rows.exhibit(admin, rows.answer_of(row, "report"))
    ways = [f"questionnaires/{row.pk}/{what}" for what in ("judge", "reopen", "cite", "close")]
    ways += [f"questionnaire-files/{file.pk}/{what}" for what in ("release", "refuse")]
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(admin)
    for way in ways:
        assert "token" in assert_problem(api.post(way, {}), 403)["detail"]
        assert_problem(browser.post(f"{ROOT}{way}", {}, content_type="application/json"), 403)
    assert not Answer.objects.exclude(verdict="").exists()


def test_an_answer_is_read_in_words_and_judged_by_its_revision(admin: User, row: QuestionnaireRequest) -> None:
    browser = signed_in(admin)
    shown = {item["question"]: item for item in browser.get(f"{ROOT}questionnaires/{row.pk}").json()["answers"]}
    assert (shown["hours"]["asked"], shown["hours"]["value"], shown["hours"]["text"]) == ("Within how many hours?", 24, "24 hours")
    assert_problem(act(browser, row, "judge", **verdict(revision=2)), 409)
    judged = act(browser, row, "judge", **verdict("method", points=1)).json()
    found = {item["question"]: item for item in judged["answers"]}["method"]
    assert (found["verdict"], found["points"], found["verdict_reason"]) == ("accepted", 1.0, WHY)
    assert judged["confirmed"] > 0
    assert assert_problem(act(browser, row, "judge", **verdict("report")), 422)["field"] == "question"
    assert assert_problem(act(browser, row, "judge", **verdict(verdict="rejected", reason="")), 422)["field"] == "reason"


def test_nobody_judges_an_answer_of_his_own_nor_a_stranger_any(admin: User, row: QuestionnaireRequest) -> None:
    colleague = factories.user(Role.GOVERNANCE, of=factories.home(admin))
    Answer.objects.filter(request=row).update(changed_by=colleague)
    assert "yourself" in assert_problem(act(signed_in(colleague), row, "judge", **verdict()), 403)["detail"]
    stranger = signed_in(factories.user())
    for what, body in (("judge", verdict()), ("reopen", {"question": "headline", "reason": WHY}), ("close", {})):
        assert_problem(act(stranger, row, what, **body), 404)
    file = rows.exhibit(admin, rows.answer_of(row, "report"))
    for what in ("release", "refuse"):
        assert_problem(stranger.post(f"{ROOT}questionnaire-files/{file.pk}/{what}", {"reason": WHY}, content_type="application/json"), 404)
    assert not Answer.objects.exclude(verdict="").exists()


def test_a_file_is_let_out_or_refused(admin: User, row: QuestionnaireRequest) -> None:
    browser, file = signed_in(admin), rows.exhibit(admin, rows.answer_of(row, "report"))
    at = f"{ROOT}questionnaire-files/{file.pk}"
    shown = browser.post(f"{at}/release", {}, content_type="application/json").json()
    assert (shown["state"], shown["sha256"], shown["size"], shown["media_type"]) == ("released", file.artifact.sha256, file.artifact.size, "application/pdf")
    assert assert_problem(browser.post(f"{at}/refuse", {}, content_type="application/json"), 422)["field"] == "reason"
    browser.post(f"{at}/refuse", {"reason": "Another product's."}, content_type="application/json")
    assert (Exhibit.objects.get(pk=file.pk).state, Exhibit.objects.get(pk=file.pk).state_reason) == ("refused", "Another product's.")


def test_evidence_is_cited_by_its_digest(admin: User, row: QuestionnaireRequest) -> None:
    browser, file = signed_in(admin), rows.artifact(admin)
    assert assert_problem(act(browser, row, "cite", question="method", sha256="00" * 32), 422)["field"] == "sha256"
    cited = act(browser, row, "cite", question="method", sha256=file.sha256, note="Section 4.").json()
    found = {item["question"]: item for item in cited["answers"]}["method"]["files"][0]
    assert (found["sha256"], found["origin"], found["state"], found["note"]) == (file.sha256, "cited", "released", "Section 4.")


def test_a_review_is_closed_and_one_answer_opened_again(admin: User, row: QuestionnaireRequest) -> None:
    browser = signed_in(admin)
    assert assert_problem(act(browser, row, "close"), 422)["field"] == "left"
    closed = act(browser, row, "close", left=["headline", "hours", "method"], reason="They are asked again.").json()
    assert (closed["state"], closed["valid_until"] is not None) == ("reviewed", True)
    opened = act(browser, row, "reopen", question="headline", reason="It is another model's.").json()
    found = {item["question"]: item for item in opened["answers"]}["headline"]
    assert (opened["state"], found["revision"], found["reopened_reason"]) == ("opened", 2, "It is another model's.")
    assert found["reopened_at"] is not None
