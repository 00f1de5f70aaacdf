"""Opening an incident, judging what it is, and entering its facts."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.db import models, transaction

from accounts.models import Organisation, User
from accounts.permissions import require
from core import clock
from core.errors import Conflict, InvalidInput
from decisions.models import Incident, IncidentFact
from decisions.roles import roles_of
from decisions.vocabulary import FACTS, KINDS, ROLES
from evidence import ledger
from inventory.models import AISystem, ModelVersion, Vendor
from inventory.rows import row_check, row_insert, row_log

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Judgement:
    """What decides which clocks apply: kinds and roles by name, the authority's time zone, bank holidays as ISO days; and how bad it is."""

    severity: str
    kinds: Sequence[str] = ()
    roles: Sequence[str] = ()
    zone: str = "Europe/Brussels"
    holidays: Sequence[str] = ()


@transaction.atomic
def incident_open(
    *,
    actor: User,
    organisation: Organisation,
    title: str,
    description: str,
    judgement: Judgement,
    systems: Sequence[AISystem] = (),
    versions: Sequence[ModelVersion] = (),
    vendors: Sequence[Vendor] = (),
) -> Incident:
    """Open an incident; roles that follow from the affected systems are added to those chosen. Title and description stay out of the log."""
    incident = Incident(organisation=organisation, title=title.strip(), description=description.strip(), opened_by=actor, number=0)
    require(actor, "incident.write", incident)
    affected: dict[str, list[Any]] = {"systems": list(systems), "versions": list(versions), "vendors": list(vendors)}
    _same_organisation(incident, affected)
    roles = sorted({*judgement.roles, *roles_of(systems)})
    _judge(incident, Judgement(**{**asdict(judgement), "roles": roles}))
    row_check(incident)
    said = {name: [str(row.pk) for row in rows] for name, rows in affected.items()}
    # The log's lock, taken here, also keeps two people from choosing the same number.
    row_log(actor, "decisions.incident.opened", incident, {**_said(incident), **said})
    incident.number = (Incident.objects.aggregate(highest=models.Max("number"))["highest"] or 0) + 1
    row_insert(incident)
    for name, rows in affected.items():
        getattr(incident, name).set(rows)
    return incident


@transaction.atomic
def incident_reclassify(*, actor: User, incident: Incident, judgement: Judgement, reason: str) -> Incident:
    """Judge anew, such as after a death became known; what was said before stays in the log. Nothing is written where nothing changes."""
    require(actor, "incident.write", incident)
    row = _locked(incident)
    before = _said(row)
    _judge(row, judgement)
    row_check(row)
    after = _said(row)
    if after == before:
        return row
    if not reason.strip():
        raise InvalidInput("reason", "say in one sentence what became known")
    row.save(update_fields=["severity", "kinds", "roles", "zone", "holidays"])
    changed = {name: {"before": _text(before[name]), "after": _text(after[name])} for name in after if after[name] != before[name]}
    row_log(actor, "decisions.incident.reclassified", row, {"changed": changed, "reason": reason.strip()})
    return row


@transaction.atomic
def fact_enter(*, actor: User, incident: Incident, name: str, at: datetime, source: str) -> IncidentFact:
    """Enter when something happened, once per fact; ``Conflict`` where it is known already: correct it instead."""
    require(actor, "incident.write", incident)
    row = _locked(incident)
    if name not in FACTS:
        raise InvalidInput("name", f"choose one of {', '.join(FACTS)}")
    _check_time("at", at)
    if IncidentFact.objects.filter(incident=row, name=name).exists():
        raise Conflict(f"“{FACTS[name]}” is entered already. Correct it on the page of the incident.")
    fact = IncidentFact(incident=row, name=name, at=at, source=source.strip(), entered_by=actor)
    row_insert(fact)
    _log_fact(actor, "decisions.fact.entered", fact, {})
    return fact


@transaction.atomic
def fact_correct(*, actor: User, fact: IncidentFact, at: datetime | None, source: str, reason: str) -> IncidentFact:
    """Put a new row in the place of ``fact``, which stays on record; without ``at`` the fact is withdrawn and counts as unknown."""
    require(actor, "incident.write", fact)
    row = _locked(fact.incident)
    if IncidentFact.objects.filter(replaces=fact).exists():
        raise Conflict(f"“{FACTS[fact.name]}” was corrected in the meantime. Look at the newest entry and correct that.")
    if not reason.strip():
        raise InvalidInput("reason", "say in one sentence why the earlier entry was wrong")
    if at is not None:
        _check_time("at", at)
    new = IncidentFact(incident=row, name=fact.name, at=at, source=source.strip(), reason=reason.strip(), replaces=fact, entered_by=actor)
    row_insert(new)
    before = clock.iso(fact.at) if fact.at else "unknown"
    _log_fact(actor, "decisions.fact.corrected", new, {"before": before, "reason": reason.strip()})
    return new


def _locked(incident: Incident) -> Incident:
    return Incident.objects.select_for_update(of=("self",)).get(pk=incident.pk)


def _same_organisation(incident: Incident, affected: dict[str, list[Any]]) -> None:
    for name, rows in affected.items():
        if any(row.organisation_id != incident.organisation_id for row in rows):
            raise InvalidInput(name, "one of these belongs to another organisation's register; choose from this one")


def _judge(incident: Incident, judgement: Judgement) -> None:
    for name, chosen, words in (("kinds", judgement.kinds, KINDS), ("roles", judgement.roles, ROLES)):
        unknown = sorted(set(chosen) - set(words))
        if unknown:
            raise InvalidInput(name, f"“{unknown[0]}” is not known; choose from {', '.join(words)}")
        setattr(incident, name, [key for key in words if key in set(chosen)])
    incident.severity, incident.zone = judgement.severity, judgement.zone
    incident.holidays = sorted({_day(text) for text in judgement.holidays})


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise InvalidInput("holidays", f"“{text[:40]}” is not a day; write each as 2027-12-25") from error


def _check_time(field: str, at: datetime) -> None:
    if at > clock.now():
        raise InvalidInput(field, "this lies in the future; enter what has happened, in UTC")
    if at < EARLIEST:
        raise InvalidInput(field, "this is before the year 2000; check the date")


def _said(incident: Incident) -> dict[str, Any]:
    return {name: getattr(incident, name) for name in ("severity", "kinds", "roles", "zone", "holidays")}


def _text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def _log_fact(actor: User, action: str, fact: IncidentFact, more: dict[str, Any]) -> None:
    payload = {"fact": fact.name, "at": clock.iso(fact.at) if fact.at else "unknown", **more}
    ledger.append(actor=actor, action=action, subject=fact.incident.subject, payload=payload, organisation_id=fact.organisation_id)
