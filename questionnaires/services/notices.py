"""Mails that follow an act at once: the questionnaire is open, an answer is open again, somebody reminds. Noted with the act, sent by a worker."""

from collections.abc import Collection
from datetime import timedelta
from functools import partial
from uuid import UUID

from celery import current_app
from django.db import transaction
from django.db.models import Q, QuerySet
from kombu.exceptions import OperationalError

from accounts.models import User
from accounts.permissions import allowed, require
from core import clock
from core.errors import InvalidState
from inventory.rows import row_log
from questionnaires.models import ANSWERABLE, Answer, Invitation, QuestionnaireRequest, RespondentReminder
from questionnaires.respondents import within
from questionnaires.services.mailing import RELATED, Letter, letter_send, reachable, way_in
from questionnaires.services.reminders import Wanted

SENT, REOPENED, BY_HAND = "sent", "reopened|", "hand|"
"""How the keys of the kinds begin; the second goes on with the key of the answer and the moment it was opened, the third with the day."""
GIVEN_UP_AFTER = timedelta(days=3)
"""So long a mail server is asked again; news that old would only confuse."""
TASK = "decisions.tasks.send_notices"


def sending_note(request: QuestionnaireRequest) -> int:
    """Note that everybody reachable is to be told that ``request`` is open; how many. Inside the transaction that opens it."""
    return _note(reachable().filter(request=request), SENT)


def reopening_note(answer: Answer) -> int:
    """Note that everybody reachable who may change ``answer`` is to be told; how many. Inside the transaction that opens it again."""
    request = answer.request
    section = next(row.id for row in request.version.parsed().sections if any(question.id == answer.question for question in row.questions))
    return _note([row for row in reachable().filter(request=request) if within(row, section)], reopening_key(answer))


def reopening_key(answer: Answer) -> str:
    """The key of the mail about the present opening of ``answer``, and of no other one."""
    return f"{REOPENED}{answer.pk}|{int(answer.reopened_at.timestamp() * 1000) if answer.reopened_at else 0}"


@transaction.atomic
def remind_now(*, actor: User, request: QuestionnaireRequest) -> int:
    """Note a mail to everybody who is invited and can still answer, at most one a day each; how many go out once the transaction is through."""
    require(actor, "questionnaire.send", request)
    if request.state not in ANSWERABLE:
        raise InvalidState("Reminders go out while answers are awaited: after sending, before submission.")
    rows, key = list(reachable().filter(request=request)), by_hand_key()
    if not rows:
        raise InvalidState("Nobody who is invited has an e-mail address here. Write to them, or add an invitation with an address.")
    known = set(RespondentReminder.objects.filter(invitation__in=rows, key=key).values_list("invitation", flat=True))
    noted = _note([row for row in rows if row.pk not in known], key)
    if noted:
        row_log(actor, "questionnaires.reminder.asked", request, {"mails": noted})
    notices_ring()
    return noted


def by_hand_key() -> str:
    """The key of today's mail that somebody asks for."""
    return f"{BY_HAND}{clock.now().date().isoformat()}"


def told_of(answer: Answer) -> QuerySet[RespondentReminder]:
    """The mails about the present opening of ``answer``, sent or not yet."""
    return RespondentReminder.objects.filter(invitation__request=answer.request_id, key=reopening_key(answer))


def notices_ring() -> None:
    """Ring for a worker once the transaction is through."""
    transaction.on_commit(partial(_ring, TASK))


def notices_send(*, actor: User) -> int:
    """Send what was noted and is still true; how many went out."""
    require(actor, "reminder.send")
    news = (Q(key=SENT) | Q(key__startswith=REOPENED)) & Q(created_at__gt=clock.now() - GIVEN_UP_AFTER)
    rows = RespondentReminder.objects.filter(news | Q(key=by_hand_key()), sent_at__isnull=True)
    found = list(rows.filter(invitation__in=reachable().values("pk")).select_related(*(f"invitation__{name}" for name in RELATED)))
    answers = _open_again(found)
    letters = [_letter(row, answers) for row in found if allowed(actor, "reminder.send", row.invitation)]
    return sum(letter_send(actor=actor, letter=letter) for letter in letters if letter is not None)


def opening_text(invitation: Invitation) -> str:
    """What the mail on sending says."""
    request = invitation.request
    lines = [
        f"Dear {invitation.name},",
        f"{request.organisation} asks {request.vendor} to answer the questionnaire “{request.version.template}”. The answers are due on {_day(request)}.",
        request.message,
        "Each answer is saved as you go.",
        way_in(invitation),
        _foot(request),
    ]
    return "\n\n".join(line for line in lines if line) + "\n"


def reopened_text(invitation: Invitation, answer: Answer) -> str:
    """What the mail about an answer that is open again says: the question, and the reviewer's reason."""
    request = invitation.request
    question = request.version.parsed().by_id[answer.question]
    lines = [
        f"Dear {invitation.name},",
        f"{request.organisation} read the answers of {request.vendor} to the questionnaire “{request.version.template}” and asks you to look at one again:",
        f"{question.text} ({question.id})",
        f"Why: {answer.reopened_reason}",
        "You can change this answer, and submit again. What you said before is kept.",
        way_in(invitation),
        _foot(request),
    ]
    return "\n\n".join(lines) + "\n"


def _note(invitations: Collection[Invitation] | QuerySet[Invitation], key: str) -> int:
    made = [RespondentReminder(invitation=row, key=key) for row in invitations]
    return len(RespondentReminder.objects.bulk_create(made, ignore_conflicts=True))


def _open_again(rows: Collection[RespondentReminder]) -> dict[UUID, Answer]:
    """The answers that ``rows`` tell of and that are open still."""
    keys = [UUID(row.key.split("|")[1]) for row in rows if row.key.startswith(REOPENED)]
    return Answer.objects.filter(reopened_at__isnull=False).in_bulk(keys) if keys else {}


def _letter(row: RespondentReminder, answers: dict[UUID, Answer]) -> Letter | None:
    """The mail; None where it is about an opening that is over: the answer was handed in again."""
    request, template = row.invitation.request, row.invitation.request.version.template
    if row.key == SENT:
        return Letter(row.invitation, row.key, f"{template}: {request.organisation} asks for your answers", opening_text(row.invitation))
    if row.key.startswith(BY_HAND):
        return Wanted(row.invitation, row.key, (request.due_on - clock.now().date()).days).letter
    answer = answers.get(UUID(row.key.split("|")[1]))
    if answer is None or row.key != reopening_key(answer):
        return None
    return Letter(row.invitation, row.key, f"{template}: one answer is open again", reopened_text(row.invitation, answer))


def _day(request: QuestionnaireRequest) -> str:
    return f"{request.due_on.day} {request.due_on:%B %Y}"


def _foot(request: QuestionnaireRequest) -> str:
    return f"If you have questions, please ask {request.owner}. You get this mail because you are invited to answer."


def _ring(task: str) -> None:
    """A broker that is away is no error: the schedule sends what was noted."""
    try:
        current_app.send_task(task, queue="cpu", retry=False)
    except OperationalError:
        return
