"""What a steering run says of taking the direction, or the feature, out: measurements, control, sentences."""

from assessments.contracts import Control, Measurement
from assessments.methods.parts.outputs import measurement
from assessments.methods.parts.steering_results import Results
from assessments.statistics import bootstrap_mean


def removal_measurements(r: Results) -> list[Measurement]:
    """Effect with its null and its p, the read-out it starts from, and the price where it was measured."""
    formula, found, n = r.material.behaviour.formula, r.removal, len(r.removal.change)
    untouched = bootstrap_mean(found.untouched, found.prompts.families, r.plan.draws, r.plan.seed)
    rows = [
        measurement(
            "ablation_effect",
            f"Change with the {_what(r)} taken out",
            r.ablation,
            n,
            formula,
            unit="nats",
            direction="lower",
            null_low=-found.band,
            null_high=found.band,
            p_value=found.p_value,
        ),
        measurement("ablation_baseline", "Read-out of the same prompts untouched", untouched, n, formula, unit="nats"),
    ]
    if r.twin_removed is not None:
        rows.append(
            measurement("twin_ablation", "Change with random weights, their direction taken out", r.twin_removed, n, formula, unit="nats", role="control")
        )
    if r.removal_cost is not None:
        label, count = "Cost of taking it out: loss on neutral text", len(found.texts)
        rows.append(measurement("ablation_cost", label, r.removal_cost, count, "cross-entropy-rise/1", unit="nats per token", direction="lower", role="cost"))
    return rows


def removal_control(r: Results) -> Control:
    """How much of the change others of its kind make too."""
    found, effect = r.removal, r.ablation
    where = "What it writes taken out where it fires" if r.feature else f"The direction of layer {found.layer} taken out of every block"
    return Control(
        "ablation",
        len(found.chance),
        None,
        f"{where}: {effect.value:+.2f} nats ({effect.low:.2f} to {effect.high:.2f}); {_others(r)} at most {found.band:.2f} (p = {found.p_value:.3f}).",
    )


def removal_words(r: Results) -> list[str]:
    """What was taken out, what it did and what it cost, in plain language."""
    found, effect = r.removal, r.ablation
    before = float(found.untouched.mean())
    parts = [
        f"{_start(r)} from {before:+.2f} to {before + effect.value:+.2f} nats: by {effect.value:+.2f} ({effect.low:.2f} to {effect.high:.2f}); "
        f"{len(found.chance)} {_others(r)} reach {found.band:.2f} at most (p = {found.p_value:.3f}), {_verdict(r)}."
    ]
    if r.removal_cost is not None:
        cost = r.removal_cost
        parts.append(f"Neutral text costs {cost.value:+.3f} nats per token more without it ({cost.low:.3f} to {cost.high:.3f}).")
    if not found.affordable:
        parts.append("Every direction that was tried cost more than the margin on exploration texts when taken out; the cheapest was used.")
    return parts


def _start(r: Results) -> str:
    found = r.removal
    labelled = f" labelled {r.material.behaviour.positive.replace('_', ' ')}" if r.material.labelled else ""
    on = f"changes the mean read-out of {len(found.change)} held-out prompts{labelled}"
    if r.feature is not None:
        return f"Taking the feature out where it fires {on}"
    return f"Taken out of every block, the direction designed at layer {found.layer}, chosen among {len(found.tried)} on other texts, {on}"


def _verdict(r: Results) -> str:
    if r.removes:
        return f"so taking it out takes {r.material.behaviour.name} away, wholly or in part"
    return f"so nothing shows that {r.material.behaviour.name} needs it"


def _others(r: Results) -> str:
    return "features active as often" if r.feature else "random directions"


def _what(r: Results) -> str:
    return "feature" if r.feature else "direction"
