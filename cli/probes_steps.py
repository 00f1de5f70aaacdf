"""The work of `assay probes`, in this process and in the name of the first administrator."""

from pathlib import Path
from typing import Any

from accounts.models import Organisation, User
from assessments.models import AddedProbeSet
from assessments.probe_intake import LARGEST, warnings
from assessments.services.probe_sets import probe_set_add
from cli.setup import first_administrator
from core.errors import InvalidInput


def add(path: Path, register: str = "") -> dict[str, Any]:
    """Read, check and keep the file at ``path``; what was added, with the warnings about its surface."""
    actor = first_administrator()
    row = probe_set_add(actor=actor, organisation=home_of(actor, register), name=path.name, raw=_bytes(path))
    return {**_facts(row), "warnings": warnings(row.baseline), "text": f"added {row}: {row.items} items in {row.families} families, sha256:{row.digest}"}


def _facts(row: AddedProbeSet) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("slug", "version", "title", "digest", "items", "families", "baseline")}


def _bytes(path: Path) -> bytes:
    """At most one byte more than is allowed: a larger file is refused without being read."""
    try:
        with path.open("rb") as stream:
            return stream.read(LARGEST + 1)
    except OSError as error:
        raise InvalidInput("FILE", f"{path} cannot be read ({error.strerror}); give the path of a YAML file") from error


def home_of(actor: User, register: str) -> Organisation:
    """The actor's organisation, by name where there are several; ``InvalidInput`` names them."""
    rows = Organisation.objects.filter(memberships__user=actor).distinct().order_by("name")
    found = [row for row in rows if register in ("", row.name)]
    if len(found) != 1:
        raise InvalidInput("--register", f"name one of: {', '.join(row.name for row in rows) or 'none, because you keep no register'}")
    return found[0]
