"""Two runs side by side: what was the same, what differed in how they were made, and every number that both hold."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from assessments.contracts import Threshold
from assessments.judgement import wording
from assessments.models import Finding, Measurement, Run, Step
from reports.formats import decimals_for, number, plain
from reports.queries import step_title
from web.findings.measurements import MARGIN, Row, row_of

Item = Mapping[str, Any]
Fact = tuple[str, str, str, bool]
"""A name, both values, and whether they are the same."""


@dataclass(frozen=True)
class Mark:
    """One measurement in the small picture: positions in percent of the width, None where there is no such end."""

    value: float
    low: float | None
    high: float | None
    null_low: float | None
    null_high: float | None

    @property
    def left(self) -> float:
        """Left edge of the mark for the value."""
        return round(self.value - 1, 2)

    @property
    def null_width(self) -> float:
        """Width of the null band, never too thin to see."""
        return 0.0 if self.null_low is None or self.null_high is None else round(max(self.null_high - self.null_low, 1.0), 2)


@dataclass(frozen=True)
class Pair:
    """A measurement that both runs hold; ``marks`` are on one axis."""

    first: Measurement
    second: Measurement
    texts: tuple[Row, Row]
    difference: str
    apart: bool | None
    marks: tuple[Mark, Mark] | None
    zero: float | None


@dataclass(frozen=True)
class StepPair:
    """One step of both runs. ``breaks`` say why its numbers may not be compared, ``notes`` what else differed."""

    key: str
    title: str
    first: Finding
    second: Finding
    breaks: list[str]
    notes: list[str]
    made: list[Fact]
    identical: bool
    pairs: list[Pair]
    alone: tuple[list[str], list[str]]

    @property
    def primary(self) -> Pair | None:
        """The measurement the claim was about, where both runs made it."""
        return next((row for row in self.pairs if row.first.name == self.first.primary), None)


def step_pairs(first: Iterable[Step], second: Iterable[Step]) -> tuple[list[StepPair], list[str], list[str]]:
    """The steps that both runs hold a finding for, and the titles of those that only one of them does."""
    ones, others = _found(first), _found(second)
    shared = [_step_pair(ones[key], others[key]) for key in ones if key in others]
    return shared, [step_title(key) for key in ones if key not in others], [step_title(key) for key in others if key not in ones]


def _found(steps: Iterable[Step]) -> dict[str, Step]:
    return {step.key: step for step in steps if hasattr(step, "finding")}


def _step_pair(first: Step, second: Step) -> StepPair:
    one, other = first.finding, second.finding
    ones = {row.name: row for row in one.measurements.all()}
    others = {row.name: row for row in other.measurements.all()}
    return StepPair(
        key=first.key,
        title=step_title(first.key),
        first=one,
        second=other,
        breaks=list(breaks(first.item, second.item)),
        notes=list(notes(first.item, second.item, one, other)),
        made=made(first.item, second.item, one, other),
        identical=one.result_artifact.sha256 == other.result_artifact.sha256,
        pairs=[pair(row, others[name]) for name, row in ones.items() if name in others],
        alone=([row.label for name, row in ones.items() if name not in others], [row.label for name, row in others.items() if name not in ones]),
    )


def breaks(first: Item, second: Item) -> Iterator[str]:
    """Differences in how the two were made that leave their numbers without a common meaning."""
    for name, text in (("instrument", "The instruments differ"), ("version", "The versions of the instrument differ")):
        if first[name] != second[name]:
            yield f"{text}: {first[name]} and {second[name]}."
    for name, one, other in changed(first["params"], second["params"]):
        yield f"The parameter {name.replace('_', ' ')} differs: {plain(one)} and {plain(other)}."
    for slug, _, _ in changed(first["probe_sets"], second["probe_sets"]):
        yield f"The probe set {slug.replace('_', ' ')} is not the same file."


def notes(first: Item, second: Item, one: Finding, other: Finding) -> Iterator[str]:
    """Differences that leave the numbers comparable, but belong beside them."""
    if first["source_digest"] != second["source_digest"]:
        yield "The source of the instrument changed between the runs. The numbers can be compared only if that change did not touch them."
    if first["thresholds"] != second["thresholds"]:
        yield f"Thresholds differ ({_limits(first)}; {_limits(second)}): whether they were met cannot be compared."
    differing = [name for name, _, _ in changed(one.environment, other.environment) if name not in ("seed", "twin_seed", "probe_sets")]
    if differing:
        yield f"The environments differ in {', '.join(name.replace('_', ' ') for name in differing)}."


def _limits(item: Item) -> str:
    return ", ".join(f"{row['metric']} {wording(Threshold(**row))}" for row in item["thresholds"]) or "none"


def changed(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Keys whose values differ, or that only one side has, by name."""
    for name in sorted({*first, *second}):
        if first.get(name) != second.get(name):
            yield name, first.get(name), second.get(name)


