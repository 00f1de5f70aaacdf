"""Repetition on its own: does the model predict a random sequence better when it comes again? For models whose vocabulary holds no names."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assessments.contracts import Control, Figure, Measurement, OutputFile, Reading
from assessments.methods.parts import circuit_figures
from assessments.methods.parts.induction import Losses, Repeated, copy_losses, induction_scores, make_repeated, top_head
from assessments.methods.parts.outputs import finite, measurement, write_table
from assessments.statistics import Array, Interval, bootstrap_mean
from assessments.subject import Subject, Tick


@dataclass(frozen=True)
class Repetition:
    """Losses and head scores of the model and of random weights; ``fresh`` is the model on sequences whose second half is another one's first."""

    repeated: Repeated
    model: Losses
    heads: Array
    fresh: Losses
    twin: Losses
    twin_heads: Array
    noop: Control
    smallest: float
    draws: int
    seed: int

    def over(self, values: Array) -> Interval:
        """Mean over sequences, each a cluster of its own."""
        return bootstrap_mean(values, [str(place) for place in range(len(values))], self.draws, self.seed)

    @property
    def reading(self) -> Reading:
        """Observed when the fall in loss is beyond random weights and beyond fresh sequences, and of a size that matters; else null."""
        if not self.noop.passed:
            return Reading.INCONCLUSIVE
        drop, floor = self.over(self.model.drop), max(0.0, self.over(self.twin.drop).high, self.over(self.fresh.drop).high)
        return Reading.OBSERVED if drop.low > floor and drop.value >= self.smallest else Reading.NULL


def sequences(subject: Subject, count: int, length: int, seed: int) -> tuple[Repeated, Repeated]:
    """Random sequences shown twice, and the same first halves each followed by the next one's."""
    repeated = make_repeated(subject, count, length, seed)
    halves = [item[repeated.start :] for item in repeated.items]
    fresh = tuple((*item[: repeated.start], *halves[(place + 1) % count]) for place, item in enumerate(repeated.items))
    return repeated, Repeated(fresh, repeated.start, repeated.length)


def measure(subject: Subject, repeated: Repeated, tick: Tick) -> tuple[Losses, Array]:
    """Losses of both copies and the induction score of every head."""
    return copy_losses(subject, repeated, tick), induction_scores(subject, repeated, tick)


def report(r: Repetition, workdir: Path) -> Mapping[str, Any]:
    """Everything of a step's output but environment and tokens."""
    return {
        "reading": r.reading,
        **_words(r),
        "primary": "induction_loss_drop",
        "measurements": _measurements(r),
        "controls": _controls(r),
        "figures": _figures(r),
        "files": _files(r, workdir),
        "counts": {"items": len(r.repeated.items), "scored": len(r.repeated.items), "unscored": 0, "errored": 0, "sequences": len(r.repeated.items)},
    }


def _measurements(r: Repetition) -> tuple[Measurement, ...]:
    count, loss, fall, nats = len(r.repeated.items), "cross-entropy/1", "induction-loss-drop/1", {"unit": "nats"}
    drop, fresh, twin = (r.over(losses.drop) for losses in (r.model, r.fresh, r.twin))
    layer, head = top_head(r.heads)
    null = {"null_low": twin.low, "null_high": twin.high}
    return (
        measurement("induction_loss_drop", "Fall in loss on repetition", drop, count, fall, role="primary", **null, **nats),
        measurement("fresh_loss_drop", "The same where nothing repeats", fresh, count, fall, role="control", **nats),
        measurement("twin_loss_drop", "Fall in loss on repetition, random weights", twin, count, fall, role="control", **nats),
        measurement("loss_first", "Loss on random tokens, first time", r.over(r.model.first), count, loss, **nats),
        measurement("loss_second", "Loss on the same tokens, second time", r.over(r.model.second), count, loss, **nats),
        measurement("induction_top_head", f"Strongest induction head (L{layer}H{head})", r.heads.max(), count, "induction-attention/1", unit="attention"),
        measurement(
            "induction_top_twin", "Strongest head, random weights", r.twin_heads.max(), count, "induction-attention/1", unit="attention", role="control"
        ),
    )


def _controls(r: Repetition) -> tuple[Control, ...]:
    drop, twin, fresh = (r.over(losses.drop) for losses in (r.model, r.twin, r.fresh))
    count = len(r.repeated.items)
    return (
        r.noop,
        Control("random_weight_twin", count, drop.low > twin.high, f"Same architecture, random weights: loss drop {twin.value:+.2f} nats."),
        Control("fresh_sequences", count, drop.low > fresh.high, f"With another sequence in second place the loss falls by {fresh.value:+.2f} nats."),
    )


def _figures(r: Repetition) -> tuple[Figure, ...]:
    return (circuit_figures.curve(r.model, r.twin, r.repeated.start),)


def _files(r: Repetition, workdir: Path) -> tuple[OutputFile, ...]:
    arms = {"model": r.model, "fresh": r.fresh, "twin": r.twin}
    items = [
        {"id": f"sequence-{place + 1:03d}"}
        | {f"{side}_{name}": float(getattr(losses, side)[place]) for name, losses in arms.items() for side in ("first", "second")}
        for place in range(len(r.repeated.items))
    ]
    heads = [
        {"layer": layer, "head": head, "induction": finite("induction score", score), "induction_twin": finite("induction score", r.twin_heads[layer, head])}
        for (layer, head), score in np.ndenumerate(r.heads)
    ]
    return (
        write_table(workdir, "items", items, "Every sequence with the losses of both halves"),
        write_table(workdir, "heads", heads, "Induction score of every attention head", kind="table"),
    )


def _words(r: Repetition) -> dict[str, str]:
    drop, twin, fresh = (r.over(losses.drop) for losses in (r.model, r.twin, r.fresh))
    layer, head = top_head(r.heads)
    heading = {Reading.OBSERVED: "A repeated sequence is copied", Reading.NULL: "No copying of repeated sequences was found"}
    return {
        "headline": heading.get(r.reading, "Copying could not be judged: the idle hook is not idle"),
        "summary": (
            f"Shown a random sequence again, the model predicts it {drop.value:.2f} nats per token better ({drop.low:.2f} to {drop.high:.2f}); with random "
            f"weights {twin.value:+.2f}, with another sequence in second place {fresh.value:+.2f}. The head that attends most like a copying head is "
            f"L{layer}H{head} ({r.heads.max():.2f})."
        ),
        "does_not_show": "that this head does the copying, that the model copies anything but random tokens, or anything about its safety.",
        "not_examined": "Names and roles (indirect objects), single components, sequences of ordinary text.",
    }
