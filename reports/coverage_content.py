"""What a signed report of coverage says: one system, one framework, one day; states with reasons, gaps with owners, evidence by digest."""

import datetime
from collections import Counter
from collections.abc import Iterable
from typing import Any

from accounts.models import User
from core.errors import InvalidState, NotFound
from frameworks.applicability import Bite
from inventory.models import AISystem
from reports.coverage import STATES, Cell, Matrix, matrix_read
from reports.coverage_groups import group_of
from reports.coverage_overview import COUNTED
from reports.gaps import Assigned, Gap, assigned_read
from reports.oscal import STANDING, links_of
from reports.subjects import subjects_of


def content_read(*, actor: User, system: AISystem, framework: str, as_of: datetime.date, known_at: datetime.date) -> dict[str, Any]:
    """The content for ``framework`` (slug) by what ``actor`` may see.

    ``NotFound`` for a system that is not theirs, ``InvalidState`` where nothing of the framework was known or none of its duties applies.
    """
    subjects = subjects_of(AISystem.objects.visible_to(actor).filter(pk=system.pk))
    if not subjects:
        raise NotFound("There is no such AI system in your register.")
    matrix = matrix_read(actor=actor, framework=framework, subjects=subjects, as_of=as_of, known_at=known_at)
    asked = [cell for cell in matrix.cells() if cell.applies.bite == Bite.APPLIES]
    if not asked:
        raise InvalidState(
            "No duty of this framework applies to this system on that day, so there is nothing to report. Choose a later day or another framework."
        )
    assigned = assigned_read(actor, subjects)
    rows = [duty_row(cell, assigned) for cell in asked]
    gaps = [row for row in rows if row["gap"]]
    return {
        **heading(matrix, system, known_at),
        "applying": len(rows),
        "counts": counts_of(rows),
        "groups": groups_of(rows),
        "gaps": gaps,
        "others": others_of(matrix),
    }


def heading(matrix: Matrix, system: AISystem, known_at: datetime.date) -> dict[str, Any]:
    """Whose coverage of what, and on which days."""
    version, subject = matrix.lines[0].requirement.version, matrix.subjects[0]
    framework = {
        "name": version.framework.name,
        "short_name": version.framework.short_name,
        "slug": version.framework.slug,
        "edition": version.edition,
        "digest": version.digest,
    }
    return {
        "system": {"id": str(system.pk), "name": subject.name, "note": subject.note},
        "organisation": system.organisation.name,
        "framework": {**framework, "known_from": version.known_from.isoformat()},
        "as_of": matrix.as_of.isoformat(),
        "known_at": known_at.isoformat(),
    }


def duty_row(cell: Cell, assigned: Assigned) -> dict[str, Any]:
    """One duty that applies: its state, why, what would close it, who is in charge, and the evidence."""
    row = cell.requirement
    gap = Gap(cell, assigned.get((cell.subject.key, row.version.framework_id, row.ref)), fresh=False)
    care = gap.assignment
    return {
        "ref": row.ref,
        "title": row.title,
        "group": group_of(row.ref),
        "state": cell.state,
        "word": cell.word,
        "reason": cell.applies.reason,
        "gap": cell.gap,
        "needs": gap.needs if cell.gap else "",
        "owner": str(care.owner) if care else "",
        "due_on": care.due_on.isoformat() if care else None,
        "overdue": gap.overdue,
        "evidence": [evidence_row(link, standing) for link, standing in links_of(cell)],
    }


def evidence_row(link: Any, standing: str) -> dict[str, Any]:
    """One file and what it is worth for the duty."""
    file = link.artifact
    return {"title": file.title, "sha256": file.sha256, "standing": STANDING[standing], "kind": link.evidence_kind, "statement": str(file.attestation_id)}


def counts_of(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """How many duties are in which state, best first."""
    found = Counter(row["state"] for row in rows)
    return [{"state": state, "word": STATES[state], "count": found[state]} for state in COUNTED]


def groups_of(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Duties by article, in the order of the text."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["group"], []).append(row)
    return [{"name": name, "applying": len(held), "covered": sum(row["state"] == "covered" for row in held), "rows": held} for name, held in found.items()]


def others_of(matrix: Matrix) -> list[dict[str, Any]]:
    """Duties that do not apply on the day, each with its reason."""
    rest = [cell for cell in matrix.cells() if cell.applies.bite != Bite.APPLIES]
    return [{"ref": cell.requirement.ref, "title": cell.requirement.title, "word": cell.word, "reason": cell.applies.reason} for cell in rest]
