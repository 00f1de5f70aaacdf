"""What a reminder says: plain text, with nothing in it that only its reader may know beyond the incident's number and the deadline."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings

from decisions.clocks import Clock
from decisions.models import CorrectiveAction, Incident
from decisions.wording import moment, zone_name

FOOT = "You get this because of your role in Assay. Turn it off under Settings, Reminders."


@dataclass(frozen=True)
class Mail:
    """One mail about one deadline; ``key`` is the same as long as the deadline and the lead are."""

    key: str
    subject: str
    text: str


def of_clock(incident: Incident, clock: Clock, lead: timedelta, now: datetime) -> Mail:
    """About a report that is due, or was due when ``lead`` is zero, or is due at once."""
    name = f"{clock.regime.law}, {clock.regime.reference}, {clock.stage.label.lower()}"
    if clock.due is None:
        head, key = f"{incident.reference}: {clock.regime.law} asks for a report at once", f"{incident.pk}|{clock.key}|at once"
        when = "The law names no number of hours: it says at once or without undue delay."
    else:
        passed = lead == timedelta(0)
        head = f"{incident.reference}: {clock.regime.law} report {'is overdue' if passed else f'is due in {length(clock.due - now)}'}"
        key = f"{incident.pk}|{clock.key}|{clock.due.astimezone(UTC):%Y%m%dT%H%M}|{int(lead.total_seconds()) // 60}"
        utc = f"{clock.due.astimezone(UTC):%d %B %Y, %H:%M} UTC"
        when = f"It {'was' if passed else 'is'} due on {moment(clock.due, clock.zone)}, {zone_name(clock.zone)} ({utc})."
    lines = [f"{name}: to {clock.regime.recipient}.", when, "No report is recorded as sent."]
    return Mail(key, head, _body(lines, incident))


def of_action(action: CorrectiveAction, days: int) -> Mail:
    """About a corrective action; ``days`` ahead of its day, negative once it has passed."""
    incident = action.incident
    day = f"{action.due_on.day} {action.due_on:%B %Y}"
    late = days < 0
    head = f"{incident.reference}: a corrective action of yours {'is overdue' if late else f'is due on {day}'}"
    key = f"{action.pk}|{action.due_on}|{days}"
    return Mail(key, head, _body([f"It {'was' if late else 'is'} due on {day} and is not marked as done."], incident))


def length(span: timedelta) -> str:
    """A length of time in its largest fitting unit: ``3 days``, ``11 hours``, ``25 minutes``."""
    minutes = int(span.total_seconds()) // 60
    for size, word in ((1440, "day"), (60, "hour")):
        if minutes >= 2 * size:
            return f"{minutes // size} {word}s"
    return f"{minutes} minute{'' if minutes == 1 else 's'}"


def _body(lines: list[str], incident: Incident) -> str:
    place = f"{settings.ASSAY_PUBLIC_ADDRESS}/incidents/{incident.pk}/" if settings.ASSAY_PUBLIC_ADDRESS else f"Open Assay and look for {incident.reference}."
    return "\n\n".join(("\n".join(lines), place, FOOT)) + "\n"
