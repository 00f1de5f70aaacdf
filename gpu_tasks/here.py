"""What a run on this machine would attest, told without loading torch: pages ask it whether a calibration record still holds."""

from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from assessments.conditions import LIBRARIES, Conditions, conditions_of
from assessments.models import Qualification
from assessments.registry import instrument, source_digest
from assessments.standing import Standing, chosen, lapses
from core import clock
from core.hashing import file_manifest, manifest_digest

RUNTIME = Path(__file__).parent / "runtime"


@cache
def environment_here() -> dict[str, Any]:
    """Versions of the libraries and digest of the runtime, as ``gpu_tasks.runtime.environment`` gives them."""
    return {
        "libraries": {name: version(name) for name in LIBRARIES},
        "runtime_source": manifest_digest(file_manifest(RUNTIME.glob("*.py"), RUNTIME)),
    }


def conditions_here(slug: str, like: Qualification | None = None) -> Conditions:
    """The conditions of a run here and now, on the device and in the number format of ``like``: this process knows no device of its own."""
    machine = {name: like.environment.get(name, "") for name in ("dtype", "device")} if like else {}
    return conditions_of(slug, instrument(slug).card.version, source_digest(slug), {**environment_here(), **machine})


def standings_here(slugs: Iterable[str]) -> dict[str, Standing]:
    """How far each instrument may be believed on this machine today, by slug; one query."""
    slugs = list(slugs)
    found: dict[str, list[tuple[Qualification, list[str]]]] = {slug: [] for slug in slugs}
    for row in Qualification.objects.filter(instrument__in=slugs).select_related("attestation__entry", "result_artifact", "calibration"):
        found[row.instrument].append((row, lost_here(row)))
    return {slug: chosen(slug, rows) for slug, rows in found.items()}


def lost_here(row: Qualification) -> list[str]:
    """Why a record does not hold on this machine today; empty when it does."""
    return lapses(row, conditions_here(row.instrument, row), clock.now())
