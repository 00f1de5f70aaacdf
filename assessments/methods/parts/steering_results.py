"""Everything a steering run measured and the conditions under which it may be read as causal."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from assessments.contracts import Control, Reading
from assessments.methods.parts.behaviours import Material
from assessments.methods.parts.doses import SHARES, Design, worst_cost
from assessments.methods.parts.removal import Removal
from assessments.methods.parts.steering import Answer, Costs, Plan, mean_slopes, positives
from assessments.methods.parts.steering_features import Feature
from assessments.statistics import Array, Interval, bootstrap_auroc, bootstrap_mean, cluster_weights, holm, non_inferiority, permutation_p, spearman, wilson

LEVEL = 0.05
MONOTONE = 0.95
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
    """Everything measured. ``confirm[7, prompts]``; ``random``, ``permuted`` and ``matched[k, 2, prompts]`` at both ends; ``twin[prompts]`` and
    ``wrapped[wrappers, prompts]`` end to end; ``twin_removal`` the change on random weights without their own direction, empty for a feature.
    ``feature`` is None, and ``matched`` empty, where a designed direction is steered."""

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
    removal: Removal
    twin_removal: Array
    instructed: Array
    costs: Costs
    answers: Sequence[Answer]
    twin: Array
    wrapped: Array
    matched: Array
    feature: Feature | None = None

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
    def matched_slopes(self) -> Array:
        """Slopes of features that are active as often."""
        return mean_slopes(self.matched, self.design.coefficient)

    @cached_property
    def p_random(self) -> float:
        """Two-sided, against random directions; the slope is taken between the same two doses for all."""
        return permutation_p(self.slope.value, self.random_slopes, "two-sided")

    @cached_property
    def p_matched(self) -> float | None:
        """The same against matched features; None where no feature is steered."""
        return permutation_p(self.slope.value, self.matched_slopes, "two-sided") if self.feature else None

    @property
    def p_value(self) -> float:
        """The larger of both: a feature has to beat random directions and other features of its dictionary."""
        return self.p_random if self.p_matched is None else max(self.p_random, self.p_matched)

    @property
    def name(self) -> str:
        """What is steered, as it stands in figures."""
        return self.feature.name if self.feature else "designed direction"

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
    def wrapped_effect(self) -> Interval:
        """Mean change under pressure wrappers, over all of them."""
        return self.over_prompts(self.wrapped.mean(axis=0))

    @cached_property
    def kept(self) -> Interval | None:
        """Share of the plain effect that is left under the wrappers, paired by prompt; None where the plain effect cannot be told from nothing."""
        if self.effect.low <= 0 <= self.effect.high:
            return None
        return bootstrap_ratio(self.wrapped.mean(axis=0), self.item_effects, self.material.confirm.families, self.plan.draws, self.plan.seed)

    @property
    def cost_passes(self) -> bool:
        """Non-inferiority of both signs, one-sided at 2.5 %: no rise of the loss reaches beyond the sealed margin."""
        families, signs = [item.family for item in self.costs.texts], (self.costs.up, self.costs.down)
        return all(non_inferiority(values, families, self.limits.cost, self.plan.draws, self.plan.seed).holds for values in signs)

    @cached_property
    def ablation(self) -> Interval:
        """Change on the prompts that show the behaviour with the direction, or the feature, taken out."""
        return bootstrap_mean(self.removal.change, self.removal.prompts.families, self.plan.draws, self.plan.seed)

    @cached_property
    def twin_removed(self) -> Interval | None:
        """The same removal on random weights; None where a feature is steered."""
        if not len(self.twin_removal):
            return None
        return bootstrap_mean(self.twin_removal, self.removal.prompts.families, self.plan.draws, self.plan.seed)

    @property
    def removal_counts(self) -> bool:
        """Whether the removal is a test of its own: a direction, on prompts that carry the label of the behaviour."""
        return self.feature is None and self.material.labelled

    @cached_property
    def adjusted(self) -> tuple[float, float]:
        """p of adding and of taking out, adjusted for both (Holm) where both are tests of the same claim."""
        both = (self.p_value, self.removal.p_value)
        if not self.removal_counts:
            return both
        adding, taking = holm(both)
        return float(adding), float(taking)

    @property
    def adds(self) -> bool:
        """Whether adding moves the read-out beyond chance, by no less than the smallest effect that matters."""
        return self.adjusted[0] <= LEVEL and abs(self.effect.value) >= self.limits.effect

    @property
    def removes(self) -> bool:
        """Whether taking it out lowers the behaviour: beyond chance, by no less than the smallest effect that matters."""
        return self.adjusted[1] <= LEVEL and self.ablation.high < 0 and -self.ablation.value >= self.limits.effect

    @cached_property
    def removal_cost(self) -> Interval | None:
        """Rise of the loss on neutral text with the direction taken out; None where it was not measured."""
        if not self.removal.texts:
            return None
        families = [item.family for item in self.removal.texts]
        return bootstrap_mean(np.array(self.removal.rises), families, self.plan.draws, self.plan.seed)

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
        """Causal when adding or taking out moves the behaviour and every condition on it holds; null when neither moves it; else inconclusive."""
        if not all(check.passed for check in self.checks):
            return Reading.INCONCLUSIVE
        if self.added or self.taken:
            return Reading.CAUSAL
        return Reading.INCONCLUSIVE if self.adds or (self.removal_counts and self.removes) else Reading.NULL

    @property
    def added(self) -> bool:
        """Whether adding is shown to cause the behaviour."""
        return self.adds and not self.failures

    @property
    def taken(self) -> bool:
        """Whether taking it out is shown to take the behaviour away at a cost that may be paid."""
        return self.removal_counts and self.removes and not self.removal_failures

    @property
    def removal_failures(self) -> list[str]:
        """Conditions for a causal reading of the removal that do not hold, in words."""
        families = [item.family for item in self.removal.texts]
        cheap = non_inferiority(self.removal.rises, families, self.limits.cost, self.plan.draws, self.plan.seed).holds
        conditions = {
            "taking it out may cost more than the margin on neutral text": cheap,
            "on random weights taking it out does the same": self.twin_removed is None or self.twin_removed.value > -self.limits.effect,
        }
        return [text for text, holds in conditions.items() if not holds]

    @property
    def failures(self) -> list[str]:
        """Conditions for a causal reading of adding that do not hold, in words."""
        conditions = {
            "the read-out moves against the intended direction": self.slope.value > 0,
            "the interval of the slope includes zero": self.slope.low > 0,
            "the curve is not monotone": self.rank_correlation >= MONOTONE,
            f"{self.wrong_way.value:.0%} of the prompts move the wrong way": self.wrong_way.value <= self.limits.wrong_way,
            f"the cost on neutral text may reach {self.cost.high:.2f} nats per token": self.cost_passes,
            "random weights show the same": self.twin_effect.value < self.limits.effect,
        }
        return [text for text, holds in conditions.items() if not holds]

    def over_prompts(self, values: Array) -> Interval:
        """Mean over confirmation prompts with its interval over their families."""
        return bootstrap_mean(values, self.material.confirm.families, self.plan.draws, self.plan.seed)


def bootstrap_ratio(over: Array, under: Array, families: Sequence[str], draws: int, seed: int) -> Interval:
    """Mean of ``over[n]`` through mean of ``under[n]`` with its 95 % interval, both on the same resampled families."""
    weights = cluster_weights(families, draws, seed)
    low, high = np.quantile((weights @ over) / (weights @ under), [0.025, 0.975])
    return Interval(float(over.mean() / under.mean()), float(low), float(high))


def scaled(interval: Interval, factor: float) -> Interval:
    """An interval in another unit."""
    return Interval(interval.value * factor, interval.low * factor, interval.high * factor)
