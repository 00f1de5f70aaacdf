"""What the pages of organisms read: the program's folders, the table of those registered here, and the trials made on them."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet

from accounts.models import User
from assessments.models import AddedOrganism, CalibrationTrial
from assessments.organisms.contracts import Organism
from assessments.organisms.registry import ADAPTERS, DATA, DATASHEET, RECORD, organism_described, organism_record
from assessments.registry import METHODS, trials_on
from core.errors import NotFound
from evidence.models import Artifact
from evidence.storage import blob_read

LATEST = 20
"""Trials that are shown on a page."""


def shipped() -> list[Organism]:
    """The organisms that come with the program, by slug, as their records describe them."""
    folders = [path.parent for root in (DATA, ADAPTERS) for path in sorted(root.glob(f"*/{RECORD}"))]
    return [_described(folder, (folder / RECORD).stat().st_mtime_ns) for folder in folders]


def shipped_for(slug: str) -> Organism:
    """A shipped organism, or ``NotFound``."""
    found = next((root / slug for root in (DATA, ADAPTERS) if (root / slug / RECORD).is_file()), None)
    if found is None:
        raise NotFound("No organism of this name comes with the program.")
    return organism_described(found)


@lru_cache(maxsize=512)
def _described(folder: Path, _changed: int) -> Organism:
    return organism_described(folder)


def added() -> QuerySet[AddedOrganism]:
    """All registered organisms; like records they belong to the installation, so everybody who sees instruments sees them."""
    # Databases disagree on where nulls belong: those in use come first.
    return AddedOrganism.objects.order_by(F("withdrawn_at").asc(nulls_first=True), "family", "-strength", "role", "seed")


def added_for(organism_id: UUID) -> AddedOrganism:
    """A registered organism, or ``NotFound``."""
    row = AddedOrganism.objects.select_related("attestation__entry", "withdrawn_entry", "added_by", "organisation").filter(pk=organism_id).first()
    if row is None:
        raise NotFound("There is no such organism in this installation.")
    return row


def mine_for(actor: User, organism_id: UUID) -> AddedOrganism:
    """A registered organism that the actor's organisation answers for, or ``NotFound``."""
    row = added_for(organism_id)
    if not mine(actor, row):
        raise NotFound("There is no such organism in your register.")
    return row


def trials_of(found: Organism) -> list[dict[str, Any]]:
    """All trials on a shipped organism, those that instruments bring included, as a record writes them."""
    trials = tuple(trial for method in METHODS for _, trial in trials_on(method.card.slug, found))
    return list(organism_record(replace(found, trials=trials))["trials"])


def titles(slugs: Sequence[str]) -> dict[str, str]:
    """Titles of instruments by slug, once each; an instrument that is gone keeps its slug."""
    known = {method.card.slug: method.card.title for method in METHODS}
    return {slug: known.get(slug, slug) for slug in dict.fromkeys(slugs)}


def trials_made(slug: str, own: bool) -> QuerySet[CalibrationTrial]:
    """The newest trials on an organism itself, not on its architecture with random weights."""
    rows = CalibrationTrial.objects.filter(organism=slug, own=own).exclude(role="random").select_related("calibration")
    return rows.order_by("-calibration__created_at", "position")[:LATEST]


def files_of(row: AddedOrganism) -> list[Artifact]:
    """Record and datasheet as they are kept."""
    return list(Artifact.objects.filter(attestation=row.attestation).order_by("name"))


def datasheet_of(found: Organism) -> str:
    """The datasheet of a shipped organism; empty when it has none."""
    path = found.folder / DATASHEET
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def datasheet_kept(files: Sequence[Artifact]) -> str:
    """The datasheet among the files of a registered organism, hashed again on the way out; empty when there is none."""
    return next((blob_read(row.sha256).decode("utf-8", "replace") for row in files if row.kind == "datasheet"), "")


def mine(actor: User, row: AddedOrganism) -> bool:
    """Whether the actor works in the organisation that registered it: only then its name, people and files are shown."""
    return actor.memberships.filter(organisation=row.organisation_id).exists()
