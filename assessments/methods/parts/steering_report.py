"""What a steering run means: reading, measurements, controls and words."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from assessments.contracts import Control, Measurement, Reading
from assessments.methods.parts.behaviours import Material
from assessments.methods.parts.doses import SHARES, Design, worst_cost
from assessments.methods.parts.outputs import measurement
from assessments.methods.parts.steering import Answer, Costs, Plan, mean_slopes, positives
from assessments.statistics import Array, Interval, bootstrap_auroc, bootstrap_mean, permutation_p, spearman, symmetric_band, wilson

LEVEL = 0.05
MONOTONE = 0.9
"""Rank correlation of dose and mean read-out from which a curve counts as monotone: at most one swap of neighbours among seven doses."""
TENTH = 0.1


@dataclass(frozen=True)
class Limits:
    """Sealed limits: smallest effect that matters (nats), largest share moved the wrong way, largest cost on neutral text (nats per token)."""

    effect: float
    wrong_way: float
    cost: float


@dataclass(frozen=True)
class Results:
    """Everything measured. ``confirm[7, prompts]``; ``random`` and ``permuted[k, 2, prompts]`` at both ends; ``twin[prompts]`` end to end."""

    material: Material
    plan: Plan
    limits: Limits
    design: Design
    checks: tuple[Control, Control]
    held_out: Array
    confirm: Array
    explore: Array
    random: Array
    permuted: Array
    baseline: Array
    ablated: Array
    ablated_random: Array
    instructed: Array
    costs: Costs
    answers: Sequence[Answer]
    twin: Array

    @cached_property
    def item_effects(self) -> Array:
        """Change of the read-out of every prompt from the lowest to the highest dose, in nats."""
        return np.asarray(self.confirm[-1] - self.confirm[0])

    @cached_property
    def effect(self) -> Interval:
        """Mean change from the lowest to the highest dose."""
        return self.over_prompts(self.item_effects)

    @cached_property
    def random_slopes(self) -> Array:
        """Slopes of the random directions, in nats per residual norm."""
        return mean_slopes(self.random, self.design.coefficient)

    @cached_property
    def permuted_slopes(self) -> Array:
        """Slopes of directions fitted to permuted labels."""
        return mean_slopes(self.permuted, self.design.coefficient)

    @cached_property
    def p_value(self) -> float:
        """Two-sided, against random directions; the slope is taken between the same two doses for all."""
        return permutation_p(self.slope.value, self.random_slopes, "two-sided")

    @cached_property
    def slope(self) -> Interval:
        """Nats per residual norm, from the two end doses."""
        return scaled(self.effect, 1 / (2 * self.design.coefficient))

    @cached_property
    def rank_correlation(self) -> float:
        """Of dose and mean read-out over the seven doses."""
        return spearman(SHARES, self.confirm.mean(axis=1))

    @cached_property
    def wrong_way(self) -> Interval:
        """Share of prompts that move against the intended direction."""
        return wilson(int((self.item_effects < 0).sum()), len(self.item_effects))

    @cached_property
    def cost(self) -> Interval:
        """Rise of the loss on neutral text for the dearer sign."""
        return worst_cost(self.costs.up, self.costs.down, self.costs.texts, self.plan.draws, self.plan.seed)

    @cached_property
    def twin_effect(self) -> Interval:
        """The same procedure on random weights."""
        return self.over_prompts(self.twin)

    @cached_property
    def decodability(self) -> Interval:
        """AUROC of the very same direction on design texts of families never used for it."""
        items = self.material.design.confirmation
        return bootstrap_auroc(self.held_out, positives(self.material, items), [i.family for i in items], self.plan.draws, self.plan.seed)

    @property
    def reading(self) -> Reading:
        """Causal only when every condition holds; null when the effect is within chance or too small to matter; else inconclusive."""
        if not all(check.passed for check in self.checks):
            return Reading.INCONCLUSIVE
        if self.p_value > LEVEL or abs(self.effect.value) < self.limits.effect:
            return Reading.NULL
        return Reading.INCONCLUSIVE if self.failures else Reading.CAUSAL

    @property
    def failures(self) -> list[str]:
        """Conditions for a causal reading that do not hold, in words."""
        conditions = {
            "the read-out moves against the intended direction": self.slope.value > 0,
            "the interval of the slope includes zero": self.slope.low > 0,
            "the curve is not monotone": self.rank_correlation >= MONOTONE,
            f"{self.wrong_way.value:.0%} of the prompts move the wrong way": self.wrong_way.value <= self.limits.wrong_way,
            f"the cost on neutral text may reach {self.cost.high:.2f} nats per token": self.cost.high <= self.limits.cost,
            "random weights show the same": self.twin_effect.value < self.limits.effect,
        }
        return [text for text, holds in conditions.items() if not holds]

    def over_prompts(self, values: Array) -> Interval:
        """Mean over confirmation prompts with its interval over their families."""
        return bootstrap_mean(values, self.material.confirm.families, self.plan.draws, self.plan.seed)


def scaled(interval: Interval, factor: float) -> Interval:
    """An interval in another unit."""
    return Interval(interval.value * factor, interval.low * factor, interval.high * factor)


def measurements(r: Results) -> tuple[Measurement, ...]:
    """The slope first, in both units; then effect, share, cost, and what the same direction does otherwise."""
    n, formula = len(r.baseline), r.material.behaviour.formula
    band = symmetric_band(r.random_slopes)
    return (
        _slope(r, "steering_slope", "Slope per 0.1 residual norm", TENTH, band, role="primary", p_value=r.p_value),
        _slope(r, "slope_per_design", "Slope per length of the difference of means", r.design.length, band),
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
        _ablation(r),
        measurement(
            "instruction_effect", f"The instruction “{r.material.behaviour.instruction.strip()}” instead", r.over_prompts(r.instructed), n, formula, unit="nats"
        ),
        measurement("decodability", "The same direction read on texts", r.decodability, len(r.held_out), "auroc-cluster-bootstrap/1", unit="AUROC"),
        measurement("twin_effect", "Change with random weights", r.twin_effect, n, formula, unit="nats", role="control"),
        measurement("baseline", "Read-out untouched", r.over_prompts(r.baseline), n, formula, unit="nats"),
        *_refusals(r),
    )


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


def _ablation(r: Results) -> Measurement:
    band = float(np.abs(r.ablated_random).max())
    found, n = r.over_prompts(r.ablated), len(r.baseline)
    return measurement(
        "ablation_effect", "Change with the direction removed", found, n, r.material.behaviour.formula, unit="nats", null_low=-band, null_high=band
    )


def _refusals(r: Results) -> list[Measurement]:
    rows = []
    for name, label, steered in (("refusals", "Written refusals, untouched", False), ("refusals_steered", "Written refusals, highest dose", True)):
        answers = [answer for answer in r.answers if answer.steered == steered]
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
            "random_directions", len(r.random), None, f"Equal length; 95 % have a slope within ±{band:.2f} nats per 0.1 residual norm (p = {r.p_value:.3f})."
        ),
        Control(
            "permuted_labels",
            len(r.permuted),
            None,
            f"Fitted to exchanged labels, equal length: 95 % within ±{permuted:.2f} (p = {p_permuted:.3f}). By chance these keep part of the true direction.",
        ),
        Control(
            "ablation",
            len(r.ablated_random),
            None,
            f"Removed from every block: {r.ablated.mean():+.2f} nats; random directions at most {np.abs(r.ablated_random).max():.2f}.",
        ),
        Control("instruction", len(r.instructed), None, f"Asking for it in words changes the read-out by {instruction:+.2f} nats."),
        Control("neutral_text", len(r.costs.texts), r.cost.high <= r.limits.cost, f"Upper end {r.cost.high:.3f} nats per token; allowed {r.limits.cost:g}."),
        Control(
            "random_weight_twin", len(r.twin), r.twin_effect.value < r.limits.effect, f"The same procedure on random weights: {r.twin_effect.value:+.3f} nats."
        ),
    )


def counts(r: Results) -> dict[str, int]:
    """Prompts by part; answers that no tokenizer could tell apart are counted as unscored."""
    explore, confirm = len(r.material.explore.items), len(r.material.confirm.items)
    parts = {"exploration": explore, "confirmation": confirm, "scored": confirm, "unscored": 0, "errored": 0}
    design = len(r.material.design.exploration) + len(r.material.design.confirmation)
    return {"items": explore + confirm, **parts, "design_items": design, "answers_unscored": r.material.unscored_answers}


def words(r: Results) -> dict[str, str]:
    """Headline, summary and limits in plain language."""
    name = r.material.behaviour.name
    headline = {
        Reading.CAUSAL: f"{name.capitalize()} steering moves the answer",
        Reading.NULL: _null_headline(r),
        Reading.INCONCLUSIVE: f"{name.capitalize()} steering: no clear answer",
    }[r.reading]
    return {"headline": headline, "summary": _summary(r), "does_not_show": _does_not_show(r), "not_examined": _not_examined(r)}


def _null_headline(r: Results) -> str:
    what = {"sentiment": "Sentiment", "refusal": "Harm"}[r.material.behaviour.name]
    readable = r.decodability.low > 0.5
    return (
        f"{what} is represented, but no causal effect on {r.material.behaviour.name} was found"
        if readable
        else f"No effect of steering on {r.material.behaviour.name}"
    )


def _summary(r: Results) -> str:
    d, slope, band = r.design, scaled(r.slope, TENTH), symmetric_band(r.random_slopes) * TENTH
    parts = [
        f"Adding the direction at layer {d.layer} changes the {r.material.behaviour.readout} by {slope.value:+.2f} nats per 0.1 residual norm "
        f"({slope.low:.2f} to {slope.high:.2f}); 95 % of {len(r.random)} random directions of equal length stay within ±{band:.2f} (p = {r.p_value:.3f}), "
        f"so a smaller slope than that could not have been told from chance.",
        f"Between the ends of the range the read-out moves by {r.effect.value:+.2f} nats; {r.wrong_way.value:.0%} of {len(r.baseline)} held-out prompts move "
        f"the wrong way; neutral text costs {r.cost.value:+.3f} nats per token more ({r.cost.low:.3f} to {r.cost.high:.3f}).",
        f"Read on texts of other families, the same direction separates the labels with AUROC {r.decodability.value:.2f}.",
    ]
    if r.answers:
        plain = [answer.refused for answer in r.answers if not answer.steered]
        parts.append(f"Of {len(plain)} written answers to improper requests, {sum(plain)} refuse.")
    if not r.design.affordable:
        parts.append("No tried strength stayed within the cost margin on the exploration texts; the smallest was used.")
    if r.reading == Reading.INCONCLUSIVE:
        reasons = [check.note for check in r.checks if not check.passed] + r.failures
        parts.append(f"Not causal because {'; '.join(reasons)}.")
    return " ".join(parts)


def _does_not_show(r: Results) -> str:
    if r.reading == Reading.CAUSAL:
        return (
            f"that {r.material.behaviour.name} is controlled by this direction alone, that the effect holds in long texts or for prompts unlike the probe set, "
            "or that the model uses this direction on its own."
        )
    return (
        f"that nothing inside the model can move its {r.material.behaviour.name}: one direction, one layer and one range of strengths were tried, "
        "and effects below the stated band are out of sight."
    )


def _not_examined(r: Results) -> str:
    return (
        f"Layers other than {r.design.layer}; strengths above {r.design.coefficient:g} residual norms; directions fitted in other ways; "
        "behaviour over whole answers by human or model graders; other languages; wrappers meant to break the effect."
    )
