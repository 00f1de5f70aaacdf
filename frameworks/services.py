"""Loading of catalogues. This app lies below the log, so the caller hands in ``record`` (ledger.append)."""

from pathlib import Path
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from accounts.services import Record
from frameworks.importers import Catalogue, catalogue_read, day, row_fields
from frameworks.models import Framework, FrameworkVersion, Requirement

SHIPPED = Path(__file__).parent / "data" / "requirements.yaml"


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
    framework, _ = Framework.objects.update_or_create(
        slug=entry["id"], defaults={"name": entry["name"], "kind": entry["kind"], "jurisdiction": entry.get("jurisdiction", "")}
    )
    known_from = day(entry, "known_from")
    version, created = FrameworkVersion.objects.get_or_create(framework=framework, digest=catalogue.digest, defaults={"known_from": known_from})
    if not created:
        return 0
    rows = [Requirement(version=version, position=position, **row_fields(row, catalogue.sources)) for position, row in enumerate(entry["requirements"])]
    return len(Requirement.objects.bulk_create(rows))
