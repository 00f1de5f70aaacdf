"""What a linear direction's comparisons mean: reading, measurements, controls, files and words."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assessments.contracts import Control, Measurement, OutputFile, Reading
from assessments.methods.parts.decoding import Concept, Decoding, Part, Probe
from assessments.methods.parts.outputs import measurement, write_direction, write_table
from assessments.statistics import Array

LEVEL = 0.05
BASELINES = {"words": "Words alone (TF-IDF)", "length": "Length alone", "format": "Punctuation and capitals alone"}


@dataclass(frozen=True)
class Results:
    """Everything measured; ``chance[k, layers]`` holds the AUROCs of random directions, ``norm`` the median residual norm."""

    concept: Concept
    layers: Sequence[int]
    exploration: Part
    confirmation: Part
    probe: Probe
    twin: Probe
    decoding: Decoding
    chance: Array
    norm: float
    noop: Control
    tokens: int

    @property
    def layer(self) -> int:
        """The chosen layer's number."""
        return self.layers[self.probe.chosen]

    @property
    def reading(self) -> Reading:
        """Observed beyond chance, surface and random weights; inconclusive beyond chance and only one of the two; else null."""
        if not self.noop.passed:
            return Reading.INCONCLUSIVE
        d = self.decoding
        beyond_chance = d.auroc.low > 0.5 and d.adjusted_p <= LEVEL
        beyond = (d.over_baseline.low > 0) + (d.over_twin.low > 0)
        if not beyond_chance or beyond == 0:
            return Reading.NULL
        return Reading.OBSERVED if beyond == 2 else Reading.INCONCLUSIVE


def measurements(r: Results) -> tuple[Measurement, ...]:
    """The confirmed AUROC first, then what it is compared with; all on the confirmation families."""
    d, n = r.decoding, len(r.confirmation.items)
    formula, unit = "auroc-cluster-bootstrap/1", {"unit": "AUROC"}
    null_low = float(np.quantile(d.null.min(axis=1), 0.05))
    rows = [
        measurement(
            "auroc",
            f"{r.concept.positive} against {r.concept.negative}, layer {r.layer}".replace("_", " ").capitalize(),
            d.auroc,
            n,
            formula,
            role="primary",
            null_low=null_low,
            null_high=d.null_point,
            p_value=d.adjusted_p,
            **unit,
        ),
        measurement("auroc_logistic", f"Logistic probe, layer {r.layer}", d.logistic, n, formula, **unit),
        measurement("gain_over_baseline", f"Gain over the best surface baseline ({d.best_baseline})", d.over_baseline, n, "auroc-difference-paired/1", **unit),
        measurement("gain_over_twin", "Gain over random weights", d.over_twin, n, "auroc-difference-paired/1", **unit),
    ]
    rows += [measurement(f"auroc_{name}", BASELINES[name], found, n, formula, role="control", **unit) for name, found in d.baselines.items()]
    rows += [
        measurement("auroc_twin", "Random weights, same architecture", d.twin, n, formula, role="control", **unit),
        measurement("auroc_first_layer", f"First layer read (layer {r.layers[0]})", r.probe.profile[0], n, "auroc/1", role="control", **unit),
        measurement(
            "auroc_inner", f"On exploration families held out in turn, layer {r.layer}", r.probe.inner[r.probe.chosen], _n(r), "auroc-family-mean/1", **unit
        ),
        measurement("direction_norm", "Length of the direction", np.linalg.norm(_direction(r)) / r.norm, _n(r), "norm-ratio/1", unit="residual norms"),
    ]
    return tuple(rows)


def controls(r: Results) -> tuple[Control, ...]:
    """The standard controls and how they behaved at the chosen layer."""
    d, chosen = r.decoding, r.probe.chosen
    random_high = float(0.5 + np.quantile(np.abs(r.chance[:, chosen] - 0.5), 0.95))
    pairs = "within matched pairs" if all(item.pair for item in r.exploration.items) else "freely"
    return (
        r.noop,
        Control(
            "permuted_labels",
            len(d.null),
            d.adjusted_p <= LEVEL,
            f"Labels exchanged {pairs} on both sides and refitted; the largest AUROC over {len(r.layers)} layers stays below {d.null_point:.2f} in 95 %.",
        ),
        Control(
            "random_directions", len(r.chance), d.auroc.value > random_high, f"95 % of random directions stay below AUROC {random_high:.2f} at this layer."
        ),
        Control("surface_baselines", 3, d.over_baseline.low > 0, f"Best without the model: {d.best_baseline}, AUROC {d.baselines[d.best_baseline].value:.2f}."),
        Control(
            "random_weight_twin", len(r.confirmation.items), d.over_twin.low > 0, f"Random weights reach AUROC {d.twin.value:.2f} at their own best layer."
        ),
    )


