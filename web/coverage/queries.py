"""What the pages of coverage read."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from core.errors import NotFound
from decisions.models import Exemption, GapAssignment
from frameworks.models import Framework, Requirement
from inventory.models import AISystem
from reports.coverage import Subject
from reports.coverage_grid import Holdings, holdings_read
from reports.subjects import subjects_of

ROWS = 25
"""Systems on one page of the overview."""
LISTED = 200
"""Systems whose gaps are listed at once; a name narrows them."""


def systems_named(actor: User, chosen: Mapping[str, Any]) -> QuerySet[AISystem]:
    """Systems an address names, by name; one only where it holds a key."""
    rows = AISystem.objects.visible_to(actor).filter(name__icontains=chosen.get("named") or "").order_by("name", "pk")
    return rows.filter(pk=chosen["system"]) if chosen.get("system") else rows


def subjects_page(actor: User, chosen: Mapping[str, Any]) -> tuple[list[Subject], bool]:
    """One page of systems, and whether there are more."""
    start = ROWS * ((chosen.get("page") or 1) - 1)
    found = subjects_of(systems_named(actor, chosen)[start : start + ROWS + 1])
    return found[:ROWS], len(found) > ROWS


def subjects_counted(actor: User, chosen: Mapping[str, Any]) -> tuple[list[Subject], list[Subject], bool]:
    """The systems of the page, those that the totals are of, and whether there are more pages."""
    if not chosen["whole"]:
        found, more = subjects_page(actor, chosen)
        return found, found, more
    every, start = subjects_of(systems_named(actor, chosen)), ROWS * ((chosen.get("page") or 1) - 1)
    return every[start : start + ROWS], every, len(every) > start + ROWS


def subjects_listed(actor: User, chosen: Mapping[str, Any]) -> tuple[list[Subject], bool]:
    """All systems named, up to ``LISTED``, and whether there are more."""
    found = subjects_of(systems_named(actor, chosen)[: LISTED + 1])
    return found[:LISTED], len(found) > LISTED


def holdings_for(actor: User, catalogue: Sequence[Requirement], chosen: Mapping[str, Any], subjects: list[Subject], today: datetime.date) -> Holdings:
    """What the states of the subjects rest on, up to the later of the chosen day and today, as known on the chosen day."""
    rows = [row for row in catalogue if chosen["framework"] in ("", row.version.framework.slug)]
    return holdings_read(actor=actor, catalogue=rows, subjects=subjects, seen=min(chosen["known_at"], max(chosen["as_of"], today)))


def frameworks_in(catalogue: Sequence[Requirement]) -> list[Framework]:
    """The frameworks of a catalogue, in its order."""
    return list({row.version.framework_id: row.version.framework for row in catalogue}.values())


def system_for(actor: User, system_id: UUID) -> AISystem:
    """A system of the actor's register, or ``NotFound``."""
    row = AISystem.objects.visible_to(actor).filter(pk=system_id).first()
    if row is None:
        raise NotFound("There is no such AI system in your register.")
    return row


def gap_for(actor: User, gap_id: UUID) -> GapAssignment:
    """An assignment in the actor's register, or ``NotFound``."""
    row = GapAssignment.objects.visible_to(actor).select_related("system", "owner", "framework").filter(pk=gap_id).first()
    if row is None:
        raise NotFound("Nobody is in charge of such a gap in your register.")
    return row


def exemption_for(actor: User, exemption_id: UUID) -> Exemption:
    """A judgement in the actor's register, or ``NotFound``."""
    row = Exemption.objects.visible_to(actor).select_related("system", "proposed_by", "decided_by", "framework").filter(pk=exemption_id).first()
    if row is None:
        raise NotFound("There is no such judgement in your register.")
    return row