def pair(first: Measurement, second: Measurement) -> Pair:
    """Two values of one measurement with their difference, second minus first."""
    places = decimals_for(first.value, second.value)
    gap = second.value - first.value
    text = number(gap, places)
    scale = _scale([first, second])
    marks = (_mark(first, scale), _mark(second, scale)) if scale else None
    zero = _place(0.0, scale) if scale and scale[0] < 0 < scale[1] else None
    return Pair(first, second, (row_of(first), row_of(second)), f"+{text}" if gap > 0 and text.strip("0.") else text, apart(first, second), marks, zero)


def apart(first: Measurement, second: Measurement) -> bool | None:
    """Whether the two intervals leave a gap between them; None where one is missing."""
    ends = (first.low, first.high, second.low, second.high)
    if first.low is None or first.high is None or second.low is None or second.high is None:
        return None
    return bool(ends) and (first.high < second.low or second.high < first.low)


def _scale(rows: Iterable[Measurement]) -> tuple[float, float] | None:
    known = [value for row in rows for value in (row.value, row.low, row.high, row.null_low, row.null_high) if value is not None]
    return (min(known), max(known)) if min(known) < max(known) else None


def _mark(row: Measurement, scale: tuple[float, float]) -> Mark:
    low, high, null_low, null_high = (None if end is None else _place(end, scale) for end in (row.low, row.high, row.null_low, row.null_high))
    return Mark(_place(row.value, scale), low, high, null_low, null_high)


def _place(value: float, scale: tuple[float, float]) -> float:
    return round(MARGIN + (100 - 2 * MARGIN) * (value - scale[0]) / (scale[1] - scale[0]), 2)


def made(first: Item, second: Item, one: Finding, other: Finding) -> list[Fact]:
    """How the two numbers were made, side by side: instrument, parameters, probe sets, thresholds, environment."""
    return beside(_made(first, one), _made(second, other))


def _made(item: Item, finding: Finding) -> dict[str, str]:
    facts = {"Instrument": item["instrument"].replace("_", " "), "Version": item["version"], "Source": f"sha256:{item['source_digest']}"}
    facts |= {name.replace("_", " "): plain(list(value) if isinstance(value, tuple) else value) for name, value in item["params"].items()}
    facts |= {f"probe set {slug.replace('_', ' ')}": f"sha256:{digest}" for slug, digest in item["probe_sets"].items()}
    facts["Thresholds"] = _limits(item)
    return facts | {name.replace("_", " "): plain(value) for name, value in sorted(finding.environment.items()) if name != "probe_sets"}


def run_facts(first: Run, second: Run) -> list[Fact]:
    """What was run, side by side."""
    return beside(_facts_of(first), _facts_of(second))


def beside(first: Mapping[str, str], second: Mapping[str, str]) -> list[Fact]:
    """Two sets of facts as rows; a fact that one side lacks is a dash there."""
    return [(name, first.get(name, "–"), second.get(name, "–"), first.get(name) == second.get(name)) for name in {**first, **second}]


def _facts_of(run: Run) -> dict[str, str]:
    document, version = run.plan.document, run.plan.version
    subject = document["subject"]
    return {
        "Model version": str(version),
        "Quantisation": version.quantisation,
        "Weights": f"sha256:{subject['weights_digest']}",
        "Tokenizer": f"sha256:{subject['tokenizer_digest']}",
        "Plan": f"sha256:{run.plan.sealed_digest}",
        "Seed": str(document["seed"]),
    }
