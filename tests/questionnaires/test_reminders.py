"""Reminders to respondents: when, to whom, once each, and without the link."""

from datetime import date, datetime, timedelta
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from celery import current_app
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from accounts.models import Role, User
from core import clock
from core.errors import InvalidState, NotAllowed
from decisions.tasks import send_notices, send_reminders
from evidence.models import LedgerEntry
from questionnaires.models import QuestionnaireRequest
from questionnaires.services.invitations import invitation_revoke
from questionnaires.services.notices import remind_now
from questionnaires.services.reminders import lead_of, respondents_remind
from tests import factories
from tests.questionnaires.conftest import Guest

pytestmark = pytest.mark.django_db
START = datetime.fromisoformat("2026-11-02T09:00:00+00:00")


class Time:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = START

    def after(self, days: int) -> None:
        self.at = START + timedelta(days=days)


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Time:
    found = Time()
    monkeypatch.setattr(clock, "now", lambda: found.at)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    return found


@pytest.fixture
def worker(admin: User) -> User:
    return User.objects.get(is_service=True, memberships__organisation=factories.home(admin))


@pytest.mark.parametrize(("days", "lead"), [(30, None), (8, None), (7, "7"), (3, "7"), (2, "2"), (1, "2"), (0, "0"), (-1, "late"), (-90, "late")])
def test_lead_of_a_day(days: int, lead: str | None) -> None:
    today = date(2026, 11, 2)
    assert lead_of(today + timedelta(days=days), today) == lead


def test_each_goes_out_once_over_the_whole_time(time: Time, worker: User, guest: Guest) -> None:
    sent = {}
    for day in range(40):
        time.after(day)
        sent[day] = sum(respondents_remind(actor=worker) for _ in range(2))
    assert {day: count for day, count in sent.items() if count} == {23: 1, 28: 1, 30: 1, 31: 1}
    assert {address for message in mail.outbox for address in message.to} == {"respondent@example.org"}
    assert [message.subject.rpartition(": ")[2] for message in mail.outbox] == [
        "the answers are due in 7 days", "the answers are due in 2 days", "the answers are due today", "the answers are overdue",
    ]  # fmt: skip


def test_mail_has_no_secret_and_the_log_no_name(time: Time, worker: User, guest: Guest, admin: User) -> None:
    time.after(30)
    respondents_remind(actor=worker)
    said = mail.outbox[0].subject + str(mail.outbox[0].body)
    assert guest.token not in said
    assert "/portal/" not in said
    assert str(admin) in said
    payload = LedgerEntry.objects.get(action="questionnaires.reminder.sent").payload
    assert payload == {"invitation": str(guest.invitation.pk), "reminder": "2026-12-02|0"}


def test_nobody_is_reminded_who_was_shut_out_or_is_done(time: Time, worker: User, guest: Guest, admin: User, asked: QuestionnaireRequest) -> None:
    gone = factories.questionnaire_invitation(admin, asked, email="gone@example.org")[0]
    factories.questionnaire_invitation(admin, asked, email="short@example.org", days=3)
    invitation_revoke(actor=admin, invitation=gone)
    guest.complete()
    time.after(23)
    assert respondents_remind(actor=worker) == 1
    guest.submit()
    time.after(30)
    assert respondents_remind(actor=worker) == 0


def test_invited_late_is_not_reminded_at_once(time: Time, worker: User, admin: User, asked: QuestionnaireRequest) -> None:
    time.after(25)
    factories.questionnaire_invitation(admin, asked, email="late@example.org")
    assert respondents_remind(actor=worker) == 0
    time.after(28)
    assert respondents_remind(actor=worker) == 1


def test_mail_server_that_fails_is_asked_again(time: Time, worker: User, guest: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    time.after(30)

    def fail(self: EmailBackend, messages: Any) -> int:
        raise SMTPServerDisconnected("gone")

    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", fail)
        assert respondents_remind(actor=worker) == 0
    assert respondents_remind(actor=worker) == 1


def test_by_hand_once_a_day_and_only_while_answers_are_awaited(time: Time, admin: User, guest: Guest, asked: QuestionnaireRequest) -> None:
    assert [remind_now(actor=admin, request=asked) for _ in range(2)] == [1, 0]
    assert [send_notices() for _ in range(2)] == [1, 0]
    assert LedgerEntry.objects.get(action="questionnaires.reminder.asked").payload == {"mails": 1}
    time.after(1)
    assert remind_now(actor=admin, request=asked) == 1
    with pytest.raises(NotAllowed):
        remind_now(actor=factories.user(Role.AUDITOR, of=factories.home(admin)), request=asked)
    guest.complete()
    guest.submit()
    assert send_notices() == 0, "the answers came in the meantime"
    asked.refresh_from_db()
    with pytest.raises(InvalidState):
        remind_now(actor=admin, request=asked)


def test_a_mail_by_hand_is_of_its_day_and_waits_for_the_mail_server(
    time: Time, admin: User, guest: Guest, asked: QuestionnaireRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: EmailBackend, messages: Any) -> int:
        raise SMTPServerDisconnected("gone")

    remind_now(actor=admin, request=asked)
    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", fail)
        assert send_notices() == 0
    assert send_reminders() == 1
    assert "the answers are due in 30 days" in mail.outbox[0].subject
    time.after(1)
    remind_now(actor=admin, request=asked)
    time.after(2)
    assert send_notices() == 0, "yesterday's would name another number of days"


def test_nothing_is_sent_before_the_transaction_is_through(
    admin: User, guest: Guest, asked: QuestionnaireRequest, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    rung: list[str] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **options: rung.append(name))
    with django_capture_on_commit_callbacks(execute=False) as kept:
        remind_now(actor=admin, request=asked)
    assert (rung, mail.outbox) == ([], [])
    for ring in kept:
        ring()
    assert (rung, mail.outbox) == (["decisions.tasks.send_notices"], [])


def test_schedule_sends_them_too(time: Time, guest: Guest) -> None:
    time.after(30)
    assert send_reminders() == 1
