"""Answering customers over the API, and the bytes of files that vendors sent."""

import base64
from typing import Any

import pytest
from django.test import Client

from accounts.models import Role, User
from evidence.models import LedgerEntry
from questionnaires.models import ExhibitOrigin, ExhibitState, QuestionnaireRequest
from questionnaires.services.exhibits import exhibit_refuse, exhibit_release
from tests import factories
from tests.api.base.test_answers import assert_problem
from tests.api.caller import ROOT, Api
from tests.questionnaires import review_rows as rows

pytestmark = pytest.mark.django_db
ASKED = b"Ref,Question\n1,Do you keep logs?\n2,For how long?\n"


def wish(**more: Any) -> dict[str, Any]:
    return {"customer": "Example Bank", "due_on": "2099-03-31", "file": base64.b64encode(ASKED).decode(), "column": "Question", **more}


def test_a_customers_file_is_answered_approved_by_somebody_else_and_opened_again(api: Api, admin: User) -> None:
    made = api.post("inbound-questionnaires", wish()).json()
    at = f"inbound-questionnaires/{made['id']}"
    assert [(line["asked"], line["revision"]) for line in made["lines"]] == [("Do you keep logs?", 0), ("For how long?", 0)]
    assert_problem(api.post("inbound-questionnaires", wish()), 409)
    first = api.post(f"{at}/answer", {"question": "q001", "value": "Yes.", "revision": 0}).json()
    assert (first["unanswered"], first["lines"][0]["text"], first["lines"][0]["revision"]) == (1, "Yes.", 1)
    assert_problem(api.post(f"{at}/answer", {"question": "q001", "value": "No.", "revision": 0}), 409)
    again = api.post(f"{at}/answer", {"question": "q001", "value": "Yes, every night.", "revision": 1}).json()
    assert (again["lines"][0]["text"], again["lines"][0]["revision"]) == ("Yes, every night.", 2)
    assert assert_problem(api.post(f"{at}/answer", {"question": "q009", "value": "No.", "revision": 0}), 422)["field"] == "question"
    unknown = api.post(f"{at}/answer", {"question": "q002", "value": "A year.", "citations": ["0" * 64], "revision": 0})
    assert assert_problem(unknown, 422)["field"] == "citations"
    digest = api.post(f"{at}/answer", {"question": "q002", "value": "A year.", "revision": 0}).json()["answers_digest"]
    assert "token" in assert_problem(api.post(f"{at}/approve", {"answers_digest": digest}), 403)["detail"]
    assert_problem(signed_in(admin, at, digest), 403)
    other = factories.user(Role.GOVERNANCE, of=factories.home(admin))
    assert_problem(signed_in(other, at, "0" * 64), 409)
    assert signed_in(other, at, digest).json()["state"] == "reviewed"
    assert_problem(api.post(f"{at}/answer", {"question": "q001", "value": "No.", "revision": 2}), 409)
    assert api.post(f"{at}/reopen", {"reason": "They asked again."}).json()["state"] == "opened"
    actions = list(LedgerEntry.objects.filter(action__startswith="questionnaires.inbound").values_list("action", flat=True))
    assert [action.rpartition(".")[2] for action in actions] == ["received", "answered", "answered", "answered", "approved", "reopened"]


def signed_in(person: User, at: str, digest: str) -> Any:
    browser = Client()
    browser.force_login(person)
    return browser.post(f"{ROOT}{at}/approve", {"answers_digest": digest}, content_type="application/json")


def test_what_cannot_be_taken_in_names_the_field_and_leaves_nothing(api: Api, admin: User) -> None:
    for more, field in (
        ({"due_on": "2020-01-01"}, "due_on"),
        ({"column": "Frage"}, "column"),
        ({"file": "no base64!"}, "file"),
        ({"version": str(admin.pk)}, "version"),
        ({"customer": " "}, "customer"),
    ):
        assert assert_problem(api.post("inbound-questionnaires", wish(**more)), 422)["field"] == field
    alone = {name: value for name, value in wish().items() if name not in ("file", "column")}
    assert assert_problem(api.post("inbound-questionnaires", alone), 422)["field"] == "file"
    assert not QuestionnaireRequest.objects.exists()
    assert not LedgerEntry.objects.filter(action__startswith="questionnaires").exists()


def test_reading_scopes_and_programs_answer_nobody(admin: User, scoped: Any) -> None:
    key = rows.inbound_values(admin)["inbound_id"]
    reader = scoped("questionnaires:read")
    assert_problem(reader.post("inbound-questionnaires", wish()), 403)
    assert_problem(reader.post(f"inbound-questionnaires/{key}/answer", {"question": "q001", "value": "Yes.", "revision": 0}), 403)


def test_a_files_bytes_are_handed_out_once_it_is_released(api: Api, admin: User) -> None:
    answer = rows.answer_of(rows.request(admin), "report")
    file = rows.exhibit(admin, answer, state=ExhibitState.QUARANTINED)
    at = f"questionnaire-files/{file.pk}/content"
    assert "quarantine" in assert_problem(api.get(at), 409)["detail"]
    exhibit_release(actor=admin, exhibit=file)
    sent = api.get(at)
    assert sent["ETag"] == f'"{file.artifact.sha256}"'
    assert (sent["Content-Type"], sent["X-Content-Type-Options"]) == ("application/octet-stream", "nosniff")
    assert sent["Content-Disposition"].startswith("attachment")
    assert b"".join(sent.streaming_content)  # type: ignore[attr-defined]
    assert api.get(at, if_none_match=sent["ETag"]).status_code == 304
    exhibit_refuse(actor=admin, exhibit=file, reason="It is another product's.")
    assert_problem(api.get(at), 409)


def test_a_cited_file_takes_the_scope_of_the_evidence_store_too(admin: User, scoped: Any) -> None:
    answer = rows.answer_of(rows.request(admin), "report")
    at = f"questionnaire-files/{rows.exhibit(admin, answer, ExhibitState.RELEASED, ExhibitOrigin.CITED).pk}/content"
    assert "evidence.read" in assert_problem(scoped("questionnaires:read").get(at), 403)["detail"]
    assert scoped("questionnaires:read", "evidence:read").get(at).status_code == 200
