"""A person's calendar of deadlines: open clocks of incidents they may see, their own corrective actions, answers of vendors; and whose secret opens it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from accounts.models import User
from accounts.tokens import hash_of
from core.errors import NotFound
from decisions import duties, leads
from decisions.calendar_answers import answer_events
from decisions.calendar_text import Event, calendar
from decisions.models import CalendarKey, CorrectiveAction, Incident
from decisions.wording import moment, zone_name


def calendar_of(person: User, now: datetime) -> str:
    """The iCalendar file, earliest deadline first. What the law wants at once has no time, and is not in it."""
    events = [*_clocks(person, now), *_actions(person, now), *answer_events(person, now)]
    return calendar("Assay deadlines", sorted(events, key=lambda event: (_day(event.at), event.uid)))


def calendar_owner(secret: str, now: datetime) -> User:
    """Whose calendar ``secret`` opens; ``NotFound`` for everything else. Notes on the day that it was used, as for tokens of programs."""
    row = CalendarKey.objects.select_related("user").filter(secret_hash=hash_of(secret), user__is_active=True).first()
    if row is None:
        raise NotFound("There is no such calendar. Make a new address under Settings, Reminders.")
    if row.last_used_at is None or row.last_used_at.date() != now.date():
        CalendarKey.objects.filter(pk=row.pk).update(last_used_at=now)
    return row.user


def _clocks(person: User, now: datetime) -> Iterator[Event]:
    for row in duties.open_clocks(Incident.objects.visible_to(person), now):
        if row.clock.due is None:
            continue
        regime, stage = row.clock.regime, row.clock.stage
        title = f"{row.incident.reference}: {regime.law}, {stage.label.lower()}"
        text = f"To {regime.recipient}. Due {moment(row.clock.due, row.clock.zone)}, {zone_name(row.clock.zone)}.\n{row.clock.explanation}"
        alarm = next(iter(leads.shipped().of(row.clock)), None)
        yield Event(f"{row.incident.pk}-{row.clock.key}@deadlines.assay", row.clock.due, title, text, now, alarm)


def _actions(person: User, now: datetime) -> Iterator[Event]:
    for row in duties.open_actions(CorrectiveAction.objects.visible_to(person).filter(owner=person)):
        title = f"{row.incident.reference}: corrective action due"
        yield Event(f"{row.pk}@deadlines.assay", row.due_on, title, row.text, now, timedelta(hours=24))


def _day(at: datetime | date) -> date:
    return at.astimezone(UTC).date() if isinstance(at, datetime) else at
