"""The staff pages: ask, invite, send, look, remind, withdraw; campaigns; the vendor's panel; how many queries."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Role, User
from core import clock
from decisions.tasks import send_notices
from questionnaires.models import Campaign, Comment, Invitation, QuestionnaireRequest, RequestState
from questionnaires.services.requests import Wish, campaign_start
from tests import factories
from web.questionnaires.campaigns import stage_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(admin: User) -> QuestionnaireRequest:
    return factories.questionnaire_request(admin)


def page(row: QuestionnaireRequest, name: str = "questionnaire-detail") -> str:
    return reverse(f"web:{name}", args=[row.pk])


def follow(client: Client, path: str, data: dict[str, Any]) -> Any:
    return client.post(path, data, follow=True)


def test_vendor_is_asked_invited_and_sent_to(admin: User, admin_client: Client) -> None:
    vendor, version = factories.vendor(admin), factories.questionnaire_version(admin)
    data = {"vendor": vendor.pk, "version": version.pk, "due_on": clock.now().date().isoformat(), "owner": admin.pk, "switched": [f"{version.pk}|incidents"]}
    follow(admin_client, reverse("web:questionnaire-create"), data)
    row = QuestionnaireRequest.objects.get()
    assert (row.state, row.vendor, row.switched) == (RequestState.DRAFT, vendor, ["incidents"])
    assert admin_client.post(page(row, "questionnaire-send")).status_code == 409
    shown = follow(admin_client, page(row, "invitation-create"), {"name": "Kim", "days": 30, "sections": ["access"], "may_submit": "on"})
    link = re.search(r"http://testserver(/portal/enter/assay_q_[\w-]{43})", shown.content.decode())
    assert link is not None
    assert shown["Cache-Control"].startswith("max-age=0")
    assert "assay_q_" not in admin_client.get(page(row)).content.decode(), "the link is shown once"
    assert Client().get(link[1]).status_code == 403
    follow(admin_client, page(row, "questionnaire-send"), {})
    assert Client().get(link[1]).status_code == 302


def test_category_of_another_questionnaire_is_refused(admin: User, admin_client: Client) -> None:
    version, other = factories.questionnaire_version(admin), factories.questionnaire_version(admin)
    data = {"vendor": factories.vendor(admin).pk, "version": version.pk, "due_on": clock.now().date().isoformat(), "owner": admin.pk}
    assert admin_client.post(reverse("web:questionnaire-create"), {**data, "switched": [f"{other.pk}|incidents"]}).status_code == 422


def test_link_is_renewed_and_revoked(admin: User, admin_client: Client, asked: QuestionnaireRequest) -> None:
    invitation, token = factories.questionnaire_invitation(admin, asked)
    old = reverse("web:portal-enter", args=[token])
    shown = admin_client.post(reverse("web:invitation-renew", args=[invitation.pk])).content.decode()
    new = re.search(r"(/portal/enter/assay_q_[\w-]{43})", shown)
    assert new is not None
    assert (Client().get(old).status_code, Client().get(new[1]).status_code) == (404, 302)
    follow(admin_client, reverse("web:invitation-revoke", args=[invitation.pk]), {})
    assert Client().get(new[1]).status_code == 410
    assert Invitation.objects.get(pk=invitation.pk).revoked_at is not None


def test_list_filters_by_state_vendor_and_lateness(admin: User, admin_client: Client, asked: QuestionnaireRequest) -> None:
    draft = factories.questionnaire_request(admin, sent=False)
    QuestionnaireRequest.objects.filter(pk=asked.pk).update(due_on=clock.now().date() - timedelta(days=1))
    address = reverse("web:questionnaire-list")

    def rows(query: str) -> set[str]:
        return set(re.findall(r'id="row-([\w-]+)"', admin_client.get(f"{address}?{query}").content.decode()))

    assert rows("") == {str(asked.pk), str(draft.pk)}
    assert rows("late=yes") == {str(asked.pk)}
    assert rows("state=draft") == {str(draft.pk)}
    assert rows(f"vendor={draft.vendor}") == {str(draft.pk)}
    assert f"0 of {8}" in admin_client.get(f"{address}?export=csv").content.decode()


def test_list_and_campaign_take_as_many_queries_for_one_as_for_many(admin: User, admin_client: Client) -> None:
    version = factories.questionnaire_version(admin)
    campaign = Campaign.objects.get(pk=factories.questionnaire_campaign(admin)["campaign_id"])
    address, matrix = reverse("web:questionnaire-list"), reverse("web:campaign-detail", args=[campaign.pk])

    def queries(path: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert admin_client.get(path).status_code == 200
        return len(found)

    queries(address)
    few = queries(address), queries(matrix)
    for _ in range(5):
        row = factories.questionnaire_request(admin, version=version)
        QuestionnaireRequest.objects.filter(pk=row.pk).update(campaign=campaign)
    assert (queries(address), queries(matrix)) == few
    assert few[0] <= 10


def test_reminder_day_comment_and_withdrawal(admin: User, admin_client: Client, asked: QuestionnaireRequest, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    factories.questionnaire_invitation(admin, asked, email="kim@example.org")
    assert "1 mail goes out now" in follow(admin_client, page(asked, "questionnaire-remind"), {}).content.decode()
    assert mail.outbox == [], "a worker sends them"
    assert send_notices() == 1
    assert mail.outbox[0].to == ["kim@example.org"]
    later = clock.now().date() + timedelta(days=90)
    follow(admin_client, page(asked, "questionnaire-due"), {"due_on": later.isoformat()})
    follow(admin_client, page(asked, "questionnaire-comment"), {"text": "Only among us", "internal": "on"})
    asked.refresh_from_db()
    assert (asked.due_on, Comment.objects.get().internal) == (later, True)
    assert admin_client.post(page(asked, "questionnaire-withdraw"), {"reason": ""}).status_code == 422
    follow(admin_client, page(asked, "questionnaire-withdraw"), {"reason": "No longer needed."})
    asked.refresh_from_db()
    assert asked.state == RequestState.WITHDRAWN


def test_campaign_is_started_and_shown_as_a_matrix(admin: User, admin_client: Client) -> None:
    vendors = [factories.vendor(admin) for _ in range(3)]
    data = {"name": "Yearly", "version": factories.questionnaire_version(admin).pk, "vendors": [row.pk for row in vendors], "owner": admin.pk}
    shown = follow(admin_client, reverse("web:campaign-create"), {**data, "due_on": clock.now().date().isoformat()}).content.decode()
    for word in (*(row.name for row in vendors), "Access", "Papers", "0 of 8"):
        assert word in shown


def test_all_drafts_of_a_campaign_are_sent_after_a_page_that_says_what_will_happen(admin: User, admin_client: Client) -> None:
    vendors = [factories.vendor(admin, name=name, contact="The desk") for name in ("Ash", "Birch")]
    wish = Wish(factories.questionnaire_version(admin), clock.now().date() + timedelta(days=9), admin)
    campaign = campaign_start(actor=admin, organisation=factories.home(admin), name="Yearly", vendors=vendors, wish=wish)
    ash, birch = campaign.requests.order_by("vendor__name")
    factories.questionnaire_invitation(admin, ash, name="Kim", email="kim@example.org")
    address, matrix = reverse("web:campaign-send", args=[campaign.pk]), reverse("web:campaign-detail", args=[campaign.pk])
    assert address in admin_client.get(matrix).content.decode()
    shown = admin_client.get(address).content.decode()
    for word in (
        "Kim, by link; mailed at kim@example.org",
        "1 mail will go out",
        "Dear Kim",
        "Invite somebody first. The register names The desk.",
        page(birch),
    ):
        assert word in shown
    after = follow(admin_client, address, {}).content.decode()
    assert "1 request sent." in after
    assert "Will be sent" not in after
    assert "Nothing was sent." in follow(admin_client, address, {}).content.decode()
    QuestionnaireRequest.objects.filter(pk=ash.pk).update(due_on=clock.now().date() - timedelta(days=1))
    shown = admin_client.get(matrix).content.decode()
    for word in ("Drafted: 1", "Sent, not opened: 1", "Overdue: 1"):
        assert word in shown


@pytest.mark.parametrize(
    ("fields", "answered", "stage"),
    [
        ({"state": "sent"}, 0, "sent"),
        ({"state": "opened"}, 0, "opened"),
        ({"state": "opened"}, 2, "answering"),
        ({"state": "opened", "submitted_at": clock.now()}, 2, "reopened"),
        ({"state": "submitted"}, 2, "submitted"),
        ({"state": "reviewed", "valid_until": clock.now().date()}, 2, "reviewed"),
        ({"state": "reviewed", "valid_until": clock.now().date() - timedelta(days=1)}, 2, "expired"),
    ],
)
def test_stage_of_a_vendor_in_a_campaign(fields: dict[str, Any], answered: int, stage: str) -> None:
    assert stage_of(QuestionnaireRequest(**fields), answered, clock.now().date()) == stage


def test_vendor_page_names_its_questionnaires_to_those_who_may_see_it(admin: User, as_role: Any, asked: QuestionnaireRequest) -> None:
    shown = as_role(Role.AUDITOR).get(reverse("web:vendor-detail", args=[asked.vendor_id])).content.decode()
    assert page(asked) in shown
    assert "Ask with a questionnaire" not in shown
    assert as_role(Role.VENDOR).get(page(asked)).status_code == 403
