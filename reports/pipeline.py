"""Reads the release pipeline of a run: per axis five stages with their numbers and files, and the gate over the sealed thresholds."""

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assessments import pipeline
from assessments.contracts import Threshold
from assessments.judgement import wording
from assessments.models import Finding, Measurement, Run, Step
from assessments.pipeline import Axis, StepFacts
from core.errors import IntegrityFailed, NotFound, StorageFailed
from evidence.models import Artifact
from reports.queries import MEASURED, content_read, step_title
from reports.steering_config import steering_config

STAGES = {
    "measure": ("Measure", "Can the two kinds of text be told apart inside the model?"),
    "design": ("Design", "Which intervention: direction, layer, strength? Chosen on exploration texts."),
    "apply": ("Apply", "What adding it does to prompts that were kept aside."),
    "remeasure": ("Re-measure", "How far the behaviour moved, and what else it cost."),
}
NUMBERS = {
    "measure": ("auroc",),
    "design": ("working_coefficient",),
    "apply": ("steering_slope", "wrong_way_share"),
    "remeasure": ("steering_effect", "cost_ce"),
}
INSIDE = ("decodability",)
"""The number of the first stage where the steering step itself measures the axis."""
FILES = {"measure": "direction.safetensors", "design": "direction.safetensors", "apply": "items.parquet", "remeasure": "costs.parquet"}
GATE_LIMITS = (
    "that the model is safe on this axis, or that it may be released: a gate compares a few numbers, measured on these prompts, at these layers and on these "
    "weights, with limits that were sealed before the run. A person decides."
)
UNITS = {"layer": "Layer", "hook": "Hook", "scale": "Residual norm there", "added": "Length of what is added", "design_length": "Difference of means"}


def content_with_pipeline(run: Run, as_of: datetime.date) -> dict[str, Any]:
    """``content_read`` and, where the plan has one, the release pipeline; rows alone, no file is opened."""
    found = pipeline_read(run.plan.document["items"], steps_of(run))
    return {**content_read(run, as_of), **({"pipeline": found} if found else {})}


def steps_of(run: Run) -> list[Step]:
    """The steps of ``run`` with all that a pipeline shows of them, in four queries."""
    rows = run.steps.select_related("finding", "attestation").prefetch_related("finding__measurements", "attestation__artifacts")
    return list(rows.defer("finding__figures", "finding__environment", "attestation__envelope").order_by("position"))


def pipeline_read(items: Sequence[Mapping[str, Any]], steps: Iterable[Step]) -> dict[str, Any]:
    """The pipeline of a plan's sealed ``items`` as their ``steps`` stand now, ready for JSON; empty where the plan has none.

    ``steps`` come with findings, their measurements and their statements' artifacts.
    """
    axes = pipeline.axes_of(items)
    if not pipeline.is_pipeline(axes):
        return {}
    held = {step.key: step for step in steps}
    facts = {item["key"]: facts_of(item, held[item["key"]]) for item in items}
    shared = Counter(axis.name for axis in axes)
    used = {key for axis in axes for key in (axis.measure, axis.steer)}
    others = [{"step": key, "title": step_title(key), **_marks(step)} for key, step in held.items() if key not in used]
    return {"axes": [_axis(axis, held, facts, shared[axis.name] > 1) for axis in axes], "others": others, "does_not_show": GATE_LIMITS}


def facts_of(item: Mapping[str, Any], step: Step) -> StepFacts:
    """What the gate needs of one step; before it is done, its thresholds as they were sealed."""
    finding = _finding(step)
    if finding is None:
        sealed = [{"metric": row["metric"], "text": wording(Threshold(**row)), "met": None} for row in item["thresholds"]]
        return StepFacts(step_title(step.key), step.state, step.error, thresholds=sealed)
    failed = [str(row["name"]) for row in finding.controls if row["passed"] is False]
    return StepFacts(step_title(step.key), step.state, "", finding.verdict, tuple(finding.cap_reasons), finding.thresholds, failed)


