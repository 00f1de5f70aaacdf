"""What is to be done until when, over many incidents at once: open clocks and open corrective actions, for the first page, reminders and calendars."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from decisions.clocks import Clock, clocks_of
from decisions.models import CorrectiveAction, Incident, IncidentFact, Submission
from decisions.regimes import shipped

PAST = timedelta(days=500)
"""So long after it was resolved no law we know wants anything more: 60 days after the end of its year is the longest."""


@dataclass(frozen=True)
class OpenClock:
    """A clock of an incident on which a report is still to be sent."""

    incident: Incident
    clock: Clock


def open_clocks(rows: QuerySet[Incident], now: datetime) -> Iterator[OpenClock]:
    """Every open clock of ``rows``; two queries whatever their number."""
    past = IncidentFact.objects.filter(incident=OuterRef("pk"), name="resolved", at__lt=now - PAST, replaced_by__isnull=True)
    live = rows.exclude(kinds=[]).exclude(roles=[]).exclude(Exists(past)).order_by().values("pk")
    # No clock is open before some fact is known, so the facts bring every incident that matters with them.
    facts, sent = defaultdict(list), defaultdict(list)
    for fact in IncidentFact.objects.filter(incident__in=live).select_related("incident__organisation"):
        facts[fact.incident_id].append(fact)
    if facts:
        for row in Submission.objects.filter(incident__in=live):
            sent[row.incident_id].append(row)
    for key, known in facts.items():
        incident = known[0].incident
        found = clocks_of(incident.facts_from(known, sent[key]), shipped(), now)
        yield from (OpenClock(incident, clock) for clock in found if clock.open)


def unresolved(rows: QuerySet[Incident]) -> QuerySet[Incident]:
    """Those of ``rows`` of which nobody has entered that they are resolved."""
    ended = IncidentFact.objects.filter(incident=OuterRef("pk"), name="resolved", at__isnull=False, replaced_by__isnull=True)
    return rows.exclude(Exists(ended))


def open_actions(rows: QuerySet[CorrectiveAction]) -> QuerySet[CorrectiveAction]:
    """Those of ``rows`` that are not done, with owner and incident."""
    return rows.filter(done_at__isnull=True).select_related("incident", "owner")
