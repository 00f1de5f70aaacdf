"""What the first page reads: everything that waits in one query, the open runs, the newest findings, the next dates of the law."""

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Count, Exists, IntegerField, Min, Prefetch, QuerySet, Subquery
from django.db.models.functions import JSONObject

from accounts.models import User
from assessments.models import ENDED, Finding, Run, Step
from frameworks.models import Requirement
from inventory.models import AIModel, AISystem, ModelVersion, Vendor
from web.home.gates import candidates
from web.home.needs import Waiting

RUNS_SHOWN, FINDINGS_SHOWN, DATES_SHOWN = 5, 5, 3


class RowCount(Subquery):
    """How many rows a query has, as a number inside another query."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


def counts(actor: User, kinds: Sequence[Waiting]) -> dict[str, Any]:
    """One row: per kind the number of rows (``n0`` …) and the facts of the one that waits longest (``first0`` …), which first steps are done,
    and whether any decision may concern this person (``has_decisions``).
    """
    wanted: dict[str, Any] = {}
    for place, kind in enumerate(kinds):
        longest = kind.rows.order_by(kind.since, "pk").values(waits_longest=JSONObject(pk="pk", since=kind.since, **kind.fields))[:1]
        wanted |= {f"n{place}": RowCount(kind.rows.order_by().values("pk")), f"first{place}": Subquery(longest)}
    wanted["has_decisions"] = Exists(candidates(actor).order_by())
    return dict(User.objects.filter(pk=actor.pk).values(**wanted, **first_steps(actor))[0])


def first_steps(actor: User) -> dict[str, Exists]:
    """Whether the register holds a vendor, a system, a model, a version and an assessment that this person may see."""
    sets: dict[str, QuerySet[Any]] = {
        "has_vendor": Vendor.objects.visible_to(actor),
        "has_system": AISystem.objects.visible_to(actor),
        "has_model": AIModel.objects.visible_to(actor),
        "has_version": ModelVersion.objects.visible_to(actor),
        "has_run": Run.objects.visible_to(actor),
    }
    return {name: Exists(rows.order_by()) for name, rows in sets.items()}


def open_runs(actor: User) -> list[Run]:
    """The newest runs that have not ended, with their steps in order."""
    steps = Prefetch("steps", Step.objects.order_by("position"))
    rows = Run.objects.visible_to(actor).exclude(state__in=ENDED).select_related("plan__version__model")
    return list(rows.prefetch_related(steps).defer("plan__document", "plan__version__weights_manifest").order_by("-number")[:RUNS_SHOWN])


def latest_findings(actor: User) -> list[Finding]:
    """The newest findings with the model they are about."""
    shown = ("id", "created_at", "headline", "verdict", "step__key", "step__run__number", "step__run__plan__version__label")
    version = "step__run__plan__version"
    named = (f"{version}__quantisation", f"{version}__model__name")
    return list(Finding.objects.visible_to(actor).select_related(f"{version}__model").only(*shown, *named).order_by("-created_at", "pk")[:FINDINGS_SHOWN])


def next_dates(today: date) -> list[dict[str, Any]]:
    """The next days on which duties begin to apply: how many, of how many frameworks, and the name of one of these."""
    rows = Requirement.objects.known_at(today).filter(applies_from__gt=today).order_by().values("applies_from")
    name = "version__framework__name"
    days = rows.annotate(duties=Count("id"), frameworks=Count(name, distinct=True), name=Min(name)).order_by("applies_from")
    return [dict(day) for day in days[:DATES_SHOWN]]


def key(text: str) -> uuid.UUID:
    """A key as the database writes it into JSON."""
    return uuid.UUID(text)
