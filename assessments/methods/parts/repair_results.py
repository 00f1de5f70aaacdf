"""What a run over self-repair means: the ratio, its nulls, and the conditions of the reading."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from assessments.contracts import Control, Reading
from assessments.methods.parts.circuit_tasks import Questions
from assessments.methods.parts.repair_measure import Confirmed, Plan, Search, reaction
from assessments.statistics import Array, Interval, bootstrap_mean, cluster_weights, permutation_p
from assessments.subject import Component

LEVEL = 0.05


@dataclass(frozen=True)
class Results:
    """All that was measured; ``heads`` tells heads from the MLP block, ``limits`` holds the sealed smallest effects."""

    questions: Questions
    plan: Plan
    search: Search
    confirmed: Confirmed
    noop: Control
    heads: int
    limits: Mapping[str, float]

    def named(self, component: Component) -> str:
        """``L3H1`` or ``L3 MLP``."""
        layer, part = component
        return f"L{layer} MLP" if part == self.heads else f"L{layer}H{part}"

    def over_prompts(self, values: Array) -> Interval:
        """Mean over confirmation prompts with its interval over their families."""
        return bootstrap_mean(values, self.families, self.plan.draws, self.plan.seed)

    @property
    def families(self) -> list[str]:
        """Content family of every confirmation prompt."""
        return [question.family for question in self.questions.confirmation]

    @cached_property
    def direct_items(self) -> Array:
        """Direct effect of the headline component on every prompt, in logits."""
        return self.confirmed.headline.direct[0, :, 0].astype(np.float64)

    @cached_property
    def repair_items(self) -> Array:
        """Loss made good on every prompt, in logits."""
        return np.asarray(reaction(self.confirmed.headline)[0, :, 0])

    @cached_property
    def direct(self) -> Interval:
        """Mean direct effect."""
        return self.over_prompts(self.direct_items)

    @cached_property
    def loss(self) -> Interval:
        """Mean loss when the component alone is replaced."""
        return self.over_prompts(self.direct_items - self.repair_items)

    @cached_property
    def repair(self) -> Interval:
        """Mean loss made good."""
        return self.over_prompts(self.repair_items)

    @cached_property
    def ratio(self) -> Interval:
        """Compensation ratio."""
        return self.ratio_of(self.repair_items, self.direct_items)

    def ratio_of(self, repair: Array, direct: Array) -> Interval:
        """Mean repair over mean direct effect, resampling whole families."""
        weights = cluster_weights(self.families, self.plan.draws, self.plan.seed)
        draws = (weights @ repair) / (weights @ direct)
        low, high = np.quantile(draws, [0.025, 0.975])
        return Interval(float(repair.mean() / direct.mean()), float(low), float(high))

    @cached_property
    def random_ratios(self) -> Array:
        """Compensation ratio of every random direction of equal size and equal direct effect."""
        effects = self.confirmed.random
        return np.asarray(reaction(effects)[..., 0].mean(axis=1) / effects.direct[..., 0].mean(axis=1, dtype=np.float64))

    @cached_property
    def p_value(self) -> float:
        """Share of random directions compensated at least as well."""
        return permutation_p(self.ratio.value, self.random_ratios)

    @cached_property
    def parts(self) -> dict[str, Interval]:
        """Loss made good by later attention, later MLP blocks and the norm; they add up to the whole."""
        effects = self.confirmed.headline
        arrays = {"attention": effects.attention, "mlp": effects.mlp, "norm": effects.norm}
        return {name: self.over_prompts(values[0, :, 0].astype(np.float64)) for name, values in arrays.items()}

    @cached_property
    def hidden(self) -> Interval:
        """Loss beyond the sum of both when the component and all its backups are replaced together."""
        return self.over_prompts(self.confirmed.steps.extra(self.direct_items - self.repair_items)[-1])

    @cached_property
    def matched_hidden(self) -> Array:
        """The same for matched components instead of the backups, one mean per set."""
        return np.asarray(self.confirmed.matched.extra(self.direct_items - self.repair_items).mean(axis=1))

    @cached_property
    def hidden_p(self) -> float:
        """Share of matched sets that hide as much."""
        return permutation_p(self.hidden.value, self.matched_hidden)

    @cached_property
    def twin_repair(self) -> Interval:
        """Loss made good with random weights."""
        return self.over_prompts(reaction(self.confirmed.twin)[0, :, 0])

    @property
    def compensated(self) -> bool:
        """Whether the loss is made good beyond what an equal random change would be."""
        return not self.failures and self.ratio.value >= self.limits["compensation_ratio"]

    @property
    def failures(self) -> list[str]:
        """Conditions for self-repair that do not hold, in words."""
        conditions = {
            "the interval of the loss made good includes zero": self.repair.low > 0 and self.ratio.low > 0,
            f"random changes of equal size are made good as well (p = {self.p_value:.3f})": self.p_value <= LEVEL,
            "the answers of other prompts move as much": self.repair.value > float(np.quantile(self.confirmed.permuted, 0.975)),
            "random weights show the same": self.repair.low > self.twin_repair.high,
        }
        return [text for text, holds in conditions.items() if not holds]

    @property
    def backed_up(self) -> bool:
        """Whether taking the backups away as well uncovers a loss, more than matched components do."""
        enough = self.hidden.value >= self.limits["hidden_loss"]
        return bool(enough and self.hidden.low > 0 and self.hidden.value > np.quantile(self.matched_hidden, 0.95))

    @property
    def reading(self) -> Reading:
        """Causal: made good, and the backups found uncover it. Observed: made good without known backups. Null: nothing to repair, or not repaired."""
        if not self.noop.passed:
            return Reading.INCONCLUSIVE
        if self.direct.value < self.limits["direct_effect"] or self.direct.low <= 0 or self.ratio.value < self.limits["compensation_ratio"]:
            return Reading.NULL
        if self.failures:
            return Reading.INCONCLUSIVE
        return Reading.CAUSAL if self.backed_up else Reading.OBSERVED
