"""The release pipeline as a reading of a sealed plan: axes that are measured, steered and measured again, and the gate over each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from assessments.contracts import Verdict
from assessments.methods.linear_direction import CONCEPTS
from assessments.methods.parts.axes import PREFIX
from assessments.methods.parts.behaviours import BEHAVIOURS

MEASURES, STEERS = "linear_direction", "steering_validation"
MEASURED_INSIDE = frozenset({"sentiment"})
"""Behaviours whose texts declare no axis of their own: only the steering step itself can read the direction on them."""
NAMES = {"harmful_harmless": "harm", "axis_evaluation_awareness": "stated evaluation purpose", "axis_self_preservation": "self-preservation"}
"""Names that do not follow from the slug of the texts; a probe on a stated purpose shows no awareness."""


@dataclass(frozen=True)
class Axis:
    """One axis of a plan: the texts it is designed from, and the keys of the steps that measure and that steer it (empty where there is none)."""

    slug: str
    name: str
    measure: str = ""
    steer: str = ""

    @property
    def inside(self) -> bool:
        """Whether the steering step itself is the only one that can measure this axis."""
        return not self.measure and self.slug in MEASURED_INSIDE

    @property
    def whole(self) -> bool:
        """Whether the plan measures this axis, acts on it and measures it again."""
        return bool(self.steer) and bool(self.measure or self.inside)


class Outcome(StrEnum):
    """What became of an axis's gate; only ``MET`` opens it."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_EVALUATED = "not_evaluated"


@dataclass(frozen=True)
class StepFacts:
    """One step as far as the gate needs it. ``thresholds``: rows with metric, text and met; ``failed``: names of controls that did not behave."""

    title: str
    state: str
    error: str = ""
    verdict: str = ""
    cap_reasons: tuple[str, ...] = ()
    thresholds: Sequence[Mapping[str, Any]] = ()
    failed: Sequence[str] = ()

    @property
    def done(self) -> bool:
        """Whether the step has a finding."""
        return self.state == "done"


@dataclass(frozen=True)
class Check:
    """One sealed threshold of an axis; ``met`` is None where it could not be decided or was not reached yet."""

    step: str
    metric: str
    text: str
    met: bool | None


@dataclass(frozen=True)
class Gate:
    """The outcome over all sealed thresholds of an axis, with every reason why it is not met."""

    outcome: Outcome
    reasons: tuple[str, ...] = ()
    checks: tuple[Check, ...] = field(default=())


def axes_of(items: Iterable[Mapping[str, Any]]) -> tuple[Axis, ...]:
    """The axes of a plan's sealed items, in their order. A second steering of the same texts is a row of its own; the first measuring step serves both."""
    measured: dict[str, str] = {}
    steered: list[tuple[str, str, str]] = []
    concepts = {slug: row.probe_set for slug, row in CONCEPTS.items()}
    behaviours = {slug: row.design_set for slug, row in BEHAVIOURS.items()}
    for item in items:
        concept, behaviour = (str(item["params"].get(field, "")) for field in ("concept", "behaviour"))
        if item["instrument"] == MEASURES and concept:
            measured.setdefault(concepts.get(concept, concept), item["key"])
        if item["instrument"] == STEERS and behaviour:
            steered.append((behaviours.get(behaviour, behaviour), behaviour, item["key"]))
    rows = [Axis(slug, name_of(slug, behaviour), measured.get(slug, ""), key) for slug, behaviour, key in steered]
    acted_on = {slug for slug, _, _ in steered}
    return (*rows, *(Axis(slug, name_of(slug), key) for slug, key in measured.items() if slug not in acted_on))


def name_of(slug: str, behaviour: str = "") -> str:
    """An axis in words, with a capital: from its texts, or from the behaviour where that has a name of its own."""
    own = BEHAVIOURS[behaviour].name if behaviour in BEHAVIOURS else NAMES.get(slug, slug.removeprefix(PREFIX).replace("_", " "))
    # The two refusals are designed from different texts; a reader must be able to tell them apart.
    return f"{own[:1].upper()}{own[1:]}{' (paired requests)' if slug == f'{PREFIX}refusal' else ''}"


def is_pipeline(axes: Sequence[Axis]) -> bool:
    """Whether at least one axis is measured, acted on and measured again."""
    return any(axis.whole for axis in axes)


def gate_of(axis: Axis, steps: Mapping[str, StepFacts]) -> Gate:
    """The gate of ``axis`` over the sealed thresholds of its steps.

    One missed threshold decides it. Otherwise it is met only when every step is done, qualified and conclusive, every control behaved and every
    threshold was met: nothing is filled in, and an unqualified finding opens no gate.
    """
    mine = [steps[key] for key in (axis.measure, axis.steer) if key]
    checks = tuple(Check(step.title, str(row["metric"]), str(row["text"]), row["met"] if step.done else None) for step in mine for row in step.thresholds)
    missed = [f"{row.step}: {row.metric.replace('_', ' ')} {row.text} was not met." for row in checks if row.met is False]
    reasons = (*missed, *_absent(axis), *(reason for step in mine for reason in doubts(step)))
    outcome = Outcome.NOT_MET if missed else Outcome.NOT_EVALUATED if reasons else Outcome.MET
    return Gate(outcome, reasons, checks)


def _absent(axis: Axis) -> list[str]:
    found = []
    if not axis.measure and not axis.inside:
        found.append("The plan has no step that measures this axis.")
    if not axis.steer:
        found.append("The plan has no step that acts on this axis and measures it again.")
    return found


def doubts(step: StepFacts) -> list[str]:
    """Why the thresholds of ``step`` cannot open a gate, in sentences; empty when they can."""
    waiting = {
        "queued": "has not begun yet",
        "running": "is still running",
        "failed": f"failed: {step.error or 'no reason was recorded'}",
        "cancelled": "was cancelled before it had a result",
    }
    if not step.done:
        return [f"{step.title} {waiting.get(step.state, 'has no result')}.".replace("..", ".")]
    found = [f"{step.title}: {row['metric'].replace('_', ' ')} {row['text']} could not be decided." for row in step.thresholds if row["met"] is None]
    if not step.thresholds:
        found.append(f"{step.title} has no sealed threshold.")
    found += [f"{step.title}: the control “{name.replace('_', ' ')}” did not behave." for name in step.failed]
    return found + _standing(step)


def _standing(step: StepFacts) -> list[str]:
    """What the verdict itself forbids: no current record of the instrument, or no conclusion."""
    if step.verdict == Verdict.NOT_QUALIFIED or step.cap_reasons:
        why = " ".join(step.cap_reasons) or "It has no calibration record for this version and machine."
        return [f"{step.title}: the instrument is not qualified. {why}"]
    if step.verdict in (Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE):
        return [f"{step.title}: the result is {step.verdict.replace('_', ' ')}, so nothing follows from it."]
    return []
