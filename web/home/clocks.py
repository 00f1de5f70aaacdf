"""Reporting clocks on the first page: those this person may answer that are overdue or due soon, most urgent first."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from accounts.models import User
from decisions import duties
from decisions.clocks import ClockState
from decisions.models import Incident
from web.home.needs import ATTENTION, PROBLEM, doable
from web.incidents.wall import Card as ClockCard

SHOWN = 3


@dataclass(frozen=True)
class Pressing:
    """One clock, or how many more there are."""

    tag: str
    tone: str
    title: str
    detail: str
    url: str


def pressing(actor: User, now: datetime) -> list[Pressing]:
    """The most urgent clocks, and one line for the others; two queries at most."""
    rows = duties.open_clocks(doable(Incident.objects.all(), actor, "incident.submit"), now)
    found = [row for row in rows if row.clock.state in (ClockState.OVERDUE, ClockState.WARNED)]
    found.sort(key=lambda row: (row.clock.due or now, row.clock.key))
    shown = [_card(row, now) for row in found[:SHOWN]]
    rest = len(found) - SHOWN
    if rest > 0:
        words = f"{rest} more reporting clock{' is' if rest == 1 else 's are'} due"
        shown.append(Pressing("incident", ATTENTION, words, "The list of incidents names the next report of each.", reverse("web:incident-list")))
    return shown


def _card(row: duties.OpenClock, now: datetime) -> Pressing:
    card, regime = ClockCard(row.clock, now), row.clock.regime
    tone = PROBLEM if row.clock.state == ClockState.OVERDUE else ATTENTION
    title = f"{regime.law}, {row.clock.stage.label.lower()}: {card.left or 'due at once'}"
    url = f"{reverse('web:incident-detail', args=[row.incident.pk])}#{row.clock.key}"
    return Pressing("incident", tone, title, f"{row.incident}. To {regime.recipient}.", url)
