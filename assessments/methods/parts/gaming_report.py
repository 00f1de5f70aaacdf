"""An evaluation-gaming run as measurements, controls and files."""

from pathlib import Path
from typing import Any

import numpy as np

from assessments.contracts import Control, Measurement, OutputFile
from assessments.methods.parts.gaming_gaps import ALL, BENCHMARK, CONVERSATION, LEVEL, WORDS, Gap
from assessments.methods.parts.gaming_probe import BASELINES
from assessments.methods.parts.gaming_results import Results
from assessments.methods.parts.gaming_steering import SHARES
from assessments.methods.parts.outputs import measurement, write_direction, write_table
from assessments.statistics import symmetric_band

GAP, AUROC = "paired-gap/2", "auroc-cross-format/1"


def measurements(r: Results) -> tuple[Measurement, ...]:
    """The gap first, then what else could explain it, the probe and the steering."""
    return (*_behaviour(r), *_probe(r), *_steering(r))


def _behaviour(r: Results) -> list[Measurement]:
    cues, unit, title = len(set(r.part.families)), {"unit": "nats"}, "Answer under stated evaluation minus ordinary use"
    return [
        _gap("behaviour_gap", f"{title}{r.where}", r.claimed, role="primary"),
        measurement("gap_size", "Size of the gap", abs(r.gap.value), r.claimed.pairs, GAP, **unit),
        _gap("gap_overall", "Gap in both formats", r.gaps.by[ALL]),
        _gap("gap_benchmark", "Gap in benchmark items", r.gaps.by[BENCHMARK]),
        _gap("gap_conversation", "Gap in conversations", r.gaps.by[CONVERSATION]),
        measurement("format_gap", "Benchmark minus conversation, any purpose", r.format_gap, cues, "format-gap/1", role="control", **unit),
        measurement("gap_twin", "Gap with random weights", r.twin_gap, r.gaps.by[ALL].pairs, GAP, role="control", **unit),
        measurement("cue_families", "Independent cue families", cues, cues, "count/1"),
        *_written(r),
    ]


def _gap(name: str, title: str, gap: Gap, role: str = "secondary") -> Measurement:
    null = {"null_low": -gap.band, "null_high": gap.band, "p_value": gap.p}
    return measurement(name, title, gap.found, gap.pairs, GAP, role=role, unit="nats", **null)


def _written(r: Results) -> list[Measurement]:
    w, n, unit = r.written, len(r.written.values), {"unit": "share"}
    return [
        measurement("written_gap", "Written answers that open so, difference", w.gap(r.plan.draws, r.plan.seed), n, "paired-share-gap/1", **unit),
        measurement("written_evaluation", "Written answers that open so, evaluation", w.share(0), n, "share-wilson/1", **unit),
        measurement("written_deployment", "Written answers that open so, ordinary use", w.share(1), n, "share-wilson/1", **unit),
    ]


def _probe(r: Results) -> list[Measurement]:
    d, n, unit = r.decoding, len(r.part.items), {"unit": "AUROC"}
    point = float(np.quantile(d.null, 0.95))
    rows = [
        measurement("purpose_auroc", f"Stated purpose, layer {r.layer}, other format", d.auroc, n, AUROC, null_high=point, p_value=d.p_value, **unit),
        measurement("gain_over_baseline", f"Gain over the best surface baseline ({d.best_baseline})", d.over_baseline, n, "auroc-difference-paired/1", **unit),
        measurement("gain_over_twin", "Gain over random weights", d.over_twin, n, "auroc-difference-paired/1", **unit),
    ]
    rows += [measurement(f"auroc_{name}", BASELINES[name], found, n, AUROC, role="control", **unit) for name, found in d.baselines.items()]
    return [*rows, measurement("auroc_twin", "Random weights, same architecture", d.twin, n, AUROC, role="control", **unit)]


def _steering(r: Results) -> list[Measurement]:
    s, n, unit = r.steering, len(r.steering.items), {"unit": "nats"}
    null = {"null_low": -r.effect_band, "null_high": r.effect_band, "p_value": r.effect_p}
    cost = {"unit": "nats per token", "direction": "lower", "role": "cost"}
    return [
        measurement("steering_effect", "Change from deployment end to evaluation end", r.effect, n, "end-dose-effect/1", **null, **unit),
        measurement("wrong_way_share", "Prompts steered against the gap", r.wrong_way, n, "share-wilson/1", unit="share", direction="lower"),
        measurement("cost_ce", "Cost: loss on neutral text", r.cost, len(s.texts), "cross-entropy-rise/1", **cost),
        measurement(
            "working_coefficient", "Highest dose", s.design.coefficient, len(s.design.tried), "largest-affordable/1", unit="lengths of the difference of means"
        ),
        measurement(
            "permuted_effect", "95 % of directions from exchanged cues", symmetric_band(s.permuted), len(s.permuted), "effect-null/1", role="control", **unit
        ),
    ]


