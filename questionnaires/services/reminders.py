"""Reminders to respondents by mail: ahead of the due day, on it, and once it has passed; each once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from accounts.models import User
from accounts.permissions import allowed, require
from core import clock
from questionnaires.models import Invitation, RespondentReminder
from questionnaires.services.mailing import Letter, letter_send, reachable, way_in

LEADS = (7, 2, 0)
"""Days ahead of the due day; the last is the day itself. One more mail follows once it has passed."""
LATE = "late"
OPEN_AGAIN = "answers are open again"


@dataclass(frozen=True)
class Wanted:
    """A reminder that is due to one respondent."""

    invitation: Invitation
    key: str
    left: int

    @property
    def letter(self) -> Letter:
        """The mail."""
        request = self.invitation.request
        head = f"{request.version.template}: {OPEN_AGAIN if request.submitted_at else _when(self.left)}"
        return Letter(self.invitation, self.key, head, reminder_text(self.invitation, self.left))


def respondents_remind(*, actor: User) -> int:
    """Send every reminder whose day has come and that was not sent; how many went out. A mail server that fails is asked again the next time."""
    require(actor, "reminder.send")
    today = clock.now().date()
    wanted = [row for row in _due(today) if allowed(actor, "reminder.send", row.invitation)]
    seen = set(RespondentReminder.objects.filter(sent_at__isnull=False, invitation__in=[row.invitation for row in wanted]).values_list("invitation", "key"))
    return sum(letter_send(actor=actor, letter=row.letter) for row in wanted if (row.invitation.pk, row.key) not in seen)


def lead_of(due_on: date, today: date) -> str | None:
    """The reminder that is due ``today``: the smallest lead reached, “late” after the day, None while it is far."""
    left = (due_on - today).days
    if left < 0:
        return LATE
    reached = [lead for lead in LEADS if left <= lead]
    return str(min(reached)) if reached else None


def _due(today: date) -> Iterator[Wanted]:
    # Answers that were handed in and opened again have no day of their own: who handed in on time is not late.
    for row in reachable().filter(request__submitted_at__isnull=True):
        # A reminder about a day that was near already when the person was invited would come with the invitation itself.
        lead, at_first = lead_of(row.request.due_on, today), lead_of(row.request.due_on, row.created_at.date())
        if lead is not None and (lead != at_first or lead in ("0", LATE)):
            yield Wanted(row, f"{row.request.due_on.isoformat()}|{lead}", (row.request.due_on - today).days)


def _when(left: int) -> str:
    if left < 0:
        return "the answers are overdue"
    return {0: "the answers are due today", 1: "the answers are due tomorrow"}.get(left, f"the answers are due in {left} days")


def reminder_text(invitation: Invitation, left: int) -> str:
    """What the mail says."""
    request = invitation.request
    day = f"{request.due_on.day} {request.due_on:%B %Y}"
    came = f"{'were' if left < 0 else 'are'} due on {day}"
    if request.submitted_at:
        came = "were handed in; some of them are open again and wait for you"
    lines = [
        f"Dear {invitation.name},",
        f"{request.organisation} asked {request.vendor} to answer the questionnaire “{request.version.template}”. The answers {came}.",
        "What is answered so far is saved.",
        way_in(invitation),
        f"If you cannot answer by then, please tell {request.owner}. You get this mail because you are invited to answer.",
    ]
    return "\n\n".join(lines) + "\n"
