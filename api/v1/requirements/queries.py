"""What coverage asks about: the subjects by which evidence on a version or a system is filed."""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from accounts.models import User
from api.v1.base.related import named
from assessments.models import Step
from core import clock
from core.errors import InvalidInput
from inventory.models import AISystem, Deployment, ModelVersion
from reports.coverage_grid import catalogue_read, holdings_read
from reports.gaps import Gap, assigned_read, gaps_of
from reports.sources import VERSION
from reports.subjects import subjects_of as subjects_by_name


def subjects_of(actor: User, given: Mapping[str, str]) -> list[str]:
    """Subjects of the one version or system in ``given``; ``InvalidInput`` unless exactly one is named that the actor may know of."""
    if len(given) != 1:
        raise InvalidInput("version", "name either a version or a system")
    (name, text), *_ = given.items()
    try:
        key = UUID(text)
    except ValueError as error:
        raise InvalidInput(name, "must be an id") from error
    if name == "version":
        return _of_versions([named(name, ModelVersion.objects.visible_to(actor), key).id])
    found = named(name, AISystem.objects.visible_to(actor), key)
    return _of_versions(Deployment.objects.filter(system=found, active=True).order_by("version_id").values_list("version_id", flat=True).distinct())


def gaps_read(actor: User, wish: Mapping[str, Any], as_of: datetime.date, known_at: datetime.date) -> list[Gap]:
    """The gaps of every system the actor may know of, or of the one named, under the filters in ``wish``."""
    systems = AISystem.objects.visible_to(actor)
    subjects = subjects_by_name(systems.filter(pk=wish["system"]) if wish.get("system") else systems)
    rows = [row for row in catalogue_read() if wish.get("framework") in (None, "", row.version.framework.slug)]
    day = clock.now().date()
    holdings = holdings_read(actor=actor, catalogue=rows, subjects=subjects, seen=min(known_at, max(as_of, day)))
    return [gap for gap in gaps_of(holdings, assigned_read(actor, subjects), as_of, known_at, day) if _wanted(gap, wish)]


def _wanted(gap: Gap, wish: Mapping[str, Any]) -> bool:
    care = gap.assignment
    cared = {"nobody": care is None, "somebody": care is not None, "overdue": gap.overdue}
    tests = (
        not wish.get("state") or gap.cell.state == wish["state"],
        not wish.get("owner") or (care is not None and care.owner_id == wish["owner"]),
        not wish.get("care") or cared[wish["care"]],
    )
    return all(tests)


def versions_in(subjects: Iterable[str]) -> list[UUID]:
    """The keys of the versions among ``subjects``."""
    return [UUID(text.removeprefix(VERSION)) for text in subjects if text.startswith(VERSION)]


def _of_versions(keys: Iterable[UUID]) -> list[str]:
    """A version itself and the steps of its runs, whose results are what links point from."""
    versions = list(keys)
    steps = Step.objects.filter(run__plan__version_id__in=versions, attestation__isnull=False).order_by("finished_at").values_list("id", flat=True)
    return [*(f"{VERSION}{key}" for key in versions), *(f"assessments.step:{key}" for key in steps)]
