"""Answers of vendors in a person's calendar: due days, reviews that wait, what ends; for whose role can act on it. For respondents their own due days."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

from django.conf import settings

from accounts.models import Role, User
from decisions.calendar_text import Event
from questionnaires import agenda
from questionnaires.models import ANSWERABLE, Invitation, QuestionnaireRequest

RELATED = ("vendor", "version__template", "organisation")
DAY, FORTNIGHT = timedelta(days=1), timedelta(days=14)


def answer_events(person: User, now: datetime) -> Iterator[Event]:
    """All of them; five queries at most."""
    today = now.date()
    send, review = (_rows(person, verb) for verb in ("questionnaire.send", "questionnaire.review"))
    # A review has no day of its own: while one waits, it stands on the present day.
    kinds: tuple[tuple[str, agenda.Rows, Callable[[QuestionnaireRequest], date | None], str, str, timedelta | None], ...] = (
        ("due", agenda.awaited(send), lambda row: row.due_on, "{vendor}: answers are due", "“{name}”. Asked, and not handed in.", DAY),
        ("review", agenda.to_review(review), lambda row: today, "{vendor}: answers wait for review", "“{name}”. Handed in, and not reviewed.", None),
        ("end", agenda.not_asked_again(send), lambda row: row.valid_until, "{vendor}: the review ends", "“{name}”. Ask again before that day.", FORTNIGHT),
        ("answer", agenda.answers_ending(review, today), lambda row: getattr(row, "answer_ends", None), "{vendor}: an answer loses its evidence",
         "“{name}”. A file behind an accepted answer counts no longer than this day.", FORTNIGHT),
    )  # fmt: skip
    for kind, rows, day, title, text, alarm in kinds:
        yield from (_event(row, kind, day(row) or today, title, text, now, alarm) for row in rows)
    if Role.VENDOR in {role for _, role in person.roles_held}:
        yield from _mine(person, now)


def _mine(person: User, now: datetime) -> Iterator[Event]:
    """Due days of what the person answers for a vendor."""
    open_to = {"user": person, "revoked_at__isnull": True, "expires_at__gt": now}
    rows = Invitation.objects.filter(**open_to, request__state__in=ANSWERABLE, request__submitted_at__isnull=True)
    for row in rows.select_related(*(f"request__{name}" for name in RELATED)):
        request = row.request
        text = f"“{request.version.template}”, asked by {request.organisation}.{_place('portal', request)}"
        yield Event(f"{request.pk}-mine@deadlines.assay", request.due_on, "Answers to a questionnaire are due", text, now, DAY)


def _rows(person: User, verb: str) -> agenda.Rows:
    return QuestionnaireRequest.objects.doable_by(person, verb).select_related(*RELATED)


def _event(row: QuestionnaireRequest, kind: str, at: date, title: str, text: str, now: datetime, alarm: timedelta | None) -> Event:
    words = {"vendor": str(row.vendor), "name": str(row.version.template)}
    place = _place("questionnaires", row)
    return Event(f"{row.pk}-{kind}@deadlines.assay", at, title.format(**words), text.format(**words) + place, now, alarm)


def _place(folder: str, row: QuestionnaireRequest) -> str:
    return f"\n{settings.ASSAY_PUBLIC_ADDRESS}/{folder}/{row.pk}/" if settings.ASSAY_PUBLIC_ADDRESS else ""
