"""The replays of a finding's step in plain words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assessments.models import Replay, Step
from assessments.replay import Outcome

WORDS = {
    Outcome.IDENTICAL: "It came out again to the last bit",
    Outcome.WITHIN: "It came out again within tolerance",
    Outcome.DIFFERS: "It did not come out again",
}


@dataclass(frozen=True)
class Shown:
    """One replay as the page shows it."""

    words: str
    made_at: datetime
    entry: int
    tolerance: str
    missed: list[str]
    changes: list[str]


def replays_of(step: Step) -> list[Shown]:
    """All replays of ``step``, newest first."""
    return [_shown(row) for row in Replay.objects.filter(step=step).select_related("attestation__entry")]


def _shown(row: Replay) -> Shown:
    found = row.comparison
    reading = [] if len(set(found["reading"])) == 1 else [f"reading: {found['reading'][0]} on record, {found['reading'][1]} in the replay"]
    missed = [_line(measured) for measured in found["rows"] if not measured["holds"]] + [f"file with other bytes: {name}" for name in found["files"]]
    changes = [f"{change['name']}: {change['recorded']} on record, {change['again']} in the replay" for change in found["changes"]]
    tolerance = f"{found['tolerance']['name']} ({found['tolerance']['reason']})"
    return Shown(WORDS[Outcome(row.outcome)], row.created_at, row.attestation.entry.index, tolerance, reading + missed, changes)


def _line(measured: Mapping[str, Any]) -> str:
    again = "not measured" if measured["again"] is None else f"{measured['again']:.6g}"
    return f"{measured['label']}: {measured['recorded']:.6g} on record, {again} in the replay, allowed ± {measured['allowed']:.2g}"
