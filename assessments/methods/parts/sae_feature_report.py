"""What a search for features says: measurements, controls, words."""

import numpy as np

from assessments.contracts import Control, Measurement, Reading
from assessments.methods.parts.decoding_report import BASELINES
from assessments.methods.parts.outputs import measurement
from assessments.methods.parts.sae_feature_results import LEVEL, Results
from assessments.statistics import symmetric_band


def measurements(r: Results) -> tuple[Measurement, ...]:
    """The confirmed AUROC first, then what it is compared with, effects, and the quality of the dictionary."""
    n, formula, unit = len(r.measured.axis.confirm.items), "auroc-cluster-bootstrap/1", {"unit": "AUROC"}
    t = r.tracking
    low = float(np.quantile(t.null.min(axis=1), 0.05))
    rows = [
        measurement(
            "feature_auroc",
            f"Feature {t.features[0]}, layer {r.plan.layer}",
            r.auroc,
            n,
            formula,
            role="primary",
            null_low=low,
            null_high=t.null_point,
            p_value=float(t.adjusted[0]),
            **unit,
        ),
        measurement("gain_over_baseline", f"Gain over the best surface baseline ({r.best_baseline})", r.over_baseline, n, "auroc-difference-paired/1", **unit),
        measurement("gain_over_twin", "Gain over random weights", r.over_twin, n, "auroc-difference-paired/1", **unit),
        measurement("confirmed_features", "Chosen features confirmed", _confirmed(r), len(t.chosen), "max-statistic/1", unit="features"),
        measurement("density", "Share of texts on which the feature is active", _density(r), len(r.measured.codes.explore), "active-share/1", unit="share"),
    ]
    rows += [measurement(f"auroc_{name}", BASELINES[name], found, n, formula, role="control", **unit) for name, found in r.baselines.items()]
    rows.append(measurement("auroc_twin", "Random weights, own dictionary, own choice", r.twin, n, formula, role="control", **unit))
    return (*rows, *_effects(r), *_quality(r))


def _effects(r: Results) -> list[Measurement]:
    e = r.effects
    if e is None or r.measured.axis.readout is None:
        return []
    place, n, formula = r.shown, len(e.families), r.measured.axis.readout.behaviour.formula
    name, band = r.tracking.features[place], _band(r)
    return [
        measurement(
            "steering_effect",
            f"Change from feature {name} subtracted to added",
            r.steered(place),
            n,
            formula,
            unit="nats",
            null_low=-band,
            null_high=band,
            p_value=float(e.adjusted[place]),
        ),
        measurement("acting_features", "Chosen features that move the read-out", len(r.causal), len(r.tracking.chosen), "holm-effects/1", unit="features"),
        measurement("removal_effect", f"Change with feature {name} taken out", r.removed(place), n, formula, unit="nats", **_removal_band(r)),
        measurement(
            "cost_ce", "Cost: loss on neutral text", e.costs[place], r.plan.dose.cost_texts, "cross-entropy-rise/1", unit="nats per token", direction="lower",
            role="cost",
        ),
    ]  # fmt: skip


def _quality(r: Results) -> list[Measurement]:
    q, rows = r.measured.quality, len(r.measured.quality.held.values)
    variance, n = "explained-variance-pooled/1", len(r.measured.quality.losses.clean)
    found = [
        measurement("explained_variance", "Explained variance, held-out text", r.explained, rows, variance, unit="share"),
        measurement("ev_axis", "Explained variance, texts of the axis", q.axis.explained, len(q.axis.error), variance, unit="share"),
        measurement("l0", "Active features per position (L0)", q.active, rows, "active-mean/1", unit="features"),
        measurement("dead_share", "Features that never fire on held-out text", q.dead_share, r.measured.autoencoder.width, "never-active/1", direction="lower"),
    ]
    for name, label, value in (
        ("ce_recovered", "Loss recovered, against the mean", q.recovered),
        ("ce_recovered_zero", "Loss recovered, against zero", q.recovered_zero),
    ):
        if value is not None:
            found.append(measurement(name, label, value, n, "loss-recovered/1", unit="share"))
    return found


