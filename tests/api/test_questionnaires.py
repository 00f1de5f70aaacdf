"""Questionnaires by the API: what is shown, what is not, filters, the same number of queries for many."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Role, User
from questionnaires.models import Comment, ExhibitState
from tests import factories
from tests.questionnaires import review_rows as rows

pytestmark = pytest.mark.django_db
BASE = "/api/v1/questionnaires"


@pytest.fixture
def browser(admin: User, client: Client) -> Client:
    client.force_login(admin)
    return client


def test_a_request_says_what_was_asked_submitted_and_confirmed(admin: User, browser: Client) -> None:
    row = rows.reviewed(admin)
    found = browser.get(BASE, {"vendor": str(row.vendor_id)}).json()["items"][0]
    assert (found["id"], found["claimed"], found["confirmed"], found["current"]) == (str(row.pk), 50.0, 50.0, True)
    assert (found["questionnaire_digest"], found["submission_digest"]) == (row.version.digest, row.submission.sha256)
    assert browser.get(BASE, {"vendor": str(factories.vendor(admin).pk)}).json()["items"] == []
    assert browser.get(BASE, {"state": "odd"}).status_code == 422


def test_the_whole_has_answers_with_verdicts_and_digests_and_no_comments(admin: User, browser: Client) -> None:
    row = rows.reviewed(admin)
    file = rows.exhibit(admin, rows.answer_of(row, "method"), ExhibitState.REFUSED)
    Comment.objects.create(request=row, text="Between us.", internal=True, by=admin)
    answer = browser.get(f"{BASE}/{row.pk}")
    found = {item["question"]: item for item in answer.json()["answers"]}
    assert (found["headline"]["value"], found["headline"]["verdict"], found["headline"]["stale"]) == ("yes", "accepted", [])
    shown = {"name": "report.pdf", "sha256": file.artifact.sha256, "origin": "attached", "state": "refused", "size": file.artifact.size}
    assert shown.items() <= found["method"]["files"][0].items()
    assert (found["headline"]["asked"], found["headline"]["text"]) == ("Could we audit this model after an incident?", "Yes")
    assert "refused" in found["method"]["stale"][0]
    assert answer.json()["confirmed"] == 25.0
    assert b"Between us" not in answer.content


def test_the_history_of_scores_is_listed_by_vendor(admin: User, browser: Client) -> None:
    row = rows.reviewed(admin)
    found = browser.get(f"{BASE}/scores", {"vendor": str(row.vendor_id)}).json()["items"]
    assert [(item["reason"], item["confirmed"]) for item in found] == [("reviewed", 50.0), ("submitted", 0.0)]


def test_strangers_see_nothing(admin: User) -> None:
    row = rows.reviewed(admin)
    browser = Client()
    browser.force_login(factories.user(Role.ADMINISTRATOR))
    assert browser.get(BASE).json()["items"] == []
    assert browser.get(f"{BASE}/{row.pk}").status_code == 404


def test_queries_do_not_grow_with_the_rows(admin: User, browser: Client) -> None:
    def one() -> None:
        version = factories.version(admin)
        row = rows.reviewed(admin, vendor=version.model.vendor, model_version=version)
        rows.exhibit(admin, rows.answer_of(row, "method"), ExhibitState.REFUSED)

    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert browser.get(BASE).status_code == 200
        return len(seen)

    one()
    cost()
    few = cost()
    one()
    one()
    assert cost() == few
