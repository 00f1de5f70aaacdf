"""``linear_direction`` on a vendor's dump: one layer, the same split, nulls and surface baselines; what needs the model is named as not possible.

A module of its own, so that calibrations of the instrument on models stay what they are; none of them covers a dump.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assessments import probes
from assessments.contracts import Control, Measurement, OutputFile, Reading, Refused, StepOutput, StepSpec
from assessments.dumps import Dump
from assessments.methods.linear_direction import Params, concept_of
from assessments.methods.parts.controls import random_directions
from assessments.methods.parts.decoding import Concept, Part, Probe, fit, random_profile
from assessments.methods.parts.decoding_report import BASELINES, DOES_NOT_SHOW, LEVEL
from assessments.methods.parts.fits import logistic, permuted_aurocs, standardise, swapped_labels
from assessments.methods.parts.outputs import measurement, write_direction, write_table
from assessments.methods.parts.surface import baseline_scores
from assessments.parameters import params_parse
from assessments.statistics import Array, Interval, bootstrap_auroc, bootstrap_auroc_difference, max_statistic

SLUG = "linear_direction"
NOT_POSSIBLE = "Not possible on a dump: it needs the model."
FORMULA = "auroc-cluster-bootstrap/1"


@dataclass(frozen=True)
class Dumped:
    """Everything that can be measured without the model."""

    concept: Concept
    dump: Dump
    exploration: Part
    confirmation: Part
    probe: Probe
    null: Array
    chance: Array
    auroc: Interval
    logistic: Interval
    baselines: dict[str, Interval]
    over_baseline: Interval
    scores: dict[str, Array]

    @property
    def best(self) -> str:
        """The surface baseline to beat."""
        return max(self.baselines, key=lambda name: self.baselines[name].value)

    @property
    def p(self) -> float:
        """Against labels permuted on both sides."""
        return float(max_statistic(self.probe.profile, self.null)[0][0])

    @property
    def null_point(self) -> float:
        """The 95 % point of the null."""
        return float(max_statistic(self.probe.profile, self.null)[1])

    @property
    def reading(self) -> Reading:
        """Observed at most, beyond chance and beyond the surface; beyond chance alone stays open."""
        if self.auroc.low <= 0.5 or self.p > LEVEL:
            return Reading.NULL
        return Reading.OBSERVED if self.over_baseline.low > 0 else Reading.INCONCLUSIVE


def run_on_dump(spec: StepSpec, dump: Dump, workdir: Path) -> StepOutput:
    """The step's output from ``dump`` alone; ``Refused`` where the dump is not of the sealed probe set, place or layer."""
    found = _measure(spec, dump)
    return StepOutput(
        reading=found.reading,
        **_words(found),
        primary="auroc",
        measurements=_measurements(found),
        controls=_controls(found),
        figures=(),
        files=_files(workdir, found, spec.subject.weights_digest),
        counts=_counts(found),
        environment=_environment(spec, dump),
        tokens=0,
    )


def _measure(spec: StepSpec, dump: Dump) -> Dumped:
    params = params_parse(Params, spec.params)
    assert isinstance(params, Params)
    concept = concept_of(params.concept, lambda slug: probes.sealed(spec.probe_sets, slug))
    _fits(spec, params, concept, dump)
    items = probes.sealed(spec.probe_sets, concept.probe_set).labelled(concept.positive, concept.negative)
    vectors = dict(zip([item.id for item in items], dump.of([item.id for item in items]), strict=True))
    split = probes.split(items, spec.seed)
    one, two = (_part(side, vectors, concept) for side in (split.exploration, split.confirmation))
    probe, rest = fit(one, two), (two.labels, two.families, params.bootstrap, spec.seed)
    rows = standardise(one.residuals[:, 0], two.residuals[:, 0])
    scores = {"direction": probe.scores[0], "logistic": logistic(*rows, one.labels, params.strength)}
    surface = baseline_scores(one.texts, one.labels, two.texts)
    baselines = {name: bootstrap_auroc(values, *rest) for name, values in surface.items()}
    best = max(baselines, key=lambda name: baselines[name].value)
    return Dumped(
        concept, dump, one, two, probe,
        null=_null(one, two, params, spec.seed),
        chance=random_profile(two, random_directions(params.random_directions, dump.sidecar.d_model, spec.seed)),
        auroc=bootstrap_auroc(scores["direction"], *rest),
        logistic=bootstrap_auroc(scores["logistic"], *rest),
        baselines=baselines,
        over_baseline=bootstrap_auroc_difference(scores["direction"], surface[best], *rest),
        scores=scores | surface,
    )  # fmt: skip


def position_of(concept: Concept) -> str:
    """Where the instrument reads, as the sidecar must say it."""
    return f"last prompt token, {'chat turn' if concept.chat else 'plain text'}"


def _fits(spec: StepSpec, params: Params, concept: Concept, dump: Dump) -> None:
    said, sealed = dump.sidecar, spec.probe_sets[concept.probe_set]
    if said.probe_set_digest != sealed:
        raise Refused(
            f"the dump was made from a probe set with the digest {said.probe_set_digest[:12]}…; the plan sealed {concept.probe_set} {sealed[:12]}…. "
            "Hand the vendor this set, or plan with the other one"
        )
    if said.position != position_of(concept):
        raise Refused(f"the dump was read at “{said.position[:80]}”; this instrument reads at “{position_of(concept)}”")
    if params.layers and said.layer not in params.layers:
        raise Refused(f"the dump holds layer {said.layer}; the plan asks for layers {', '.join(map(str, params.layers))}")


def _part(items: Sequence[probes.Item], vectors: dict[str, Any], concept: Concept) -> Part:
    residuals = np.array([vectors[item.id] for item in items], dtype=np.float64)[:, None, :]
    return Part(items, np.array([item.label == concept.positive for item in items]), residuals)


