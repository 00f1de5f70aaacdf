"""Reminders: whom they reach, when, and that each goes out once whatever happens in between."""

from datetime import datetime, timedelta
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from accounts.models import Role, User
from config.celery import app
from core import clock
from core.errors import NotAllowed
from decisions import leads
from decisions.models import Incident, Reminder
from decisions.services import action_complete, reminders_choose, reminders_send, submission_record
from decisions.services.reminders import TAKEN_FOR
from decisions.tasks import send_reminders
from evidence.models import LedgerEntry
from tests import factories

pytestmark = pytest.mark.django_db
START = datetime.fromisoformat("2026-11-02T09:00:00+00:00")


class Time:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = START

    def after(self, hours: float) -> None:
        self.at = START + timedelta(hours=hours)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    found = Time()
    monkeypatch.setattr(clock, "now", lambda: found.at)
    return found


@pytest.fixture(autouse=True)
def outbox(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []


@pytest.fixture
def officer(time: Time, admin: User) -> User:
    return factories.user(Role.GOVERNANCE, of=factories.home(admin), email="officer@example.org")


@pytest.fixture
def worker(admin: User) -> User:
    return User.objects.get(is_service=True, memberships__organisation=factories.home(admin))


@pytest.fixture
def incident(time: Time, admin: User, officer: User) -> Incident:
    row = factories.incident(admin)
    factories.incident_fact(admin, row, at=START, hours=0)
    return row


def said() -> list[str]:
    return [row.subject for row in mail.outbox]


def test_each_lead_once_then_overdue_once(time: Time, worker: User, incident: Incident) -> None:
    sent = []
    for hours in (1, 47, 49, 50, 65, 67, 71, 73, 80):
        time.after(hours)
        sent.append(reminders_send(actor=worker))
    # 72 hours: a day ahead, six hours ahead, and once it has passed.
    assert sent == [0, 0, 1, 0, 0, 1, 0, 1, 0]
    assert said() == [
        f"{incident.reference}: GDPR report is due in 23 hours",
        f"{incident.reference}: GDPR report is due in 5 hours",
        f"{incident.reference}: GDPR report is overdue",
    ]
    assert "Thursday 5 November 2026 10:00, Brussels time (05 November 2026, 09:00 UTC)" in mail.outbox[0].body
    assert LedgerEntry.objects.filter(action="decisions.reminder.sent").count() == 3


def test_a_late_start_brings_the_nearest_lead_only(time: Time, worker: User, incident: Incident) -> None:
    time.after(70)
    assert (reminders_send(actor=worker), reminders_send(actor=worker), said()) == (1, 0, [f"{incident.reference}: GDPR report is due in 2 hours"])


def test_mails_hold_no_description_and_link_where_the_address_is_known(time: Time, worker: User, incident: Incident, settings: Any) -> None:
    settings.ASSAY_PUBLIC_ADDRESS = "https://assay.example.org"
    time.after(50)
    reminders_send(actor=worker)
    body = mail.outbox[0].body
    assert f"https://assay.example.org/incidents/{incident.pk}/" in body
    assert incident.title not in body
    assert incident.description not in body
    assert mail.outbox[0].content_subtype == "plain"


def test_only_people_who_submit_here_with_an_address_and_the_wish(time: Time, admin: User, worker: User, officer: User, incident: Incident) -> None:
    home = factories.home(admin)
    factories.user(Role.AUDITOR, of=home, email="auditor@example.org")
    factories.user(Role.GOVERNANCE, of=home, email="gone@example.org", is_active=False)
    factories.user(Role.GOVERNANCE, email="elsewhere@example.org")
    second = factories.user(Role.ADMINISTRATOR, of=home, email="second@example.org")
    reminders_choose(actor=second, clocks=False, actions=True)
    time.after(50)
    assert reminders_send(actor=worker) == 1
    assert [row.to for row in mail.outbox] == [["officer@example.org"]]


def test_nothing_after_the_report_was_sent(time: Time, admin: User, worker: User, incident: Incident) -> None:
    time.after(50)
    submission_record(actor=admin, incident=incident, clock_key="gdpr-33-initial", submitted_at=clock.now(), reference="DPA")
    assert reminders_send(actor=worker) == 0


def test_a_failing_server_is_asked_again(time: Time, worker: User, incident: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    time.after(50)

    def fail(backend: object, messages: object) -> int:
        raise SMTPServerDisconnected("gone")

    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", fail)
        assert reminders_send(actor=worker) == 0
    assert (reminders_send(actor=worker), len(mail.outbox)) == (1, 1)


def test_a_worker_killed_while_sending_holds_nothing_up_for_long(time: Time, worker: User, incident: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    time.after(50)

    def killed(backend: object, messages: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", killed)
        with pytest.raises(KeyboardInterrupt):
            reminders_send(actor=worker)
    assert reminders_send(actor=worker) == 0, "somebody else seems to be sending it"
    time.at += TAKEN_FOR + timedelta(seconds=1)
    assert (reminders_send(actor=worker), reminders_send(actor=worker)) == (1, 0)
    assert mail.outbox[0].extra_headers["Message-ID"] == f"<{Reminder.objects.get().pk}@reminders.assay>"


def test_at_once_is_said_once(time: Time, admin: User, worker: User, officer: User) -> None:
    row = factories.incident(admin, kinds=["critical_infrastructure"], roles=["gpai_systemic"])
    factories.incident_fact(admin, row, at=START, hours=0)
    assert (reminders_send(actor=worker), reminders_send(actor=worker)) == (1, 0)
    assert said() == [f"{row.reference}: EU AI Act asks for a report at once"]


def test_owners_hear_of_their_actions_ahead_on_the_day_and_once_late(time: Time, admin: User, worker: User, officer: User) -> None:
    action = factories.corrective_action(admin, factories.incident(admin), owner=officer, due_on=START.date() + timedelta(days=5))
    sent = []
    for day in range(8):
        time.after(24 * day)
        sent.append(reminders_send(actor=worker))
    assert sent == [0, 0, 1, 0, 0, 1, 1, 0]
    assert "overdue" in said()[-1]
    assert action.text not in mail.outbox[0].body
    action_complete(actor=admin, action=action, note="Done.")
    time.after(24 * 9)
    assert reminders_send(actor=worker) == 0


def test_an_owner_without_a_role_here_hears_nothing(time: Time, admin: User, worker: User, officer: User) -> None:
    factories.corrective_action(admin, factories.incident(admin), owner=officer, due_on=START.date())
    officer.memberships.all().delete()
    assert reminders_send(actor=worker) == 0


def test_only_the_worker_sends_and_the_schedule_calls_it(time: Time, admin: User, incident: Incident) -> None:
    with pytest.raises(NotAllowed):
        reminders_send(actor=admin)
    time.after(50)
    User.objects.filter(is_service=True).update(username="assay-worker")
    assert app.conf.beat_schedule["remind"]["task"] == send_reminders.name
    assert send_reminders() == 1


def test_leads_are_read_whole_or_not_at_all() -> None:
    known = leads.shipped()
    assert known.actions == (3, 0)
    with pytest.raises(ValueError, match="no clock “nobody-initial”"):
        leads.read("{by_length: [{up_to: 1 day, ahead: [1 hour]}], clocks: {nobody-initial: [1 hour]}, actions: [1]}")
    with pytest.raises(ValueError, match="shortest period first"):
        leads.read("{by_length: [{up_to: 2 days, ahead: [1 hour]}, {up_to: 1 day, ahead: [1 hour]}], clocks: {}, actions: [1]}")
