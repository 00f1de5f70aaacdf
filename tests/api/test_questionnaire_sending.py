"""Questionnaires sent over the API: from a draft to a link that is shown once, campaigns, reminders, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts.models import IdempotentRequest, Role, User
from accounts.permissions import SCOPES
from core import clock
from decisions.tasks import send_notices
from evidence.models import LedgerEntry
from inventory.models import Vendor
from questionnaires.models import Campaign, Invitation, QuestionnaireRequest, RequestState, TemplateVersion
from tests import factories
from tests.api.base.test_answers import assert_problem
from tests.api.caller import Api, token_of
from tests.questionnaires import review_rows as rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(admin: User) -> TemplateVersion:
    return factories.questionnaire_version(admin)


@pytest.fixture
def vendor(admin: User) -> Vendor:
    return factories.vendor(admin)


def day(ahead: int) -> str:
    return (clock.now().date() + timedelta(days=ahead)).isoformat()


def wish(version: TemplateVersion, **more: Any) -> dict[str, Any]:
    return {"template_version": str(version.pk), "due_on": day(20), **more}


def drafted(api: Api, version: TemplateVersion, vendor: Vendor) -> Any:
    made = api.post("questionnaires", wish(version, vendor=str(vendor.pk), message="Before we renew."))
    assert made.status_code == 201, made.content
    return made.json()


def opens(link: str) -> bool:
    """Whether a browser that never was here comes in by ``link``."""
    return b"Before we renew." in Client().get(link.removeprefix("http://testserver"), follow=True).content


def test_from_a_draft_to_answers_awaited(api: Api, admin: User, version: TemplateVersion, vendor: Vendor) -> None:
    draft = drafted(api, version, vendor)
    assert (draft["state"], draft["owner"], draft["answers"], draft["questionnaire_digest"]) == ("draft", str(admin.pk), [], version.digest)
    at = f"questionnaires/{draft['id']}"
    assert "invited" in assert_problem(api.post(f"{at}/send"), 409)["detail"]
    invited = api.post("questionnaire-invitations", {"questionnaire": draft["id"], "name": "Security desk", "email": "desk@models.example"})
    assert (invited.status_code, invited.json()["standing"], opens(invited.json()["link"])) == (201, "not_sent", False)
    assert (api.post(f"{at}/send").json()["state"], opens(invited.json()["link"])) == ("sent", True)
    assert api.get(f"questionnaire-invitations?questionnaire={draft['id']}").json()["items"][0]["standing"] == "open"
    assert api.post(f"{at}/due", {"due_on": day(40)}).json()["due_on"] == day(40)
    assert assert_problem(api.post(f"{at}/due", {"due_on": day(-1)}), 422)["field"] == "due_on"
    assert api.post(f"{at}/withdraw", {"reason": "The contract ended."}).json()["state"] == "withdrawn"
    actions = set(LedgerEntry.objects.filter(subject__endswith=draft["id"]).values_list("action", flat=True))
    assert {f"questionnaires.request.{word}" for word in ("created", "sent", "due_changed", "withdrawn")} <= actions


def test_a_link_is_in_one_answer_and_nowhere_else(api: Api, admin: User, version: TemplateVersion, vendor: Vendor) -> None:
    draft = drafted(api, version, vendor)
    body = {"questionnaire": draft["id"], "name": "Security desk", "days": 10}
    first = api.post("questionnaire-invitations", body, idempotency_key="one").json()
    again = api.post("questionnaire-invitations", body, idempotency_key="one")
    assert (again.json(), again["Idempotent-Replayed"], Invitation.objects.count()) == ({**first, "link": None}, "true", 1)
    api.post(f"questionnaires/{draft['id']}/send")
    at = f"questionnaire-invitations/{first['id']}"
    renewed = api.post(f"{at}/renew", {"days": 5}, idempotency_key="two").json()
    assert (opens(first["link"]), opens(renewed["link"])) == (False, True)
    assert "link" not in api.get(at).json()
    kept = [entry.leaf for entry in LedgerEntry.objects.all()] + [bytes(row.body).decode() for row in IdempotentRequest.objects.all()]
    assert not any(made["link"].rpartition("/e/")[2].split("/")[-1] in text or "assay_q_" in text for text in kept for made in (first, renewed))
    assert api.post(f"{at}/revoke").json()["standing"] == "revoked"
    assert not opens(renewed["link"])
    assert_problem(api.post(f"{at}/renew"), 409)


def test_an_account_is_invited_without_a_link(api: Api, admin: User, version: TemplateVersion, vendor: Vendor) -> None:
    draft = drafted(api, version, vendor)
    person, other = factories.user(Role.VENDOR, of=factories.home(admin)), factories.user(Role.VENDOR)
    body = {"questionnaire": draft["id"], "name": "Their engineer"}
    made = api.post("questionnaire-invitations", {**body, "account": str(person.pk)}).json()
    assert (made["account"], made["link"]) == (str(person.pk), None)
    assert assert_problem(api.post("questionnaire-invitations", {**body, "account": str(other.pk)}), 422)["field"] == "account"


def test_a_campaign_writes_to_all_or_to_none(api: Api, admin: User, version: TemplateVersion, vendor: Vendor) -> None:
    other, foreign = factories.vendor(admin), factories.vendor(factories.user())
    body = wish(version, name="Yearly review", vendors=[str(vendor.pk), str(other.pk), str(foreign.pk)])
    assert assert_problem(api.post("questionnaire-campaigns", body), 422)["field"] == "vendors"
    assert not Campaign.objects.exists()
    made = api.post("questionnaire-campaigns", {**body, "vendors": body["vendors"][:2]})
    assert made.status_code == 201
    assert {(row["vendor"], row["state"]) for row in made.json()["questionnaires"]} == {(str(vendor.pk), "draft"), (str(other.pk), "draft")}
    assert len(api.get(f"questionnaires?campaign={made.json()['id']}").json()["items"]) == 2
    assert [row["name"] for row in api.get("questionnaire-campaigns?name=yearly").json()["items"]] == ["Yearly review"]


def test_a_campaign_is_sent_as_far_as_it_can_and_once(api: Api, admin: User, version: TemplateVersion, vendor: Vendor) -> None:
    other = factories.vendor(admin)
    made = api.post("questionnaire-campaigns", wish(version, name="Yearly review", vendors=[str(vendor.pk), str(other.pk)])).json()
    drafts = {row["vendor"]: row["questionnaire"] for row in made["questionnaires"]}
    api.post("questionnaire-invitations", {"questionnaire": drafts[str(vendor.pk)], "name": "Security desk"})
    at = f"questionnaire-campaigns/{made['id']}/send"
    first, again = api.post(at).json(), api.post(at).json()
    assert (first["sent"], again["sent"]) == ([drafts[str(vendor.pk)]], [])
    assert [(row["questionnaire"], row["vendor"]) for row in first["left"]] == [(drafts[str(other.pk)], str(other.pk))]
    assert "invite" in first["left"][0]["reason"].lower()
    assert again["left"] == first["left"]
    assert_problem(Api(token_of(factories.user(), *SCOPES)).post(at), 404)


def test_reminders_go_out_once_a_day_and_without_the_link(api: Api, admin: User) -> None:
    row = factories.questionnaire_request(admin)
    _, token = factories.questionnaire_invitation(admin, row, email="desk@models.example")
    assert [api.post(f"questionnaires/{row.pk}/remind").json() for _ in range(2)] == [{"mails": 1}, {"mails": 0}]
    assert mail.outbox == [], "a worker sends them"
    assert send_notices() == 1
    assert [sent.to for sent in mail.outbox] == [["desk@models.example"]]
    assert token not in str(mail.outbox[0].message())
    draft = factories.questionnaire_request(admin, sent=False)
    assert_problem(api.post(f"questionnaires/{draft.pk}/remind"), 409)


def test_a_reminder_that_is_undone_sends_nothing(api: Api, admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    row = factories.questionnaire_request(admin)
    factories.questionnaire_invitation(admin, row, email="desk@models.example")
    at, key = f"questionnaires/{row.pk}/remind", {"idempotency_key": "one"}

    kept = IdempotentRequest.save

    def full(row: IdempotentRequest, **options: Any) -> None:
        if "update_fields" in options:
            raise OSError("the disk is full when the answer is kept")
        kept(row, **options)

    with monkeypatch.context() as patch:
        patch.setattr(IdempotentRequest, "save", full)
        assert api.post(at, **key).status_code == 500
    assert mail.outbox == []
    assert send_notices() == 0
    assert [api.post(at, **key).json() for _ in range(2)] == [{"mails": 1}, {"mails": 1}]
    assert (send_notices(), len(mail.outbox)) == (1, 1)


def test_a_comment_is_for_colleagues_or_respondents_as_it_says(api: Api, admin: User) -> None:
    row = factories.questionnaire_request(admin)
    body = {"questionnaire": str(row.pk), "text": "Which model is this about?"}
    assert assert_problem(api.post("questionnaire-comments", body), 422)["field"] == "internal"
    for internal in (True, False):
        assert api.post("questionnaire-comments", {**body, "internal": internal}).json()["by"] == str(admin.pk)
    assert [found["internal"] for found in api.get(f"questionnaire-comments?questionnaire={row.pk}&internal=false").json()["items"]] == [False]
    assert assert_problem(api.post("questionnaire-comments", {**body, "internal": True, "question": "nothing"}), 422)["field"] == "question"
    assert not LedgerEntry.objects.filter(leaf__contains="Which model").exists()


def test_a_customers_questionnaire_cannot_be_sent_or_withdrawn(api: Api, admin: User) -> None:
    key = rows.inbound_values(admin)["inbound_id"]
    for act, body in (("send", {}), ("due", {"due_on": day(50)}), ("remind", {}), ("withdraw", {"reason": "No."})):
        assert_problem(api.post(f"questionnaires/{key}/{act}", body), 404)
    assert assert_problem(api.post("questionnaire-invitations", {"questionnaire": str(key), "name": "A"}), 422)["field"] == "questionnaire"
    row = QuestionnaireRequest.objects.get(pk=key)
    assert (row.state, row.invitations.count()) == (RequestState.OPENED, 0)


def test_a_body_cannot_reach_into_another_register(api: Api, admin: User, version: TemplateVersion, vendor: Vendor) -> None:
    stranger = factories.user()
    foreign = {
        "vendor": factories.vendor(stranger).pk,
        "template_version": factories.questionnaire_version(stranger).pk,
        "owner": stranger.pk,
        "model_version": factories.version(stranger).pk,
        "system": factories.system(stranger).pk,
    }
    for field, key in foreign.items():
        answer = api.post("questionnaires", wish(version, **{"vendor": str(vendor.pk), field: str(key)}))
        assert assert_problem(answer, 422)["field"] == field
    assert not QuestionnaireRequest.objects.exists()


def test_a_program_names_the_person_whom_respondents_ask(admin: User, version: TemplateVersion, vendor: Vendor) -> None:
    from api.v1.questionnaires.wishes import wish_of
    from core.errors import InvalidInput

    program = factories.service_account(admin)
    with pytest.raises(InvalidInput, match="name the person"):
        wish_of(program, vendor.organisation_id, {"template_version": version.pk, "due_on": clock.now().date()})
