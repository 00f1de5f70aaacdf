"""Calls about incidents."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from api.v1.base.related import organisation_for
from api.v1.base.rows import Values
from api.v1.base.views import ActionView, CreateView, DetailView
from api.v1.incidents.filters import IncidentFilter
from api.v1.incidents.serializers import FactBody, FactCorrectBody, IncidentBody, IncidentClocks, IncidentRow, IncidentWhole, SubmissionBody
from core.errors import InvalidInput
from decisions.models import Incident, IncidentFact
from decisions.services import Judgement, fact_correct, fact_enter, incident_open, submission_record
from inventory.models import AISystem, ModelVersion, Vendor

JUDGED = ("severity", "kinds", "roles", "zone", "holidays")


class IncidentDetail(DetailView):
    """One incident with its facts and what was sent."""

    out, noun = IncidentWhole, "incident"


class IncidentList(CreateView):
    """Incidents of your register."""

    out, body, noun, detail, address = IncidentRow, IncidentBody, "incident", IncidentDetail, "incident"
    filters, orderings = IncidentFilter, ("-number", "created_at", "title")

    def create(self, actor: User, data: Values) -> Incident:
        """Open an incident; roles that follow from the affected systems are added to those given."""
        organisation = organisation_for(actor, "incident.write", data.pop("organisation", None))
        judgement = Judgement(**{name: data.pop(name) for name in JUDGED if name in data})
        affected: dict[str, QuerySet[Any]] = {
            "systems": AISystem.objects.visible_to(actor),
            "versions": ModelVersion.objects.visible_to(actor).select_related("model__vendor"),
            "vendors": Vendor.objects.visible_to(actor),
        }
        rows: dict[str, Any] = {name: _all_of(name, known, data.pop(name, ())) for name, known in affected.items()}
        return incident_open(actor=actor, organisation=organisation, judgement=judgement, **data, **rows)


class IncidentClockList(DetailView):
    """What must be reported to whom until when."""

    out, noun = IncidentClocks, "incident"


class IncidentFactEnter(ActionView):
    """A time that became known."""

    out, body, noun = IncidentWhole, FactBody, "incident"

    def act(self, actor: User, row: Incident, data: Values) -> None:
        """Enter when something happened, once for each name; the clocks follow it."""
        fact_enter(actor=actor, incident=row, **data)


class FactCorrect(ActionView):
    """A correction of an entered time."""

    out, body, noun = IncidentWhole, FactCorrectBody, "incident"

    def act(self, actor: User, row: Incident, data: Values) -> None:
        """Put another time beside the one entered under that name, or withdraw it; the earlier one stays on record."""
        fact = next((known for known in _newest(row) if known.name == data["name"]), None)
        if fact is None:
            raise InvalidInput("name", "no time is entered under this name; enter it first")
        fact_correct(actor=actor, fact=fact, at=data.get("at"), source=data["source"], reason=data["reason"])


class IncidentSubmit(ActionView):
    """A report that was sent."""

    out, body, noun = IncidentWhole, SubmissionBody, "incident"

    def act(self, actor: User, row: Incident, data: Values) -> None:
        """Record a report sent on one of the clocks; a late one needs its reason."""
        submission_record(actor=actor, incident=row, clock_key=data.pop("clock"), **data)


def _newest(incident: Incident) -> list[IncidentFact]:
    return list(IncidentFact.objects.filter(incident=incident, replaced_by__isnull=True).select_related("incident"))


def _all_of(field: str, queryset: QuerySet[Any], keys: Sequence[UUID]) -> list[Any]:
    found = list(queryset.filter(pk__in=set(keys)))
    if len(found) != len(set(keys)):
        raise InvalidInput(field, "one of these is not in your register")
    return found
