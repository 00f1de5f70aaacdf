"""Events that no single entry of the log tells: a clearance that differs, a decision overtaken by the record, a clock near its end."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import Exists, OuterRef

from accounts.models import User
from accounts.permissions import allowed, require
from core import clock
from core.canonical import canonical_digest
from decisions import duties, leads
from decisions.clearance import Clearance, clearances_of
from decisions.gate_models import Decision
from decisions.mails import of_clock
from decisions.models import Incident
from evidence.models import LedgerEntry, LogHead
from inventory.models import AIModel, Vendor
from questionnaires.models import QuestionnaireRequest
from webhooks.events import message
from webhooks.models import Event, KnownClearance, KnownVoid, State, Subscription, Watch
from webhooks.shelf import events_add

TOGETHER = 50
CLEARANCE, VOIDED, CLOCK = "clearance.changed", "decision.voided", "incident.clock_due"


@transaction.atomic
def clearances_baseline(*, actor: User, organisation_id: UUID) -> None:
    """Note how every vendor stands, without telling anybody: the starting point of the first who listens."""
    require(actor, "webhooks.manage")
    size = _log_size()
    for found in _clearances(organisation_id):
        KnownClearance.objects.update_or_create(vendor=found.vendor, defaults=_stand(found))
        _void_note(found)
    Watch.objects.update_or_create(organisation_id=organisation_id, defaults={"upto": size, "at": clock.now()})


def clearances_compare(*, actor: User) -> int:
    """Compare each organisation's clearances when something entered its log or a day began since the last time; how many events that made."""
    require(actor, "webhook.deliver")
    rows = _listening(CLEARANCE, VOIDED)
    homes = {row.organisation_id: row for row in rows if allowed(actor, "webhook.deliver", row)}
    return sum(_compare(home, [row for row in rows if row.organisation_id == home]) for home in homes)


def clocks_compare(*, actor: User) -> int:
    """Tell of reporting clocks that reached one of the leads ahead of their end, or the end; once each. How many events that made."""
    require(actor, "webhook.deliver")
    rows, now = _listening(CLOCK), clock.now()
    homes = {row.organisation_id for row in rows if allowed(actor, "webhook.deliver", row)}
    events = []
    for row in duties.open_clocks(Incident.objects.filter(organisation__in=homes), now) if homes else ():
        lead = timedelta(0) if row.clock.due is None else leads.reached(row.clock.due, leads.shipped().of(row.clock), now)
        if lead is not None:
            events.append(_clock_event(row, lead))
    with transaction.atomic():
        return events_add(events, rows)


def _clock_event(row: duties.OpenClock, lead: timedelta) -> Event:
    now, incident = clock.now(), row.incident
    # The same key as the reminder by mail: it stays the same as long as the deadline and the lead do.
    key = of_clock(incident, row.clock, lead, now).key
    due = clock.iso(row.clock.due) if row.clock.due else None
    body = message(CLOCK, now, incident.subject, clock=row.clock.key, due=due, overdue=bool(row.clock.due and row.clock.due <= now))
    return Event(organisation_id=incident.organisation_id, key=f"clock:{canonical_digest(key)}", type=CLOCK, occurred_at=now, body=body)


def _listening(*kinds: str) -> list[Subscription]:
    rows = Subscription.objects.exclude(state=State.ENDED)
    return [row for row in rows if any(kind in row.events for kind in kinds)]


def _compare(organisation_id: UUID, rows: Sequence[Subscription]) -> int:
    watch, size, now = Watch.objects.filter(organisation_id=organisation_id).first(), _log_size(), clock.now()
    if watch is not None and not watch.due(now):
        fresh = LedgerEntry.objects.filter(index__gte=watch.upto).filter(
            models.Q(attestation__organisation=organisation_id) | models.Q(attestation__organisation__isnull=True)
        )
        if not fresh.exists():
            return 0
    made = sum(_told(found, rows) for found in _clearances(organisation_id))
    # Only now: if we die before, the next comparison begins from the same place.
    Watch.objects.update_or_create(organisation_id=organisation_id, defaults={"upto": size, "at": now})
    return made


def _clearances(organisation_id: UUID) -> Iterator[Clearance]:
    known = models.Q(Exists(AIModel.objects.filter(vendor=OuterRef("pk")))) | models.Q(Exists(KnownClearance.objects.filter(vendor=OuterRef("pk"))))
    known |= models.Q(Exists(QuestionnaireRequest.objects.filter(vendor=OuterRef("pk"))))
    vendors = Vendor.objects.filter(known, organisation=organisation_id).order_by("pk")
    found = list(vendors)
    for place in range(0, len(found), TOGETHER):
        yield from clearances_of(found[place : place + TOGETHER])


@transaction.atomic
def _told(found: Clearance, rows: Sequence[Subscription]) -> int:
    """Events for what differs from what was last told about one vendor; how many."""
    stand = _stand(found)
    known, _ = KnownClearance.objects.select_for_update(of=("self",)).get_or_create(
        vendor=found.vendor, defaults={"word": "undecided", "digest": "", "parts": {}}
    )
    events = [_void_event(row) for row in _void_note(found)]
    differs = known.digest != stand["digest"]
    if differs and (known.digest or stand["word"] != known.word):
        events.append(_clearance_event(found, known, stand))
    if differs:
        KnownClearance.objects.filter(pk=known.pk).update(**stand)
    return events_add(events, rows)


def _stand(found: Clearance) -> dict[str, Any]:
    document = found.document
    parts = {name: canonical_digest(document[name]) for name in ("decision", "valid_until", "reasons", "conditions", "evidence", "lines")}
    return {"word": found.word.value, "digest": found.digest, "parts": parts}


def _clearance_event(found: Clearance, known: KnownClearance, stand: dict[str, Any]) -> Event:
    now = clock.now()
    changed = sorted(name for name, digest in stand["parts"].items() if known.parts.get(name) != digest)
    subject = f"inventory.vendor:{found.vendor.pk}"
    facts = {"decision": stand["word"], "before": known.word, "digest": stand["digest"], "changed": changed}
    body = message(CLEARANCE, now, subject, **facts).replace(f"/vendors/{found.vendor.pk}", f"/vendors/{found.vendor.pk}/clearance")
    # The moment is part of the key: a clearance may go back to what it was before.
    key = f"clearance:{found.vendor.pk}:{canonical_digest([known.digest, stand['digest'], now.isoformat()])}"
    return Event(organisation_id=found.vendor.organisation_id, key=key, type=CLEARANCE, occurred_at=now, body=body)


def _void_note(found: Clearance) -> list[Decision]:
    """Decisions that are void and of which that was not known; those that stand again are forgotten."""
    void = {row.pk: row for line in found.lines for row in line.void}
    standing = [row.pk for line in found.lines for row in line.decisions]
    KnownVoid.objects.filter(decision__in=standing).delete()
    known = set(KnownVoid.objects.filter(decision__in=void).values_list("decision_id", flat=True))
    fresh = [row for key, row in void.items() if key not in known]
    KnownVoid.objects.bulk_create(KnownVoid(decision=row) for row in fresh)
    return fresh


def _void_event(row: Decision) -> Event:
    now = clock.now()
    body = message(VOIDED, now, row.subject, approved_digest=row.digest)
    key = f"void:{row.pk}:{now.isoformat()}"
    return Event(organisation_id=row.organisation_id, key=key, type=VOIDED, occurred_at=now, body=body)


def _log_size() -> int:
    return int(LogHead.objects.aggregate(size=models.Max("size"))["size"] or 0)
