"""Loading of catalogues. This app lies below the log, so the caller hands in ``record`` (ledger.append)."""

from pathlib import Path
from typing import Any, Final

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from accounts.services import Record
from frameworks.importers import Catalogue, catalogue_read, day, row_fields
from frameworks.models import Framework, FrameworkVersion, Requirement

DATA: Final = Path(__file__).parent / "data"
SHIPPED: Final = DATA / "requirements.yaml"
EARLIER: Final = (DATA / "eu-ai-act-2024.yaml",)
"""Editions that a later one replaced; they answer what the law was thought to be on an earlier day."""


@transaction.atomic
def shipped_load(*, actor: User, record: Record) -> int:
    """Load every catalogue that comes with the program, earlier editions included. Returns rows written."""
    return sum(catalogue_load(actor=actor, record=record, path=path) for path in (*EARLIER, SHIPPED))


def catalogue_load(*, actor: User, record: Record, path: Path = SHIPPED) -> int:
    """Load every framework of the catalogue at ``path``; a version already loaded is left alone. Returns rows written."""
    catalogue = catalogue_read(path)
    with transaction.atomic():
        require(actor, "frameworks.load")
        written = sum(_load_framework(framework, catalogue) for framework in catalogue.frameworks)
        if written:
            payload = {"catalogue": catalogue.digest, "rows": written}
            record(actor=actor, action="frameworks.catalogue.loaded", subject=f"frameworks.catalogue:{catalogue.digest[:16]}", payload=payload)
    return written


def _load_framework(entry: dict[str, Any], catalogue: Catalogue) -> int:
    framework = _framework(entry)
    facts = {"known_from": day(entry, "known_from"), "edition": entry.get("edition", "")}
    version, created = FrameworkVersion.objects.get_or_create(framework=framework, digest=catalogue.digest, defaults=facts)
    if not created:
        return 0
    rows = [Requirement(version=version, position=position, **row_fields(row, catalogue.sources)) for position, row in enumerate(entry["requirements"])]
    return len(Requirement.objects.bulk_create(rows))


def _framework(entry: dict[str, Any]) -> Framework:
    """The framework of an entry; its name follows the newest edition, so that loading an earlier one does not turn it back."""
    facts = {"name": entry["name"], "kind": entry["kind"], "jurisdiction": entry.get("jurisdiction", "")}
    newer = FrameworkVersion.objects.filter(framework__slug=entry["id"], known_from__gt=day(entry, "known_from")).exists()
    framework, _ = Framework.objects.update_or_create(slug=entry["id"], defaults={} if newer else facts, create_defaults=facts)
    return framework