def _null(one: Part, two: Part, params: Params, seed: int) -> Array:
    sides = ((one, "exploration"), (two, "confirmation"))
    fitted, judged = (
        swapped_labels(part.labels, [item.pair for item in part.items], params.permutations, seed, f"label permutation, {side}") for part, side in sides
    )
    return permuted_aurocs(one.residuals, fitted, two.residuals, judged)


def _measurements(r: Dumped) -> tuple[Measurement, ...]:
    n, unit, layer = len(r.confirmation.items), {"unit": "AUROC"}, r.dump.sidecar.layer
    label = f"{r.concept.positive} against {r.concept.negative}, layer {layer}".replace("_", " ").capitalize()
    low = float(np.quantile(r.null.min(axis=1), 0.05))
    more: dict[str, Any] = {"role": "primary", "null_low": low, "null_high": r.null_point, "p_value": r.p, **unit}
    return (
        measurement("auroc", label, r.auroc, n, FORMULA, **more),
        measurement("auroc_logistic", f"Logistic probe, layer {layer}", r.logistic, n, FORMULA, **unit),
        measurement("gain_over_baseline", f"Gain over the best surface baseline ({r.best})", r.over_baseline, n, "auroc-difference-paired/1", **unit),
        *(measurement(f"auroc_{name}", BASELINES[name], found, n, FORMULA, role="control", **unit) for name, found in r.baselines.items()),
    )


def _controls(r: Dumped) -> tuple[Control, ...]:
    high = float(0.5 + np.quantile(np.abs(r.chance[:, 0] - 0.5), 0.95))
    permuted = f"Labels exchanged on both sides and refitted; the AUROC stays below {r.null_point:.2f} in 95 %."
    best = f"Best without the model: {r.best}, AUROC {r.baselines[r.best].value:.2f}."
    return (
        Control("noop_hook", 0, None, NOT_POSSIBLE),
        Control("permuted_labels", len(r.null), r.p <= LEVEL, permuted),
        Control("random_directions", len(r.chance), r.auroc.value > high, f"95 % of random directions stay below AUROC {high:.2f}."),
        Control("surface_baselines", len(r.baselines), r.over_baseline.low > 0, best),
        Control("random_weight_twin", 0, None, NOT_POSSIBLE),
    )


def _files(workdir: Path, r: Dumped, weights: str) -> tuple[OutputFile, ...]:
    said = r.dump.sidecar
    items = [
        {"id": item.id, "family": item.family, "label": item.label, "pair": item.pair, "text": item.text}
        | {f"score_{name}": float(values[place]) for name, values in r.scores.items()}
        for place, item in enumerate(r.confirmation.items)
    ]
    direction = np.asarray(r.probe.directions[0])
    metadata = {
        "hook": said.hook, "layer": str(said.layer), "position": said.position, "concept": r.concept.name, "points_to": r.concept.positive,
        "formula": "difference-of-means/1", "norm": repr(float(np.linalg.norm(direction))),
        "scale": repr(float(np.median(np.linalg.norm(r.exploration.residuals[:, 0], axis=1)))),
        "scale_meaning": "median L2 norm of the dumped vectors of the exploration part", "weights": weights, "dump": said.parquet_sha256,
    }  # fmt: skip
    title = f"Direction for {r.concept.name} at layer {said.layer}, from a dump"
    return write_table(workdir, "items", items, "Every text kept aside with its scores"), write_direction(workdir, "direction", direction, metadata, title)


def _counts(r: Dumped) -> dict[str, int]:
    explored, confirmed = len(r.exploration.items), len(r.confirmation.items)
    return {"items": explored + confirmed, "exploration": explored, "confirmation": confirmed, "scored": confirmed, "unscored": 0, "errored": 0}


def _environment(spec: StepSpec, dump: Dump) -> dict[str, Any]:
    said = dump.sidecar
    return {
        "device": "dump", "dtype": said.dtype, "model_stated": said.model, "hook": said.hook, "layer": said.layer, "width": said.d_model,
        "position": said.position, "tokenizer_stated": said.tokenizer_digest, "dump_sha256": said.parquet_sha256,
        "probe_sets": dict(spec.probe_sets), "seed": spec.seed, "max_batch": spec.max_batch, "numpy": np.__version__,
    }  # fmt: skip


def _words(r: Dumped) -> dict[str, str]:
    what, layer = r.concept.what, r.dump.sidecar.layer
    headline = {
        Reading.OBSERVED: f"{what[:1].upper()}{what[1:]} can be told apart in the vendor's dump",
        Reading.NULL: f"No sign in the vendor's dump that {what} are told apart",
        Reading.INCONCLUSIVE: f"Whether the vendor's dump tells {what} apart beyond their words stays open",
    }[r.reading]
    summary = (
        f"On content families kept aside, one direction at layer {layer} separates {what} with AUROC {r.auroc.value:.2f} ({r.auroc.low:.2f} to "
        f"{r.auroc.high:.2f}); with permuted labels 95 % of {len(r.null)} repeats stay below {r.null_point:.2f}. {BASELINES[r.best]} gives "
        f"{r.baselines[r.best].value:.2f}. The idle-hook check and the random-weight twin are not possible on a dump, so no more than “observed” can be read, "
        "and random weights might show the same."
    )
    extra = "Nor that the vectors come from the model named, from these texts, or from this layer: that is the vendor's word."
    examined = f"Every layer but {layer}; positions before the last prompt token; random weights; whether moving the direction moves anything."
    return {"headline": headline, "summary": summary, "does_not_show": f"{DOES_NOT_SHOW} {extra}", "not_examined": examined}
