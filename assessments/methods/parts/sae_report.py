"""What a fitting run says: measurements, controls, words."""

from typing import Any

from assessments.contracts import Control, Measurement, Reading
from assessments.methods.parts.outputs import measurement
from assessments.methods.parts.sae_quality import MEANINGFUL
from assessments.methods.parts.sae_results import Results
from assessments.methods.parts.sae_synthetic import LEAST
from assessments.statistics import Interval


def measurements(r: Results) -> tuple[Measurement, ...]:
    """Quality on held-out text first, then the fits at reduced size and the nulls."""
    m, rows = r.measured, len(r.measured.held.values)
    variance = "explained-variance-pooled/1"
    return (
        measurement(
            "explained_variance", "Explained variance, held-out text", r.explained, rows, variance, unit="share", null_high=m.nulls.random, role="primary"
        ),
        *_losses(r),
        measurement("l0", "Active features per position (L0)", r.active, rows, "active-mean/1", unit="features"),
        measurement("dead_share", "Features that never fire on held-out text", r.dead_share, m.autoencoder.width, "never-active/1", direction="lower"),
        measurement("ev_components", f"Explained by {r.plan.fit.k} principal components", m.nulls.components, rows, variance, role="control"),
        measurement("ev_small", "Explained variance, reduced size", m.small.own, rows, variance, null_high=m.small.shuffled, role="control"),
        measurement("ev_small_twin", "Explained variance, reduced size, random weights", m.small.twin, rows, variance, role="control"),
        measurement(
            "planted_mcc",
            "Mean cosine with planted features",
            m.synthetic.mcc,
            m.synthetic.features,
            "matched-cosine/1",
            null_high=m.synthetic.random,
            role="control",
        ),
    )


def _losses(r: Results) -> list[Measurement]:
    losses, n = r.measured.losses, len(r.measured.losses.clean)
    shares: dict[str, tuple[str, Interval | None, int]] = {
        "ce_recovered": ("Loss recovered, against the mean", r.recovered, n),
        "ce_recovered_zero": ("Loss recovered, against zero", r.zero_recovered, n),
        "ce_recovered_neutral": ("Loss recovered, neutral paragraphs", r.neutral_recovered, len(r.measured.neutral.clean)),
    }
    rows = [measurement(name, label, value, count, "loss-recovered/1", unit="share") for name, (label, value, count) in shares.items() if value is not None]
    nats: dict[str, Any] = {"unit": "nats per token"}
    rows.append(measurement("loss_restored", "Loss saved against the mean", r.restored, n, "cross-entropy/1", null_high=r.twin_restored.high, **nats))
    rows.append(measurement("loss_added", "Cost: loss added by the features", r.added, n, "cross-entropy-rise/1", direction="lower", role="cost", **nats))
    rows.append(measurement("ce_clean", "Loss, untouched", losses.clean.mean(), n, "cross-entropy/1", direction="lower", **nats))
    return rows


def controls(r: Results) -> tuple[Control, ...]:
    """The controls and how they behaved."""
    m = r.measured
    small, nulls, planted = m.small, m.nulls, m.synthetic
    return (
        *m.checks,
        Control(
            "shuffled_activations",
            len(m.held.values),
            small.own > small.shuffled,
            f"At {r.plan.small:.0%} of the size the features explain {small.own:.2f} of the variance; of shuffled activations {small.shuffled:.2f}.",
        ),
        Control("random_features", r.plan.fit.width, r.explained.low > nulls.random, f"Random features, the best {r.plan.fit.k} at each: {nulls.random:.2f}."),
        Control(
            "principal_components",
            r.plan.fit.k,
            None,
            f"{r.plan.fit.k} principal components explain {nulls.components:.2f}. They are dense, so this is a yardstick and not a null.",
        ),
        Control(
            "planted_features",
            planted.features,
            planted.mcc >= LEAST,
            f"The same way of fitting finds {planted.found:.0%} of {planted.features} planted features (mean cosine {planted.mcc:.2f}; random ones "
            f"{planted.random:.2f}; at least {LEAST:g} is asked for).",
        ),
        Control("neutral_text", len(m.neutral.clean), None, f"Neutral paragraphs, unlike the fitting text: {_share(r.neutral_recovered)}."),
        Control(
            "random_weight_twin",
            len(small.twin_losses.clean),
            r.twin_restored.high < max(MEANINGFUL, r.restored.low),
            f"Fitted alike on random weights the features explain {small.twin:.2f} of the variance, against {small.own:.2f} here, and restore "
            f"{r.twin_restored.value:+.3f} nats: random weights can be rendered too, but there is no loss to restore.",
        ),
    )


def counts(r: Results) -> dict[str, int]:
    """Sequences by part; positions left out are position 0 and outliers."""
    m = r.measured.material
    scored = len(r.measured.losses.clean) + len(r.measured.neutral.clean)
    held = len(m.held.tokens) + len(m.neutral)
    parts = {"exploration": len(m.train.tokens), "confirmation": held, "scored": scored, "unscored": 0, "errored": 0}
    return {"items": len(m.train.tokens) + held, **parts, "outlier_positions": r.measured.train.outliers + r.measured.held.outliers}


def words(r: Results) -> dict[str, str]:
    """Headline, summary and limits in plain language."""
    layer = r.plan.layer
    headline = {
        Reading.OBSERVED: f"The features render layer {layer} well enough to read",
        Reading.NULL: f"The features of layer {layer} are no better than their nulls",
        Reading.INCONCLUSIVE: f"The features render layer {layer} only in part",
    }[r.reading]
    return {"headline": headline, "summary": _summary(r), "does_not_show": _does_not_show(), "not_examined": _not_examined(r)}


def _summary(r: Results) -> str:
    m, e = r.measured, r.explained
    parts = [
        f"{m.autoencoder.width} features were fitted to {len(m.train.values)} activations of layer {r.plan.layer}; {r.active:.0f} are active at a position. "
        f"On packages never used for fitting they explain {e.value:.2f} ({e.low:.2f} to {e.high:.2f}) of the variance; "
        f"random features explain {m.nulls.random:.2f}, {r.plan.fit.k} principal components {m.nulls.components:.2f}.",
        f"With the features in place of the layer, the loss on such text rises by {r.added.value:.2f} nats per token; {_share(r.recovered)}. "
        f"{r.dead_share:.0%} of the features never fire there.",
    ]
    if r.shortfalls or r.failures:
        parts.append(f"Not a sound rendering because {'; '.join(r.shortfalls or r.failures)}.")
    broken = [check.note for check in m.checks if not check.passed]
    return " ".join([*broken, *parts])


def _share(found: Interval | None) -> str:
    if found is None:
        return f"replacing the layer by its mean costs less than {MEANINGFUL:g} nats per token, so no share of it can be given"
    return f"of what replacing the layer by its mean costs, {found.value:.3f} is recovered ({found.low:.3f} to {found.high:.3f})"


def _does_not_show() -> str:
    return (
        "that single features mean anything, that the model uses them, or that another fit would give the same ones: a dictionary that renders the layer "
        "well is a tool for further questions, and its features were not read here."
    )


def _not_examined(r: Results) -> str:
    return (
        f"Layers other than {r.plan.layer}; text unlike documentation and short paragraphs; position 0 and outlier positions "
        f"({r.measured.train.outliers + r.measured.held.outliers} left out); a second seed; what each feature stands for."
    )
