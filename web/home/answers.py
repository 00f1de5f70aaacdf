"""Answers of vendors on the first page: what is due or late, what waits for review, and what ends without anybody asking again."""

from datetime import datetime, timedelta

from accounts.models import User
from questionnaires import agenda
from questionnaires.models import QuestionnaireRequest
from web.home.needs import ATTENTION, PROBLEM, TASK, Waiting, doable

SOON = timedelta(days=30)
DUE_SOON = timedelta(days=7)
SEND, REVIEW = "questionnaire.send", "questionnaire.review"
LIST = "questionnaire-list"
NAMED = {"vendor": "vendor__name", "name": "version__template__name"}


def answers_late(actor: User, now: datetime) -> Waiting:
    """Requests whose day has passed without answers."""
    rows = agenda.awaited(_rows(actor, SEND)).filter(due_on__lt=now.date())
    return Waiting(
        "vendor", PROBLEM, rows, "due_on",
        ("{vendor} has not answered in time", "questionnaire-detail", "questionnaire_id"), ("{n} questionnaires are overdue", LIST, "late=yes"),
        "“{name}” to {vendor} was due on {day}. Remind them, or agree on another day.", NAMED,
    )  # fmt: skip


def answers_due(actor: User, now: datetime) -> Waiting:
    """Requests whose day comes within a week."""
    rows = agenda.awaited(_rows(actor, SEND)).filter(due_on__gte=now.date(), due_on__lte=now.date() + DUE_SOON)
    return Waiting(
        "vendor", ATTENTION, rows, "due_on",
        ("Answers of {vendor} are due on {day}", "questionnaire-detail", "questionnaire_id"), ("{n} questionnaires are due within a week", LIST, ""),
        "“{name}” to {vendor} is due on {day}. Respondents with an e-mail address are reminded by themselves.", NAMED,
    )  # fmt: skip


def reviews_waiting(actor: User, now: datetime) -> Waiting:
    """Submitted answers whose review is not closed."""
    return Waiting(
        "review", TASK, agenda.to_review(_rows(actor, REVIEW)), "submitted_at",
        ("Answers of {vendor} wait for review", "questionnaire-review", "request_id"),
        ("Answers of {n} questionnaires wait for review", LIST, "state=submitted"),
        "“{name}” of {vendor}, submitted on {day}. Nothing counts in a gate before a person accepted it.", NAMED,
    )  # fmt: skip


def reviews_ending(actor: User, now: datetime) -> Waiting:
    """Reviews that hold less than a month longer, while nobody asked again."""
    today = now.date()
    rows = agenda.not_asked_again(_rows(actor, SEND)).filter(valid_until__gte=today, valid_until__lte=today + SOON)
    return Waiting(
        "vendor", ATTENTION, rows, "valid_until",
        ("Ask {vendor} again: its review ends soon", "questionnaire-review", "request_id"), ("{n} reviews of vendors end soon", LIST, ""),
        "“{name}” of {vendor} holds until {day}. Ask again now, so that no gap arises.", NAMED,
    )  # fmt: skip


def reviews_ended(actor: User, now: datetime) -> Waiting:
    """Reviews that hold no longer, while nobody asked again."""
    rows = agenda.not_asked_again(_rows(actor, SEND)).filter(valid_until__lt=now.date())
    return Waiting(
        "vendor", PROBLEM, rows, "valid_until",
        ("The review of {vendor} has ended", "questionnaire-review", "request_id"), ("{n} reviews of vendors have ended", LIST, ""),
        "“{name}” of {vendor} held until {day}. Gates that ask for it fail until it is asked and reviewed again.", NAMED,
    )  # fmt: skip


def single_ending(actor: User, now: datetime) -> Waiting:
    """Reviews in which an accepted answer counts less than a month longer, or no longer, because of a file behind it."""
    today = now.date()
    rows = agenda.answers_ending(_rows(actor, REVIEW), today).filter(answer_ends__lte=today + SOON)
    return Waiting(
        "vendor", ATTENTION, rows, "answer_ends",
        ("An answer of {vendor} loses its evidence", "questionnaire-review", "request_id"),
        ("Answers in {n} reviews lose their evidence", LIST, "state=reviewed"),
        "“{name}” of {vendor}: a file behind an accepted answer counts until {day}. Open the answer again, or accept newer evidence.", NAMED,
    )  # fmt: skip


def _rows(actor: User, verb: str) -> agenda.Rows:
    return doable(QuestionnaireRequest.objects.all(), actor, verb)


ANSWERS = (answers_late, reviews_ended, answers_due, reviews_ending, single_ending, reviews_waiting)
