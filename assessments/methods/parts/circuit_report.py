"""What a run over the known circuits means: reading, measurements, controls, files and words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assessments.contracts import Control, Measurement, OutputFile, Reading
from assessments.methods.parts import ioi
from assessments.methods.parts.induction import Losses, Repeated, top_head
from assessments.methods.parts.outputs import finite, measurement, write_table
from assessments.statistics import Array, Interval, bootstrap_mean, permutation_p, wilson

COMPONENTS = ("attention", "MLP")


@dataclass(frozen=True)
class Arm:
    """What one set of weights gives: per-prompt logit differences, losses of both copies, score per head."""

    clean: Array
    losses: Losses
    heads: Array


@dataclass(frozen=True)
class Task:
    """Everything shown to the model and to its random twin."""

    prompts: Sequence[ioi.Prompt]
    scored: Sequence[ioi.Scored]
    repeated: Repeated
    draws: int
    seed: int

    @property
    def families(self) -> list[str]:
        """Template family of each scored prompt: the clusters of the intervals."""
        return [row.prompt.family for row in self.scored]

    @property
    def tokens(self) -> int:
        """Tokens of one pass over all scored prompts."""
        return sum(len(row.tokens) for row in self.scored)


@dataclass(frozen=True)
class Results:
    """All that was measured, before it is put into words."""

    model: Arm
    twin: Arm
    corrupted: Array
    patched: Array
    logit_diff: Interval
    twin_diff: Interval
    drop: Interval
    twin_drop: Interval
    null: Array
    noop: Control
    smallest: Mapping[str, float]

    @property
    def reading(self) -> Reading:
        """Observed when both known behaviours are there, beyond the twin and of a size that matters, null when neither is, inconclusive otherwise."""
        if not self.noop.passed:
            return Reading.INCONCLUSIVE
        names = self.logit_diff.low > max(0.0, self.twin_diff.high) and self.logit_diff.value >= self.smallest["ioi_logit_diff"]
        copying = self.drop.low > max(0.0, self.twin_drop.high) and self.drop.value >= self.smallest["induction_loss_drop"]
        if names and copying:
            return Reading.OBSERVED
        return Reading.INCONCLUSIVE if names or copying else Reading.NULL


def over_sequences(values: Array, task: Task) -> Interval:
    return bootstrap_mean(values, [str(index) for index in range(len(values))], task.draws, task.seed)


def measurements(r: Results, task: Task) -> tuple[Measurement, ...]:
    """Names, repetition and components, the logit difference first."""
    return (*_name_rows(r, task), *_copy_rows(r, task), _largest_component(r))


def _name_rows(r: Results, task: Task) -> tuple[Measurement, ...]:
    count, formula, nats = len(task.scored), "ioi-logit-difference/1", {"unit": "nats"}
    low, high = np.quantile(r.null, [0.025, 0.975])
    null = {"null_low": low, "null_high": high, "p_value": permutation_p(r.logit_diff.value, r.null)}
    corrupted = bootstrap_mean(r.corrupted, task.families, task.draws, task.seed)
    right = wilson(int((r.model.clean > 0).sum()), count)
    return (
        measurement("ioi_logit_diff", "Right name over repeated name", r.logit_diff, count, formula, role="primary", **null, **nats),
        measurement("ioi_accuracy", "Prompts where the right name wins", right, count, "share-wilson/1", unit="share"),
        measurement("ioi_corrupted", "The same with the repeated name removed", corrupted, count, formula, role="control", **nats),
        measurement("ioi_twin", "Right name over repeated name, random weights", r.twin_diff, count, formula, role="control", **nats),
    )


def _copy_rows(r: Results, task: Task) -> tuple[Measurement, ...]:
    count, formula = len(task.repeated.items), "induction-attention/1"
    layer, head = top_head(r.model.heads)
    first, second = (over_sequences(losses, task) for losses in (r.model.losses.first, r.model.losses.second))
    null = {"null_low": r.twin_drop.low, "null_high": r.twin_drop.high}
    return (
        measurement("loss_first", "Loss on random tokens, first time", first, count, "cross-entropy/1", unit="nats"),
        measurement("loss_second", "Loss on the same tokens, second time", second, count, "cross-entropy/1", unit="nats"),
        measurement("induction_loss_drop", "Fall in loss on repetition", r.drop, count, "induction-loss-drop/1", unit="nats", **null),
        measurement("induction_top_head", f"Strongest induction head (L{layer}H{head})", r.model.heads.max(), count, formula, unit="attention"),
        measurement("induction_top_twin", "Strongest head, random weights", r.twin.heads.max(), count, formula, unit="attention", role="control"),
    )


def _largest_component(r: Results) -> Measurement:
    effects = r.patched.mean(axis=2)
    layer, part = np.unravel_index(int(np.abs(effects).argmax()), effects.shape)
    label = f"Largest single component (L{layer} {COMPONENTS[part]})"
    return measurement("patching_largest", label, effects[layer, part], r.patched.shape[2], "activation-patching/1", unit="nats")


def controls(r: Results, task: Task) -> tuple[Control, ...]:
    corrupted, clean, twin = float(r.corrupted.mean()), r.logit_diff.value, r.twin_diff
    quiet = abs(corrupted) <= 0.25 * abs(clean)
    apart = r.logit_diff.low > twin.high and r.drop.low > r.twin_drop.high
    return (
        r.noop,
        Control("corrupted_prompts", len(r.corrupted), quiet, f"With a third name in place of the repeated one: {corrupted:+.2f} nats against {clean:+.2f}."),
        Control(
            "random_weight_twin",
            len(task.scored),
            apart,
            f"Same architecture, random weights: {twin.value:+.2f} nats, loss drop {r.twin_drop.value:+.2f} nats.",
        ),
        Control("sign_flips", len(r.null), None, "Null of the logit difference: right and wrong name exchanged at random in each prompt."),
    )


def files(workdir: Path, r: Results, task: Task) -> tuple[OutputFile, ...]:
    place = {row.prompt.id: index for index, row in enumerate(task.scored)}
    items = [_item(prompt, place.get(prompt.id), r) for prompt in task.prompts]
    heads = [
        {"layer": layer, "head": head, "induction": finite("induction score", score), "induction_twin": finite("induction score", r.twin.heads[layer, head])}
        for (layer, head), score in np.ndenumerate(r.model.heads)
    ]
    effects = [
        {"layer": layer, "component": COMPONENTS[part], "prompt": index, "effect_nats": finite("patching effect", value)}
        for (layer, part, index), value in np.ndenumerate(r.patched)
    ]
    return (
        write_table(workdir, "items", items, "Every name prompt with its logit differences"),
        write_table(workdir, "heads", heads, "Induction score of every attention head", kind="table"),
        write_table(workdir, "patching", effects, "Effect of every replaced block output on every prompt", kind="table"),
    )


def _item(prompt: ioi.Prompt, place: int | None, r: Results) -> dict[str, Any]:
    values = {"logit_diff": r.model.clean, "logit_diff_corrupted": r.corrupted, "logit_diff_twin": r.twin.clean}
    scores = {name: None if place is None else float(column[place]) for name, column in values.items()}
    text = {"text": prompt.text, "corrupted": prompt.corrupted, "right": prompt.right, "wrong": prompt.wrong}
    return {"id": prompt.id, "family": prompt.family, **text, "scored": place is not None, **scores}


def counts(task: Task) -> dict[str, int]:
    scored = len(task.scored)
    return {"items": len(task.prompts), "scored": scored, "unscored": len(task.prompts) - scored, "errored": 0, "sequences": len(task.repeated.items)}


def words(r: Results) -> dict[str, str]:
    head = {
        Reading.OBSERVED: "The known circuits are there",
        Reading.NULL: "No known circuit was found",
        Reading.INCONCLUSIVE: "The known circuits were found only in part",
        Reading.NOT_APPLICABLE: "",
        Reading.CAUSAL: "",
    }[r.reading]
    layer, head_index = top_head(r.model.heads)
    summary = (
        f"The right name is ahead of the repeated name by {r.logit_diff.value:.2f} nats ({r.logit_diff.low:.2f} to {r.logit_diff.high:.2f}); "
        f"with random weights by {r.twin_diff.value:+.2f}. Shown a random sequence again, the model predicts it {r.drop.value:.2f} nats per token better "
        f"(random weights {r.twin_drop.value:+.2f}). The head that attends most like a copying head is L{layer}H{head_index} ({r.model.heads.max():.2f})."
    )
    return {"headline": head, "summary": summary, "does_not_show": DOES_NOT_SHOW, "not_examined": NOT_EXAMINED}


DOES_NOT_SHOW = (
    "that these components are the whole circuit, that they matter for any other behaviour, or anything about the safety of the model. "
    "A component map from replacing one block at a time misses components that stand in for one another."
)
NOT_EXAMINED = "Single heads and edges between components, other languages, prompts longer than one sentence, sequences of ordinary text."