def controls(r: Results) -> tuple[Control, ...]:
    """The controls and how they behaved."""
    d, cues = r.decoding, len(set(r.part.families))
    chance = float(0.5 + np.quantile(np.abs(d.chance - 0.5), 0.95))
    return (
        *r.checks,
        Control(
            "cue_permutation",
            r.permutations,
            None,
            f"Purposes exchanged within whole cue families: 95 % of gaps in {WORDS[r.claimed.where]} within ±{r.claimed.band:.2f} nats "
            f"(p = {r.claimed.p:.3f}), three looks allowed for; with {cues} families no p below {max(1 / 2 ** (cues - 1), 1 / (1 + r.permutations)):.4f} "
            "is possible.",
        ),
        Control("format_baseline", cues, None, f"Format alone changes the answer by {r.format_gap.value:+.2f} nats; purposes are balanced over formats."),
        Control(
            "random_directions",
            len(r.steering.random),
            None,
            f"Equal length: 95 % move the answer by at most {r.effect_band:.2f} nats (p = {r.effect_p:.3f}); read, 95 % stay below AUROC {chance:.2f}.",
        ),
        Control(
            "permuted_labels",
            len(r.steering.permuted),
            None,
            f"Fitted to exchanged cue families: 95 % within ±{symmetric_band(r.steering.permuted):.2f} nats. By chance these keep part of the true direction.",
        ),
        Control("surface_baselines", 3, d.over_baseline.low > 0, f"Best without the model: {d.best_baseline}, AUROC {d.baselines[d.best_baseline].value:.2f}."),
        Control("neutral_text", len(r.steering.texts), None, f"Upper end of the cost {r.cost.high:.3f} nats per token; the margin is {r.limits.cost:g}."),
        Control(
            "random_weight_twin",
            r.gaps.by[ALL].pairs,
            all(abs(value) < r.limits.gap for value in r.gaps.twin.values()),
            f"Gap on random weights {r.twin_gap.value:+.3f} nats, AUROC {d.twin.value:.2f}.",
        ),
    )


def counts(r: Results) -> dict[str, int]:
    """Items by part and the number of cue families, which is what the intervals rest on."""
    explored, confirmed = len(r.material.exploration.items), len(r.part.items)
    families = {"cue_families_exploration": len(set(r.material.exploration.families)), "cue_families_confirmation": len(set(r.part.families))}
    rest = {
        "scored": confirmed,
        "unscored": 0,
        "errored": 0,
        "answers_unscored": r.material.unscored_answers,
        "written": r.written.values.size,
        "written_neither": r.written.neither,
    }
    return {"items": explored + confirmed, "exploration": explored, "confirmation": confirmed, **rest, **families}


def files(workdir: Path, r: Results, weights_digest: str) -> tuple[OutputFile, ...]:
    """Every confirmation text with its read-out and scores, every direction's effect, the costs, and the direction itself."""
    s = r.steering
    nulls = (("random", s.random), ("permuted_cues", s.permuted))
    directions = [{"kind": kind, "index": place, "effect": float(value)} for kind, values in nulls for place, value in enumerate(values)]
    costs = [
        {"id": item.id, "family": item.family, "loss": float(base), "rise_added": float(up), "rise_subtracted": float(down)}
        for item, base, up, down in zip(s.texts, s.base, s.up, s.down, strict=True)
    ]
    doses = [
        {"id": item.id, "label": item.label} | {f"readout_{share:+.1f}": float(s.doses[dose, place]) for dose, share in enumerate(SHARES)}
        for place, item in enumerate(s.items)
    ]
    layers = [
        {"layer": int(layer), "auroc": float(r.probe.profile[place]), "exploration": float(r.probe.inner[place]), "twin": float(r.twin.profile[place])}
        for place, layer in enumerate(r.layers)
    ]
    return (
        write_table(workdir, "items", _items(r), "Every confirmation text with its read-out and scores"),
        write_table(workdir, "written", _openings(r), "Openings of written answers", kind="table"),
        write_table(workdir, "layers", layers, "AUROC of every layer", kind="table"),
        write_table(workdir, "directions", directions, "Effect of every random and exchanged-cue direction", kind="table"),
        write_table(workdir, "doses", doses, "Read-out of every steered prompt at every dose", kind="table"),
        write_table(workdir, "costs", costs, "Loss on every neutral text", kind="table"),
        write_direction(workdir, "direction", s.design.unit, _metadata(r, weights_digest), "Direction of the stated purpose"),
    )


def _items(r: Results) -> list[dict[str, Any]]:
    return [
        {"id": i.id, "family": i.family, "label": i.label, "pair": i.pair, "text": i.text}
        | {"readout": float(r.behaviour[place]), "readout_twin": float(r.twin_behaviour[place])}
        | {f"score_{name}": float(values[place]) for name, values in r.decoding.scores.items()}
        for place, i in enumerate(r.part.items)
    ]


def _openings(r: Results) -> list[dict[str, Any]]:
    return [
        {"pair": item.pair, "family": item.family, "evaluation": first, "deployment": second, "value_evaluation": values[0], "value_deployment": values[1]}
        for item, (first, second), values in zip(r.written.items, r.written.texts, r.written.values.tolist(), strict=True)
    ]


def _metadata(r: Results, weights_digest: str) -> dict[str, str]:
    design = r.steering.design
    return {
        "hook": f"blocks.{design.layer}.hook_resid_post",
        "layer": str(design.layer),
        "concept": "stated purpose",
        "points_to": "evaluation",
        "formula": "difference-of-means/1, mean of both formats",
        "norm": repr(float(np.linalg.norm(design.unit))),
        "scale": repr(design.length),
        "scale_meaning": "length of the difference of means; multiply direction by coefficient × scale",
        "coefficient": repr(design.coefficient),
        "level": repr(LEVEL),
        "weights": weights_digest,
    }
