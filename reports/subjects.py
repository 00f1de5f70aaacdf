"""AI systems as subjects of coverage: what the register says of each, and whose evidence counts for it."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import F, QuerySet

from frameworks.applicability import Use
from inventory.models import AISystem
from reports.coverage import Subject


def subjects_of(systems: QuerySet[AISystem]) -> list[Subject]:
    """Systems as subjects of coverage, with the versions at work in them now and those that were; one query."""
    joined = AISystem.objects.filter(pk__in=systems.values("pk")).annotate(deployed=F("deployments__version"), at_work=F("deployments__active"))
    found: dict[UUID, tuple[AISystem, set[UUID], set[UUID]]] = {}
    for row in joined.order_by("name", "pk"):
        _, now, ended = found.setdefault(row.pk, (row, set(), set()))
        if row.deployed is not None:
            (now if row.at_work else ended).add(row.deployed)
    return [subject_of(row, now, ended - now) for row, now, ended in found.values()]


def subject_of(row: AISystem, versions: Iterable[UUID], former: Iterable[UUID]) -> Subject:
    """One system with the keys of the versions at work in it and of those that were once."""
    note = f"{row.get_our_role_display()} · {row.get_risk_class_display()}"
    return Subject("system", row.pk, row.name, note, use_of(row), frozenset(versions), former=frozenset(former))


def use_of(row: AISystem) -> Use:
    """What the register says of a system that decides which duties bind it."""
    return Use(row.our_role, row.risk_class, row.jurisdiction, row.placed_on, row.changed_on, row.setting)
