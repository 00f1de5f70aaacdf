"""Mail to respondents: who can be reached, how they come in, and one letter once, whatever is killed in between."""

from dataclasses import dataclass
from datetime import timedelta
from smtplib import SMTPException

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from core import clock
from inventory.rows import row_log
from questionnaires.models import ANSWERABLE, Invitation, RespondentReminder

logger = structlog.get_logger(__name__)
TAKEN_FOR = timedelta(minutes=10)
"""After so long a mail whose worker vanished while sending is sent again; it then carries the same Message-ID."""
RELATED = ("request__vendor", "request__owner", "request__organisation", "request__version__template", "user")


@dataclass(frozen=True)
class Letter:
    """A mail to one respondent; ``key`` names what it is about, so that it goes out once."""

    invitation: Invitation
    key: str
    subject: str
    text: str


def reachable() -> QuerySet[Invitation]:
    """Invitations that let somebody in, to requests that wait for answers, behind which stands an address."""
    rows = Invitation.objects.filter(revoked_at__isnull=True, expires_at__gt=clock.now(), request__state__in=ANSWERABLE)
    return rows.filter(~Q(email="") | (Q(user__is_active=True) & ~Q(user__email=""))).select_related(*RELATED)


def address_of(invitation: Invitation) -> str:
    """Where mail to a respondent goes; empty where nowhere."""
    account = invitation.user.email if invitation.user and invitation.user.is_active else ""
    return invitation.email or account


def way_in(invitation: Invitation) -> str:
    """How the reader of a mail comes to the answers. A secret link is never in it: only its hash is kept, so nobody here knows it."""
    request = invitation.request
    if not invitation.user_id:
        return f"Open the link that you were given. It is not in this mail, because only you have it. If you lost it, ask {request.owner} for a new one."
    place = f"\n{settings.ASSAY_PUBLIC_ADDRESS}/portal/{request.pk}/" if settings.ASSAY_PUBLIC_ADDRESS else ""
    return f"Sign in to Assay with your account to answer.{place}"


def letter_send(*, actor: User, letter: Letter) -> bool:
    """Send ``letter`` unless it went out or is going out; whether it did. A mail server that fails is asked again the next time."""
    row = _take(letter)
    if row is None:
        return False
    try:
        _mail(row, letter)
    except (SMTPException, OSError) as error:
        logger.warning("a mail to a respondent could not be sent", kind=type(error).__name__)
        RespondentReminder.objects.filter(pk=row.pk).update(taken_until=None)
        return False
    with transaction.atomic():
        RespondentReminder.objects.filter(pk=row.pk).update(sent_at=clock.now(), taken_until=None)
        row_log(actor, "questionnaires.reminder.sent", letter.invitation.request, {"invitation": str(letter.invitation.pk), "reminder": letter.key})
    return True


def _take(letter: Letter) -> RespondentReminder | None:
    """The row of this letter, if nobody sent it or is sending it."""
    row, _ = RespondentReminder.objects.get_or_create(invitation=letter.invitation, key=letter.key)
    free = Q(taken_until__isnull=True) | Q(taken_until__lt=clock.now())
    taken = RespondentReminder.objects.filter(free, pk=row.pk, sent_at__isnull=True).update(taken_until=clock.now() + TAKEN_FOR)
    return row if taken else None


def _mail(row: RespondentReminder, letter: Letter) -> None:
    headers = {"Message-ID": f"<{row.pk}@reminders.assay>", "Auto-Submitted": "auto-generated"}
    EmailMessage(" ".join(letter.subject.split()), letter.text, None, [address_of(letter.invitation)], headers=headers).send()
