"""A steering run as measurements, controls and words."""

from assessments.contracts import Control, Measurement, Reading
from assessments.methods.parts.doses import SHARES
from assessments.methods.parts.outputs import measurement
from assessments.methods.parts.removal_report import removal_control, removal_measurements, removal_words
from assessments.methods.parts.steering import State
from assessments.methods.parts.steering_feature_report import NOT_CALIBRATED, feature_measurements, feature_words, matched_control
from assessments.methods.parts.steering_results import TENTH, Results, scaled
from assessments.statistics import permutation_p, symmetric_band, wilson

REFUSALS: tuple[tuple[str, str, State], ...] = (
    ("refusals", "Written refusals, untouched", "untouched"),
    ("refusals_steered", "Written refusals, highest dose", "steered"),
    ("refusals_removed", "Written refusals, direction taken out", "removed"),
)


def measurements(r: Results) -> tuple[Measurement, ...]:
    """The slope first, in both units; then effect, share, cost, and what the same direction does otherwise."""
    n, formula = len(r.baseline), r.material.behaviour.formula
    band = symmetric_band(r.random_slopes)
    return (
        _slope(r, "steering_slope", "Slope per 0.1 residual norm", TENTH, band, role="primary", p_value=r.p_value),
        _slope(
            r,
            "slope_per_design",
            f"Slope per {'difference in what the feature writes' if r.feature else 'length of the difference of means'}",
            r.design.length,
            band,
        ),
        measurement("steering_effect", "Change from lowest to highest dose", r.effect, n, formula, unit="nats"),
        measurement("dose_rank_correlation", "Rank correlation of dose and read-out", r.rank_correlation, len(SHARES), "spearman/1"),
        measurement("wrong_way_share", "Prompts moved the wrong way", r.wrong_way, n, "share-wilson/1", unit="share", direction="lower"),
        _cost(r),
        measurement("working_coefficient", "Highest dose", r.design.coefficient, len(r.design.tried), "largest-affordable/1", unit="residual norms"),
        measurement(
            "permuted_slope",
            "95 % of directions from permuted labels",
            symmetric_band(r.permuted_slopes) * TENTH,
            len(r.permuted),
            "slope-null/1",
            unit="nats",
            role="control",
        ),
        *feature_measurements(r),
        _margin(r),
        *removal_measurements(r),
        *_pressure(r),
        *_beside(r),
        *_refusals(r),
    )


def _beside(r: Results) -> list[Measurement]:
    """What stands beside the effect: an instruction in words, the direction read, random weights, the model untouched."""
    n, formula = len(r.baseline), r.material.behaviour.formula
    return [
        measurement(
            "instruction_effect", f"The instruction “{r.material.behaviour.instruction.strip()}” instead", r.over_prompts(r.instructed), n, formula, unit="nats"
        ),
        measurement(
            "decodability",
            f"The same {'feature' if r.feature else 'direction'} read on texts",
            r.decodability,
            len(r.held_out),
            "auroc-cluster-bootstrap/1",
            unit="AUROC",
        ),
        measurement("twin_effect", "Change with random weights", r.twin_effect, n, formula, unit="nats", role="control"),
        measurement("baseline", "Read-out untouched", r.over_prompts(r.baseline), n, formula, unit="nats"),
    ]


def _slope(r: Results, name: str, label: str, per: float, band: float, role: str = "secondary", p_value: float | None = None) -> Measurement:
    return measurement(
        name,
        label,
        scaled(r.slope, per),
        len(r.baseline),
        "end-dose-slope/1",
        unit="nats",
        null_low=-band * per,
        null_high=band * per,
        p_value=p_value,
        role=role,
    )


def _cost(r: Results) -> Measurement:
    return measurement(
        "cost_ce", "Cost: loss on neutral text", r.cost, len(r.costs.texts), "cross-entropy-rise/1", unit="nats per token", direction="lower", role="cost"
    )


def _margin(r: Results) -> Measurement:
    found, n = r.cost.high, len(r.costs.texts)
    return measurement("cost_ce_upper", "Cost, upper end of its interval", found, n, "non-inferiority/1", unit="nats per token", direction="lower", role="cost")