def _axis(axis: Axis, held: Mapping[str, Step], facts: Mapping[str, StepFacts], shared: bool) -> dict[str, Any]:
    gate = pipeline.gate_of(axis, facts)
    key = axis.steer or axis.measure
    finding = _finding(held[key])
    suffix = f": {key.partition('.')[2]}" if shared and key.partition(".")[2] else ""
    return {
        "slug": axis.slug,
        "name": f"{axis.name}{suffix}",
        "stages": [_stage(stage, axis, held) for stage in STAGES],
        "gate": {
            "outcome": gate.outcome.value,
            "reasons": list(gate.reasons),
            "checks": [{"step": row.step, "metric": row.metric, "text": row.text, "met": row.met} for row in gate.checks],
        },
        "result": _result(held[key]),
        "does_not_show": finding.does_not_show if finding else "",
    }


def _stage(stage: str, axis: Axis, held: Mapping[str, Step]) -> dict[str, Any]:
    """One stage: which step made it, how that stands, its numbers and its file."""
    inside = stage == "measure" and axis.inside
    key = axis.steer if stage != "measure" or inside else axis.measure
    title, question = STAGES[stage]
    row: dict[str, Any] = {"stage": stage, "title": title, "question": question, "step": key, "state": "absent", "inside": inside}
    row |= {"verdict": "", "reading": "", "numbers": [], "facts": [], "file": None, "error": ""}
    if not key:
        return row
    step = held[key]
    numbers = _numbers(step, INSIDE if inside else NUMBERS[stage])
    row |= {**_marks(step), "error": step.error, "numbers": numbers, "file": _file(step, FILES[stage])}
    return row


def _marks(step: Step) -> dict[str, str]:
    finding = _finding(step)
    return {"state": step.state, "verdict": finding.verdict if finding else "", "reading": finding.reading if finding else ""}


def _numbers(step: Step, names: Sequence[str]) -> list[dict[str, Any]]:
    finding = _finding(step)
    made = {row.name: row for row in finding.measurements.all()} if finding else {}
    return [_number(made[name]) for name in names if name in made]


def _number(row: Measurement) -> dict[str, Any]:
    return {name: getattr(row, name) for name in MEASURED}


def _artifacts(step: Step) -> list[Artifact]:
    return list(step.attestation.artifacts.all()) if step.attestation else []


def _file(step: Step, name: str) -> dict[str, str] | None:
    found = next((row for row in _artifacts(step) if row.name == f"{step.key}/{name}"), None)
    return {"name": found.name.replace("/", "."), "sha256": found.sha256} if found else None


def _result(step: Step) -> dict[str, str] | None:
    """The result document that holds the numbers the gate compared."""
    return _file(step, "result.json")


def _finding(step: Step) -> Finding | None:
    return getattr(step, "finding", None)


def with_designs(found: Mapping[str, Any]) -> dict[str, Any]:
    """``pipeline_read`` with what the direction files say about each intervention; opens files, so call it outside a transaction."""
    return {**found, "axes": [{**axis, "stages": [_designed(stage) for stage in axis["stages"]]} for axis in found["axes"]]}


def _designed(stage: Mapping[str, Any]) -> dict[str, Any]:
    file = stage["file"] if stage["stage"] == "design" else None
    return {**stage, "facts": design_facts(file["sha256"]) if file else stage["facts"]}


def design_facts(sha256: str) -> list[list[str]]:
    """Label and value of what the direction file says about the intervention; one line with the reason where it cannot be read."""
    try:
        config = steering_config(sha256)
    except (NotFound, IntegrityFailed, StorageFailed) as error:
        return [["File", f"could not be read: {error}"]]
    added = _product(config.get("coefficient"), config.get("scale"))
    known = {**config, **({"added": added} if added else {})}
    return [[label, _short(known[name], name)] for name, label in UNITS.items() if name in known]


def _product(one: str | None, other: str | None) -> str:
    try:
        return repr(float(one or "") * float(other or ""))
    except ValueError:
        return ""


def _short(text: str, name: str) -> str:
    """A number to three digits; a length in residual norms says so."""
    try:
        value = f"{float(text):.3g}"
    except ValueError:
        return text[:80]
    return f"{value} residual norms" if name == "design_length" else value
