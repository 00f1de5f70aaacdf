"""Reminders by mail: each deadline and lead once a person, whatever is killed in between; and a person's choice which to get."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPException

import structlog
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.permissions import allowed, require, roles_with
from core import clock
from decisions import duties, leads, mails
from decisions.mails import Mail
from decisions.models import CorrectiveAction, Incident, Reminder, ReminderChoice
from evidence import ledger

logger = structlog.get_logger(__name__)
TAKEN_FOR = timedelta(minutes=10)
"""After so long a reminder whose worker vanished while sending is sent again; it then carries the same Message-ID."""


@dataclass(frozen=True)
class Wanted:
    """A mail that is due to one person."""

    user: User
    incident: Incident
    mail: Mail


def reminders_send(*, actor: User) -> int:
    """Send every reminder whose moment has come and that was not sent; how many went out. A mail server that fails is asked again the next time."""
    require(actor, "reminder.send")
    now = clock.now()
    wanted = [row for row in (*_of_clocks(now), *_of_actions(now)) if allowed(actor, "reminder.send", row.incident)]
    seen = set(Reminder.objects.filter(sent_at__isnull=False, key__in={row.mail.key for row in wanted}).values_list("user_id", "key"))
    return sum(_sent(actor, row) for row in wanted if (row.user.pk, row.mail.key) not in seen)


def reminders_choose(*, actor: User, clocks: bool, actions: bool) -> ReminderChoice:
    """Which reminders the actor wants; a convenience, so it is not logged."""
    require(actor, "account.self")
    row, _ = ReminderChoice.objects.update_or_create(user=actor, defaults={"clocks": clocks, "actions": actions})
    return row


def _of_clocks(now: datetime) -> Iterator[Wanted]:
    people: dict[object, list[User]] = {}
    for row in duties.open_clocks(Incident.objects.all(), now):
        lead = timedelta(0) if row.clock.due is None else leads.reached(row.clock.due, leads.shipped().of(row.clock), now)
        if lead is None:
            continue
        home = row.incident.organisation_id
        if home not in people:
            people[home] = list(_reachable("clocks").filter(memberships__organisation=home, memberships__role__in=roles_with("incident.submit")).distinct())
        mail = mails.of_clock(row.incident, row.clock, lead, now)
        yield from (Wanted(user, row.incident, mail) for user in people[home])


def _of_actions(now: datetime) -> Iterator[Wanted]:
    rows = duties.open_actions(CorrectiveAction.objects.filter(owner__in=_reachable("actions")))
    for row in rows:
        # An owner who left the organisation is told nothing of it any more.
        if not any(home == row.organisation_id and role in roles_with("incidents.read") for home, role in row.owner.roles_held):
            continue
        left = (row.due_on - now.date()).days
        days = -1 if left < 0 else min((lead for lead in leads.shipped().actions if left <= lead), default=None)
        if days is not None:
            yield Wanted(row.owner, row.incident, mails.of_action(row, days))


def _reachable(kind: str) -> QuerySet[User]:
    refused = Q(**{f"reminder_choice__{kind}": False})
    return User.objects.filter(is_active=True, is_service=False).exclude(email="").exclude(refused)


def _sent(actor: User, wanted: Wanted) -> bool:
    row = _take(wanted)
    if row is None:
        return False
    try:
        _mail(row, wanted)
    except (SMTPException, OSError) as error:
        logger.warning("a reminder could not be mailed", kind=type(error).__name__)
        Reminder.objects.filter(pk=row.pk).update(taken_until=None)
        return False
    with transaction.atomic():
        Reminder.objects.filter(pk=row.pk).update(sent_at=clock.now(), taken_until=None)
        payload = {"to": ledger.actor_text(wanted.user), "deadline": wanted.mail.key.partition("|")[2]}
        home = wanted.incident.organisation_id
        ledger.append(actor=actor, action="decisions.reminder.sent", subject=wanted.incident.subject, payload=payload, organisation_id=home)
    return True


def _take(wanted: Wanted) -> Reminder | None:
    """The row of this reminder, if nobody sent it or is sending it."""
    row, _ = Reminder.objects.get_or_create(user=wanted.user, key=wanted.mail.key, defaults={"incident": wanted.incident})
    free = Q(taken_until__isnull=True) | Q(taken_until__lt=clock.now())
    taken = Reminder.objects.filter(free, pk=row.pk, sent_at__isnull=True).update(taken_until=clock.now() + TAKEN_FOR)
    return row if taken else None


def _mail(row: Reminder, wanted: Wanted) -> None:
    headers = {"Message-ID": f"<{row.pk}@reminders.assay>", "Auto-Submitted": "auto-generated"}
    EmailMessage(wanted.mail.subject, wanted.mail.text, None, [wanted.user.email], headers=headers).send()