def _pressure(r: Results) -> list[Measurement]:
    """The effect inside adversarial wrappers; the share kept only where there is an effect to keep."""
    n, formula = r.wrapped.size, r.material.behaviour.formula
    rows = [measurement("effect_under_pressure", f"Change inside {len(r.wrapped)} pressure wrappers", r.wrapped_effect, n, formula, unit="nats")]
    if r.kept is not None:
        rows.append(measurement("persistence", "Share of the change kept inside pressure wrappers", r.kept, n, "effect-ratio-paired/1", unit="share"))
    return rows


def _refusals(r: Results) -> list[Measurement]:
    rows = []
    for name, label, state in REFUSALS:
        answers = [answer for answer in r.answers if answer.state == state]
        if answers:
            share = wilson(sum(answer.refused for answer in answers), len(answers))
            rows.append(measurement(name, label, share, len(answers), "refusal-keywords/1", unit="share"))
    return rows


def controls(r: Results) -> tuple[Control, ...]:
    """The standard controls and how they behaved."""
    band, permuted = symmetric_band(r.random_slopes) * TENTH, symmetric_band(r.permuted_slopes) * TENTH
    p_permuted = permutation_p(r.slope.value, r.permuted_slopes, "two-sided")
    instruction = r.over_prompts(r.instructed).value
    return (
        *r.checks,
        Control(
            "random_directions", len(r.random), None, f"Equal length; 95 % have a slope within ±{band:.2f} nats per 0.1 residual norm (p = {r.p_random:.3f})."
        ),
        *matched_control(r),
        Control(
            "permuted_labels",
            len(r.permuted),
            None,
            f"{'Chosen' if r.feature else 'Fitted'} under exchanged labels, equal length: 95 % within ±{permuted:.2f} (p = {p_permuted:.3f}). "
            f"By chance these keep part of the true {'choice' if r.feature else 'direction'}.",
        ),
        removal_control(r),
        Control("instruction", len(r.instructed), None, f"Asking for it in words changes the read-out by {instruction:+.2f} nats."),
        Control("pressure_wrappers", len(r.wrapped), None, _pressure_note(r)),
        # What steering costs is a finding about the direction, not a sign that the instrument misbehaved: no pass or fail here.
        Control("neutral_text", len(r.costs.texts), None, f"Upper end of the cost {r.cost.high:.3f} nats per token; the margin is {r.limits.cost:g}."),
        _twin_control(r),
    )


def _twin_control(r: Results) -> Control:
    taken = "" if r.twin_removed is None else f"; their own direction taken out: {r.twin_removed.value:+.3f}"
    passed = r.twin_effect.value < r.limits.effect and (r.twin_removed is None or r.twin_removed.value > -r.limits.effect)
    return Control("random_weight_twin", len(r.twin), passed, f"The same procedure on random weights: {r.twin_effect.value:+.3f} nats{taken}.")


def _pressure_note(r: Results) -> str:
    found = r.wrapped_effect
    kept = "" if r.kept is None else f", {r.kept.value:.0%} of the plain change ({r.kept.low:.0%} to {r.kept.high:.0%})"
    return f"Inside {len(r.wrapped)} texts that argue, plead or distract, the read-out moves by {found.value:+.2f} nats{kept}."


def counts(r: Results) -> dict[str, int]:
    """Prompts by part; answers that no tokenizer could tell apart are counted as unscored."""
    explore, confirm = len(r.material.explore.items), len(r.material.confirm.items)
    parts = {"exploration": explore, "confirmation": confirm, "scored": confirm, "unscored": 0, "errored": 0}
    design = len(r.material.design.exploration) + len(r.material.design.confirmation)
    shown = len(r.material.shown_exploration.items) + len(r.removal.change)
    return {"items": explore + confirm, **parts, "design_items": design, "removal_items": shown, "answers_unscored": r.material.unscored_answers}


def words(r: Results) -> dict[str, str]:
    """Headline, summary and limits in plain language."""
    name = r.material.behaviour.name
    headline = {
        Reading.CAUSAL: _causal_headline(r),
        Reading.NULL: _null_headline(r),
        Reading.INCONCLUSIVE: f"{name.capitalize()} steering: no clear answer",
    }[r.reading]
    return {"headline": headline, "summary": _summary(r), "does_not_show": _does_not_show(r), "not_examined": _not_examined(r)}