def controls(r: Results) -> tuple[Control, ...]:
    """The controls and how they behaved."""
    t, items = r.tracking, r.measured.axis.confirm.items
    pairs = "within matched pairs" if all(item.pair for item in (*r.measured.axis.explore.items, *items)) else "freely"
    others = r.matched_areas
    return (
        *r.measured.checks,
        Control(
            "permuted_labels",
            len(t.null),
            bool(t.adjusted[0] <= LEVEL),
            f"Labels exchanged {pairs} on both sides and {len(t.chosen)} of {len(t.candidates)} features chosen anew: the best stays below AUROC "
            f"{t.null_point:.2f} in 95 %.",
        ),
        Control(
            "surface_baselines",
            3,
            r.over_baseline.low > 0,
            f"Best without the model: {r.best_baseline}, AUROC {r.baselines[r.best_baseline].value:.2f}.",
        ),
        Control(
            "other_features",
            max(1, len(others)),
            None,
            f"Of the {len(others)} features that were not chosen, 95 % stay below AUROC {_quantile(others):.2f} on the same texts.",
        ),
        *_effect_controls(r),
        Control(
            "random_weight_twin",
            len(items),
            r.over_twin.low > 0,
            f"Random weights with a dictionary of {r.plan.fit.width} features fitted to them reach AUROC {r.twin.value:.2f} with their own best feature"
            f"{'' if r.plan.given is None else f'; the supplied one has {r.measured.autoencoder.width} features'}.",
        ),
    )


def _effect_controls(r: Results) -> tuple[Control, ...]:
    e = r.effects
    if e is None:
        return ()
    place, removed = r.shown, r.removed(r.shown)
    rows = {"matched_features": (e.matched, "features that are active as often"), "random_directions": (e.random, "random directions")}
    nulls = [
        Control(
            name,
            max(1, len(values)),
            None,
            f"Equal length, {len(values)} {what}: 95 % move the read-out by at most {symmetric_band(values.mean(axis=1)) if len(values) else 0:.2f} nats.",
        )
        for name, (values, what) in rows.items()
    ]
    ablation = (
        f"Taken out where it fires: {removed.value:+.2f} nats ({removed.low:.2f} to {removed.high:.2f}); features that are active as often change at most "
        f"{_removal_band(r)['null_high']:.2f}."
    )
    worst = e.costs[place]
    return (
        *nulls,
        Control("ablation", max(1, len(e.removed_null)), None, ablation),
        Control(
            "neutral_text",
            r.plan.dose.cost_texts,
            worst.high <= r.cost,
            f"Loss on neutral text rises by {worst.value:.3f} nats per token, at most {worst.high:.3f}.",
        ),
    )


def counts(r: Results) -> dict[str, int]:
    """Items by part; every item is scored, none is dropped."""
    explored, confirmed = len(r.measured.axis.explore.items), len(r.measured.axis.confirm.items)
    outliers = {"outlier_positions": r.measured.quality.held.outliers, "features_considered": len(r.tracking.candidates)}
    return {"items": explored + confirmed, "exploration": explored, "confirmation": confirmed, "scored": confirmed, "unscored": 0, "errored": 0, **outliers}