def files(workdir: Path, r: Results, weights_digest: str) -> tuple[OutputFile, ...]:
    """Scores of every item, the profile over layers, and the direction for other tools."""
    d = r.decoding
    items: list[dict[str, Any]] = [
        {"id": i.id, "family": i.family, "label": i.label, "pair": i.pair, "part": "confirmation", "text": i.text}
        | {f"score_{name}": float(values[place]) for name, values in d.scores.items()}
        for place, i in enumerate(r.confirmation.items)
    ]
    blank = {f"score_{name}": None for name in d.scores}
    items += [{"id": i.id, "family": i.family, "label": i.label, "pair": i.pair, "part": "exploration", "text": i.text} | blank for i in r.exploration.items]
    direction = _direction(r)
    metadata = {
        "hook": f"blocks.{r.layer}.hook_resid_post",
        "layer": str(r.layer),
        "position": f"last prompt token, {'chat turn' if r.concept.chat else 'plain text'}",
        "concept": r.concept.name,
        "points_to": r.concept.positive,
        "formula": "difference-of-means/1",
        "norm": repr(float(np.linalg.norm(direction))),
        "scale": repr(r.norm),
        "scale_meaning": "median L2 norm of the residual at this hook",
        "weights": weights_digest,
    }
    return (
        write_table(workdir, "items", items, "Every text with its scores"),
        write_table(workdir, "layers", profile(r), "AUROC of every layer with its null", kind="table"),
        write_direction(workdir, "direction", direction, metadata, f"Direction for {r.concept.name} at layer {r.layer}"),
    )


def profile(r: Results) -> list[dict[str, Any]]:
    """One row per layer: confirmation AUROC, exploration score, twin, the 95 % range under permuted labels and of random directions."""
    low, high = np.quantile(r.decoding.null, [0.025, 0.975], axis=0)
    random_low, random_high = np.quantile(r.chance, [0.025, 0.975], axis=0)
    columns = {
        "auroc": r.probe.profile,
        "exploration": r.probe.inner,
        "twin": r.twin.profile,
        "permuted_low": low,
        "permuted_high": high,
        "random_low": random_low,
        "random_high": random_high,
    }
    return [
        {"layer": int(layer), "chosen": place == r.probe.chosen} | {name: float(column[place]) for name, column in columns.items()}
        for place, layer in enumerate(r.layers)
    ]


def counts(r: Results) -> dict[str, int]:
    """Items by part; every item is scored, none is dropped."""
    explored, confirmed = len(r.exploration.items), len(r.confirmation.items)
    families = {"families_exploration": len(set(r.exploration.families)), "families_confirmation": len(set(r.confirmation.families))}
    return {"items": explored + confirmed, "exploration": explored, "confirmation": confirmed, "scored": confirmed, "unscored": 0, "errored": 0, **families}


def words(r: Results) -> dict[str, str]:
    """Headline, summary and limits in plain language."""
    d, what = r.decoding, r.concept.what
    headline = {
        Reading.OBSERVED: f"{what[:1].upper()}{what[1:]} can be told apart inside the model",
        Reading.NULL: f"No sign that the model tells {what} apart",
        Reading.INCONCLUSIVE: f"Whether the model tells {what} apart stays open",
    }[r.reading]
    summary = (
        f"On {len(set(r.confirmation.families))} content families kept aside, one direction at layer {r.layer} separates {what} with AUROC {d.auroc.value:.2f} "
        f"({d.auroc.low:.2f} to {d.auroc.high:.2f}); chance is 0.50, and with permuted labels the best of {len(r.layers)} layers "
        f"stays below {d.null_point:.2f} in 95 % of {len(d.null)} repeats. {BASELINES[d.best_baseline]} gives {d.baselines[d.best_baseline].value:.2f}, "
        f"random weights give {d.twin.value:.2f}. The layer was chosen on the other families."
    )
    return {"headline": headline, "summary": summary, "does_not_show": DOES_NOT_SHOW, "not_examined": _not_examined(r)}


DOES_NOT_SHOW = (
    "that the model uses this direction, that it would act on it, or that it judges what it reads: the difference is visible in the text, "
    "so a readable difference shows that the text was read. It holds for texts like those of the probe set."
)


def _not_examined(r: Results) -> str:
    return (
        f"Layers other than {', '.join(map(str, r.layers))}; positions before the last prompt token; other languages and longer texts; "
        "attention and MLP outputs on their own; non-linear read-outs."
    )


def _direction(r: Results) -> Array:
    return np.asarray(r.probe.directions[r.probe.chosen])


def _n(r: Results) -> int:
    return len(r.exploration.items)