def _causal_headline(r: Results) -> str:
    name = r.material.behaviour.name
    if not r.added:
        return f"Taking the direction out weakens {name}"
    return f"{name.capitalize()} steering moves the answer{', and taking the direction out weakens it' if r.taken else ''}"


def _null_headline(r: Results) -> str:
    what = r.material.behaviour.concept.capitalize()
    readable = r.decodability.low > 0.5
    return (
        f"{what} is represented, but no causal effect on {r.material.behaviour.name} was found"
        if readable
        else f"No effect of steering on {r.material.behaviour.name}"
    )


def _summary(r: Results) -> str:
    d, slope, band = r.design, scaled(r.slope, TENTH), symmetric_band(r.random_slopes) * TENTH
    what = "direction" if r.feature is None else "feature"
    parts = [
        f"Adding {'the direction' if r.feature is None else feature_words(r.feature)} at layer {d.layer} changes the {r.material.behaviour.readout} "
        f"by {slope.value:+.2f} nats per 0.1 residual norm ({slope.low:.2f} to {slope.high:.2f}); "
        f"95 % of {len(r.random)} random directions of equal length stay within ±{band:.2f} (p = {r.p_random:.3f}), "
        f"so a smaller slope than that could not have been told from chance.",
        *(control.note for control in matched_control(r)),
        f"Between the ends of the range the read-out moves by {r.effect.value:+.2f} nats; {r.wrong_way.value:.0%} of {len(r.baseline)} held-out prompts move "
        f"the wrong way; neutral text costs {r.cost.value:+.3f} nats per token more ({r.cost.low:.3f} to {r.cost.high:.3f}; the margin is {r.limits.cost:g}).",
        *removal_words(r),
        _pressure_note(r),
        f"Read on texts of other families, the same {what} separates the labels with AUROC {r.decodability.value:.2f}.",
    ]
    if r.answers:
        parts.append(_written(r))
    if not r.design.affordable:
        parts.append("No tried strength stayed within the cost margin on the exploration texts; the smallest was used.")
    if r.reading == Reading.INCONCLUSIVE:
        reasons = [check.note for check in r.checks if not check.passed] + (r.failures if r.adds else [])
        reasons += r.removal_failures if r.removal_counts and r.removes else []
        parts.append(f"Not causal because {'; '.join(reasons)}.")
    return " ".join(parts)


def _written(r: Results) -> str:
    refused = {state: [answer.refused for answer in r.answers if answer.state == state] for _, _, state in REFUSALS}
    words: dict[State, str] = {"steered": "at the highest dose", "removed": "with the direction taken out"}
    more = [f", {sum(refused[state])} {text}" for state, text in words.items() if refused[state]]
    plain = refused["untouched"]
    return f"Of {len(plain)} written answers to texts labelled {r.material.behaviour.positive.replace('_', ' ')}, {sum(plain)} refuse{''.join(more)}."


def _does_not_show(r: Results) -> str:
    what, covered = ("direction", "") if r.feature is None else ("feature", f" {NOT_CALIBRATED}")
    if r.reading == Reading.CAUSAL:
        return (
            f"that {r.material.behaviour.name} is controlled by this {what} alone, that the effect holds in long texts or for prompts unlike the probe set, "
            f"or that the model uses this {what} on its own.{covered}"
        )
    taken = "" if r.feature else f"directions of {len(r.removal.tried)} layers were taken out, "
    return (
        f"that nothing inside the model can move its {r.material.behaviour.name}: one {what} was added at one layer in one range of strengths, "
        f"{taken}and effects below the stated bands are out of sight.{covered}"
    )


def _not_examined(r: Results) -> str:
    others = "directions fitted in other ways" if r.feature is None else "other features and other dictionaries of this layer"
    return (
        f"Adding at layers other than {r.design.layer}; strengths above {r.design.coefficient:g} residual norms; {others}; "
        "behaviour over whole answers by human or model graders; other languages; wrappers other than those of the probe set."
    )
