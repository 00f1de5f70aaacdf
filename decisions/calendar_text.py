"""An iCalendar file (RFC 5545) of deadlines: UTC times, escaped texts, lines folded at 75 octets, an alarm ahead of each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

LONGEST = 75
"""Octets of a line without its end."""


@dataclass(frozen=True)
class Event:
    """One deadline; ``at`` is aware, or a day for what is due by its end. ``alarm``: how long before it the calendar should ring."""

    uid: str
    at: datetime | date
    title: str
    text: str
    stamp: datetime
    alarm: timedelta | None = None


def calendar(name: str, events: Iterable[Event]) -> str:
    """The file."""
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Assay//Deadlines//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH", f"X-WR-CALNAME:{escaped(name)}")
    lines = [*head, *(line for event in events for line in _event(event)), "END:VCALENDAR"]
    return "".join(f"{folded(line)}\r\n" for line in lines)


def escaped(text: str) -> str:
    """``text`` as a TEXT value: backslash, semicolon, comma and line ends escaped; other control characters left out."""
    for plain, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n"), ("\r", "\\n")):
        text = text.replace(plain, written)
    return "".join(letter for letter in text if letter >= " " and letter != "\x7f")


def folded(line: str) -> str:
    """``line`` broken so that none of its parts is longer than 75 octets and no character is cut."""
    parts: list[str] = []
    current, size = "", 0
    for letter in line:
        octets = len(letter.encode())
        if size + octets > LONGEST:
            parts.append(current)
            # The blank that marks a continued line counts too.
            current, size = "", 1
        current, size = current + letter, size + octets
    return "\r\n ".join([*parts, current])


def _event(event: Event) -> Iterator[str]:
    yield from ("BEGIN:VEVENT", f"UID:{event.uid}", f"DTSTAMP:{_utc(event.stamp)}")
    if isinstance(event.at, datetime):
        yield from (f"DTSTART:{_utc(event.at)}", f"DTEND:{_utc(event.at)}")
    else:
        yield from (f"DTSTART;VALUE=DATE:{event.at:%Y%m%d}", f"DTEND;VALUE=DATE:{event.at + timedelta(days=1):%Y%m%d}")
    yield from (f"SUMMARY:{escaped(event.title)}", f"DESCRIPTION:{escaped(event.text)}", "TRANSP:TRANSPARENT", "CLASS:CONFIDENTIAL")
    if event.alarm is not None:
        minutes = int(event.alarm.total_seconds()) // 60
        yield from ("BEGIN:VALARM", "ACTION:DISPLAY", f"DESCRIPTION:{escaped(event.title)}", f"TRIGGER:-PT{minutes}M", "END:VALARM")
    yield "END:VEVENT"


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
