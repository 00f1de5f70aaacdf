"""Fixed words of a report and the sentences composed from them by rule."""

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from reports.formats import grouped


@functools.cache
def vocabulary() -> Mapping[str, Any]:
    """The file ``data/vocabulary.yaml``."""
    words: Mapping[str, Any] = yaml.safe_load((Path(__file__).parent / "data" / "vocabulary.yaml").read_text(encoding="utf-8"))
    return words


def tier_word(tier: str) -> str:
    """A reading or verdict as a word."""
    return str(vocabulary()["tiers"][tier]["word"])


def counted(count: int, one: str, many: str) -> str:
    """``three causal effects``: a number in words up to twelve, then the noun."""
    numbers = vocabulary()["numbers"]
    written = numbers[count].lower() if count < len(numbers) else grouped(count)
    return f"{written} {one if count == 1 else many}"


def lede(snapshot: Mapping[str, Any]) -> list[str]:
    """The answer in plain paragraphs, composed from the findings alone; nothing is weighed or left out."""
    steps = snapshot["steps"]
    plan, run = snapshot["plan"], snapshot["run"]
    instruments = counted(len({step["instrument"] for step in steps}), "instrument", "instruments")
    first = f"{counted(len(steps), 'step', 'steps')} with {instruments}".capitalize()
    entries = f"log entry {grouped(plan['entry'])}, before the run began with entry {grouped(run['started_entry'])}"
    sealed = f"{first} {_were(len(steps))} run under a plan sealed as {entries}."
    paragraphs = [
        f"{sealed} Taken alone, the data show {readings_text(steps)}.",
        _cap_text(steps),
        " ".join(filter(None, [thresholds_text(steps), _controls_text(steps)])),
    ]
    return [paragraph for paragraph in paragraphs if paragraph]


def readings_text(steps: Sequence[Mapping[str, Any]]) -> str:
    """``one causal effect and two null results``, strongest first."""
    tiers = vocabulary()["tiers"]
    counts = Counter(step["reading"] for step in steps)
    parts = [counted(counts[tier], tiers[tier]["one"], tiers[tier]["many"]) for tier in vocabulary()["order"] if counts[tier]]
    return joined(parts)


def thresholds_text(steps: Sequence[Mapping[str, Any]]) -> str:
    """How many sealed thresholds were met, not met and undecided."""
    counts = Counter(row["met"] for step in steps for row in step["thresholds"])
    if not counts:
        return "The plan set no thresholds."
    total = sum(counts.values())
    if counts[True] == total:
        return f"All {total} sealed thresholds were met." if total > 1 else "The one sealed threshold was met."
    undecided = f" and {counts[None]} could not be decided" if counts[None] else ""
    return f"Of {total} sealed thresholds {counts[True]} {_were(counts[True])} met, {counts[False]} {_were(counts[False])} not met{undecided}."


def joined(parts: Sequence[str]) -> str:
    """``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _cap_text(steps: Sequence[Mapping[str, Any]]) -> str:
    without = sum(step["qualification"] is None for step in steps)
    if without and without == len(steps):
        return "No instrument has a calibration record yet, so no verdict goes beyond “not qualified”: the data are reported, nothing more may be claimed."
    lapsed = sum(step["qualification"] is not None and bool(step.get("cap_reasons")) for step in steps)
    return " ".join(filter(None, [_missing_text(without), _lapsed_text(lapsed)]))


def _missing_text(count: int) -> str:
    if not count:
        return ""
    whom = counted(count, "instrument has", "instruments have").capitalize()
    return f"{whom} no calibration record yet; the verdicts resting on that do not go beyond “not qualified”."


def _lapsed_text(count: int) -> str:
    if not count:
        return ""
    whom = counted(count, "step rests", "steps rest").capitalize()
    return f"{whom} on a calibration record that does not carry a claim, for the reasons given there; their verdicts do not go beyond “not qualified”."


def _controls_text(steps: Sequence[Mapping[str, Any]]) -> str:
    failed = [step["title"] for step in steps if any(row["passed"] is False for row in step["controls"])]
    if not failed:
        return ""
    return f"A control failed in {joined(failed)}: do not rely on what is reported there."
