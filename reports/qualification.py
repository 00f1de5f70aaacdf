"""A calibration record as it stands beside every finding: figures with their intervals, when it was made, what it does not cover."""

from collections.abc import Mapping
from typing import Any

from assessments.models import Qualification
from assessments.qualification import NOT_COVERED, percent
from core import clock
from reports.formats import day, grouped

FIGURES = ("sensitivity", "false_positives", "causal_false_positives", "limit", "families", "organisms", "trials", "errored")
NO_LIMIT = "no planted strength was found in 80\u00a0% of the trials"


def record_read(row: Qualification) -> dict[str, Any]:
    """The record as plain JSON, with the digest of its document and its place in the log."""
    return {
        "instrument": row.instrument,
        "version": row.version,
        "made_at": clock.iso(row.made_at),
        "valid_until": clock.iso(row.valid_until),
        "device": row.environment.get("device", ""),
        "dtype": row.environment.get("dtype", ""),
        "sha256": row.result_artifact.sha256,
        "entry": row.attestation.entry.index,
        "qualifies": not row.shortfalls,
        "shortfalls": list(row.shortfalls),
        "not_covered": NOT_COVERED,
        **{name: row.figures.get(name) for name in FIGURES},
        "own": row.figures.get("own", 0),
    }


def record_rows(record: Mapping[str, Any]) -> list[dict[str, str]]:
    """The figures of a record in words: what each is, its value, and how sure it is."""
    limit = record["limit"]
    weakest = {"value": f"strength {limit['strength']:g} of 1", "note": share_note(limit["share"])} if limit else {"value": "none", "note": NO_LIMIT}
    return [
        {"label": "Found when planted", **share_row(record["sensitivity"])},
        {"label": "Claimed when absent", **share_row(record["false_positives"])},
        {"label": "Claimed as a cause when absent", **share_row(record["causal_false_positives"])},
        {"label": "Weakest planting it finds", **weakest},
    ]


def share_row(share: Mapping[str, Any] | None) -> dict[str, str]:
    """Value and note of a share, or that nobody measured it."""
    return {"value": percent(share["value"]), "note": share_note(share)} if share else {"value": "not measured", "note": "no such model was tried"}


def share_note(share: Mapping[str, Any]) -> str:
    """How many trials on how many models, errors included, and the interval."""
    errors = f", {share['errored']} of them ended in an error" if share["errored"] else ""
    span = f"95 % interval {percent(share['low'])} to {percent(share['high'])}"
    models = f"{grouped(share['organisms'])} test model{'' if share['organisms'] == 1 else 's'}"
    return f"{grouped(share['hits'])} of {grouped(share['n'])} trials on {models}{errors}; {span}"


def record_line(record: Mapping[str, Any]) -> str:
    """When the record was made, on what, and until when it may hold."""
    own = record.get("own")
    kinds = ", ".join(name.replace("_", " ") for name in record["families"])
    made = f"Made on {day(record['made_at'])} with {grouped(record['trials'])} trials on {grouped(record['organisms'])} test models ({kinds})"
    made += f", {grouped(own)} of them registered here" if own else ""
    return f"{made}; it holds until {day(record['valid_until'])} at most."