def words(r: Results) -> dict[str, str]:
    """Headline, summary and limits in plain language."""
    name, feature = r.measured.axis.concept.name, r.tracking.features[0]
    headline = {
        Reading.CAUSAL: f"A sparse feature tracks {name}, and the behaviour follows it",
        Reading.OBSERVED: f"A sparse feature tracks {name}",
        Reading.NULL: f"No sparse feature was found that tracks {name}",
        Reading.INCONCLUSIVE: f"Whether a sparse feature tracks {name} stays open",
    }[r.reading]
    broken = [check.note for check in r.measured.checks if not check.passed]
    parts = [
        f"On {len(set(r.measured.axis.confirm.families))} content families kept aside, feature {feature} of layer {r.plan.layer} separates "
        f"{r.measured.axis.concept.what} with AUROC {r.auroc.value:.2f} ({r.auroc.low:.2f} to {r.auroc.high:.2f}). It was chosen among "
        f"{len(r.tracking.candidates)} on the other families; the same choice under permuted labels stays below {r.tracking.null_point:.2f} in 95 %. "
        f"{BASELINES[r.best_baseline]} gives {r.baselines[r.best_baseline].value:.2f}, random weights give {r.twin.value:.2f}. "
        f"{_confirmed(r)} of {len(r.tracking.chosen)} chosen features are confirmed.",
        _effect_words(r),
        _quality_words(r),
    ]
    return {"headline": headline, "summary": " ".join([*broken, *parts]), "does_not_show": DOES_NOT_SHOW, "not_examined": _not_examined(r)}


def _effect_words(r: Results) -> str:
    e = r.effects
    if e is None:
        return "The set names no answer words, so no effect on the behaviour was tried."
    found, place = r.steered(r.shown), r.shown
    acting = f"{len(r.causal)} of {len(r.tracking.chosen)} chosen features move it" if r.causal else "No chosen feature moves it"
    few = "" if r.tellable else f" Only {len(e.matched)} features could be matched, too few for an effect to be told from theirs: use a larger width."
    return (
        f"From feature {r.tracking.features[place]} subtracted to added, {r.plan.dose.strength:g} residual norms each way, the read-out changes by "
        f"{found.value:+.2f} nats ({found.low:.2f} to {found.high:.2f}); features that are active as often stay within "
        f"±{_band(r):.2f}. {acting} beyond the nulls.{few}"
    )


def _quality_words(r: Results) -> str:
    q, e = r.measured.quality, r.explained
    source = "fitted here" if r.plan.given is None else f"supplied ({r.plan.given.about.get('format', 'unknown form')})"
    recovered = "the layer's mean costs too little for a share of the loss" if q.recovered is None else f"{q.recovered:.2f} of the loss is recovered"
    return (
        f"The dictionary of {r.measured.autoencoder.width} features ({source}) explains {e.value:.2f} ({e.low:.2f} to {e.high:.2f}) of the variance of "
        f"held-out text and {q.axis.explained:.2f} of that of the axis's texts; {recovered}; {q.active:.0f} features are active at a position."
    )


DOES_NOT_SHOW = (
    "what a feature means, that the model uses it where no effect was found, or that another dictionary would have it: features depend on the fit, and one "
    "that separates these texts may stand for something that goes along with the label. It holds for texts like those of the probe set."
)


def _not_examined(r: Results) -> str:
    where = "positions before the last token" if r.plan.where == "last" else "which position carries the feature"
    strength = "" if r.effects is None else f"strengths other than {r.plan.dose.strength:g} residual norms; effects with random weights; "
    return (
        f"Layers other than {r.plan.layer}; {where}; sums of several features; {strength}a second fit of the dictionary; other languages; what each feature "
        "stands for in words."
    )


def _confirmed(r: Results) -> int:
    return int((r.tracking.adjusted <= LEVEL).sum())


def _density(r: Results) -> float:
    return float(r.measured.codes.density[r.tracking.features[0]])


def _band(r: Results) -> float:
    assert r.effects is not None
    return symmetric_band(r.effects.matched.mean(axis=1)) if len(r.effects.matched) else 0.0


def _removal_band(r: Results) -> dict[str, float]:
    assert r.effects is not None
    band = float(np.abs(r.effects.removed_null).max()) if len(r.effects.removed_null) else 0.0
    return {"null_low": -band, "null_high": band}


def _quantile(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return float(np.quantile(values, 0.95)) if len(values) else 0.5
