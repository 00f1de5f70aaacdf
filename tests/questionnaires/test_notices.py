"""Sending all drafts of a campaign, and the mails that follow sending and opening again: to whom, what they say, once each."""

from datetime import timedelta
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from accounts.models import Role, User
from core import clock
from core.errors import InvalidState, NotAllowed
from decisions.tasks import send_notices, send_reminders
from evidence.models import LedgerEntry
from questionnaires.models import Campaign, QuestionnaireRequest, RequestState
from questionnaires.services import campaigns
from questionnaires.services.campaigns import campaign_send, drafts_of
from questionnaires.services.invitations import invitation_revoke
from questionnaires.services.notices import GIVEN_UP_AFTER, told_of
from questionnaires.services.requests import Wish, campaign_start, due_change, request_send
from questionnaires.services.reviews import answer_reopen
from tests import factories
from tests.questionnaires.conftest import Guest

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def post(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.ASSAY_PUBLIC_ADDRESS = "https://assay.example.org"
    mail.outbox = []


@pytest.fixture
def campaign(admin: User) -> Campaign:
    """Four drafts: one with a link and an account, one with nobody, one whose only link was revoked, one whose day has passed."""
    vendors = [factories.vendor(admin, name=name) for name in ("Ash", "Birch", "Cedar", "Date")]
    wish = Wish(factories.questionnaire_version(admin), clock.now().date() + timedelta(days=30), admin, "Please be brief.")
    found = campaign_start(actor=admin, organisation=factories.home(admin), name="Yearly", vendors=vendors, wish=wish)
    ash, _, cedar, date = found.requests.order_by("vendor__name")
    account = factories.user(Role.VENDOR, of=factories.home(admin), email="account@example.org")
    for row, fields in ((ash, {"email": "link@example.org"}), (ash, {"user": account}), (ash, {}), (cedar, {}), (date, {"email": "date@example.org"})):
        factories.questionnaire_invitation(admin, row, **fields)
    invitation_revoke(actor=admin, invitation=cedar.invitations.get())
    QuestionnaireRequest.objects.filter(pk=date.pk).update(due_on=clock.now().date() - timedelta(days=1))
    return found


def test_what_can_go_goes_once_and_the_rest_is_named_with_its_fix(admin: User, campaign: Campaign) -> None:
    assert [(len(row.contacts), bool(row.obstacle)) for row in drafts_of(campaign)] == [(3, False), (0, True), (0, True), (1, True)]
    done = campaign_send(actor=admin, campaign=campaign)
    assert [row.vendor.name for row in done.sent if row.vendor] == ["Ash"]
    fixes = {str(row.vendor): why.rpartition(". ")[2] for row, why in done.left}
    assert fixes == {"Birch": "Invite somebody first.", "Cedar": "Make a new link, or invite somebody.", "Date": "Change the day first."}
    assert [campaign_send(actor=admin, campaign=campaign).sent, LedgerEntry.objects.filter(action="questionnaires.request.sent").count()] == [(), 1]
    factories.questionnaire_invitation(admin, campaign.requests.get(vendor__name="Birch"))
    due_change(actor=admin, request=campaign.requests.get(vendor__name="Date"), due_on=clock.now().date())
    assert (len(campaign_send(actor=admin, campaign=campaign).sent), campaign.requests.filter(state=RequestState.SENT).count()) == (2, 3)


def test_one_that_a_colleague_sent_meanwhile_is_neither_sent_again_nor_left(admin: User, campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    def beaten(*, actor: User, request: QuestionnaireRequest, ring: bool) -> QuestionnaireRequest:
        if str(request.vendor) == "Ash":
            request_send(actor=actor, request=request)
        return request_send(actor=actor, request=request, ring=ring)

    monkeypatch.setattr(campaigns, "request_send", beaten)
    done = campaign_send(actor=admin, campaign=campaign)
    assert (done.sent, {str(row.vendor) for row, _ in done.left}) == ((), {"Birch", "Cedar", "Date"})


def test_only_who_may_send_sends_a_campaign(admin: User, campaign: Campaign) -> None:
    with pytest.raises(NotAllowed):
        campaign_send(actor=factories.user(Role.AUDITOR, of=factories.home(admin)), campaign=campaign)


def test_respondents_are_told_once_that_it_is_open(admin: User, campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign_send(actor=admin, campaign=campaign)
    assert mail.outbox == []

    def fail(self: EmailBackend, messages: Any) -> int:
        raise SMTPServerDisconnected("gone")

    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", fail)
        assert send_notices() == 0
    assert (send_reminders(), send_notices()) == (2, 0)
    said = {message.to[0]: str(message.body) for message in mail.outbox}
    assert set(said) == {"link@example.org", "account@example.org"}
    assert all("Please be brief." in text and str(admin) in text for text in said.values())
    place = f"https://assay.example.org/portal/{campaign.requests.get(vendor__name='Ash').pk}/"
    assert (place in said["account@example.org"], "/portal/" in said["link@example.org"]) == (True, False)


def test_an_answer_that_is_open_again_is_told_with_question_and_reason(admin: User, asked: QuestionnaireRequest, guest: Guest) -> None:
    factories.questionnaire_invitation(admin, asked, email="other@example.org", sections=["incidents"])
    guest.complete()
    guest.submit()
    answer = answer_reopen(actor=admin, request=asked, question="level", reason="Say which weights.")
    assert (told_of(answer).count(), send_notices(), send_notices()) == (1, 1, 0)
    message = mail.outbox[0]
    assert (message.to, message.subject) == (["respondent@example.org"], f"{asked.version.template}: one answer is open again")
    question = asked.version.parsed().by_id["level"].text
    for word in (question, "Say which weights.", "Open the link that you were given", str(admin)):
        assert word in str(message.body)
    assert guest.token not in str(message.body)
    assert LedgerEntry.objects.get(action="questionnaires.answer.reopened").payload["mails"] == 1


def test_news_that_is_no_longer_true_or_too_old_is_not_sent(admin: User, asked: QuestionnaireRequest, guest: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    guest.complete()
    guest.submit()
    answer_reopen(actor=admin, request=asked, question="level", reason="Say which weights.")
    guest.submit()
    assert send_notices() == 0
    answer_reopen(actor=admin, request=asked, question="level", reason="And since when.")
    later = clock.now() + GIVEN_UP_AFTER
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: later)
        assert send_notices() == 0
    assert send_notices() == 1
    assert "And since when." in str(mail.outbox[0].body)


def test_who_handed_in_on_time_is_not_called_late_when_an_answer_opens_again(admin: User, asked: QuestionnaireRequest, guest: Guest) -> None:
    guest.complete()
    guest.submit()
    answer_reopen(actor=admin, request=asked, question="level", reason="Say which weights.")
    send_notices()
    QuestionnaireRequest.objects.filter(pk=asked.pk).update(due_on=clock.now().date() - timedelta(days=3))
    assert send_reminders() == 0
    assert QuestionnaireRequest.objects.get(pk=asked.pk).late_on(clock.now().date()) is False


def test_a_draft_whose_day_has_passed_is_not_sent_by_hand_either(admin: User, campaign: Campaign) -> None:
    with pytest.raises(InvalidState, match="Change the day first"):
        request_send(actor=admin, request=campaign.requests.get(vendor__name="Date"))
