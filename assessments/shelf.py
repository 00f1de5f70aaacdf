"""Added probe sets where they are needed: by name when a plan is written, as files when a worker shows them to a model."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from django.conf import settings

from assessments import probes
from assessments.models import AddedProbeSet
from assessments.probes import Find, ProbeSet
from core.errors import NotFound
from evidence.storage import blob_read


def shelf_dir() -> Path:
    """The folder in which this installation's processes look for added sets."""
    return Path(settings.ASSAY_PROBE_SHELF or settings.ASSAY_VAR / "probe-sets")


def added_newest(organisation_id: UUID) -> dict[str, AddedProbeSet]:
    """The newest version of every set of an organisation, by slug; one query."""
    rows = AddedProbeSet.objects.filter(organisation_id=organisation_id).order_by("created_at")
    return {row.slug: row for row in rows}


def finder(organisation_id: UUID) -> Find:
    """Looks sets up by slug: those that come with the program, then the newest that the organisation added."""

    def find(slug: str) -> ProbeSet:
        if slug in probes.shipped():
            return probes.probe_set(slug)
        row = AddedProbeSet.objects.filter(organisation_id=organisation_id, slug=slug).first()
        return probes.probe_set(slug) if row is None else added_read(row)

    return find


def added_read(row: AddedProbeSet) -> ProbeSet:
    """The texts of an added set, hashed again on the way out of the store."""
    return probes.probe_set_from(f"{row.slug}.yaml", blob_read(row.digest))


def shelf_fill(digests: Mapping[str, str]) -> None:
    """Put the added sets among ``digests`` on this machine's shelf and name it to the process; one that is nowhere is refused by whoever reads it."""
    wanted = [digest.removeprefix("sha256:") for slug, digest in digests.items() if slug not in probes.shipped()]
    if not wanted:
        return
    os.environ[probes.SHELF] = str(shelf_dir())
    for digest in wanted:
        path = shelf_dir() / f"{digest}.yaml"
        if not path.exists():
            _put(path, digest)


def _put(path: Path, digest: str) -> None:
    try:
        raw = blob_read(digest)
    except NotFound:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # Another worker may put the same file at the same moment: whole or not at all.
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as stream:
        stream.write(raw)
    Path(stream.name).replace(path)
