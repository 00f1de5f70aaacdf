"""What a run over a circuit and its stability means: faithfulness, shifts against their nulls, conditions of the reading."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from assessments.contracts import Control, Reading
from assessments.methods.parts.circuit_tasks import Questions
from assessments.methods.parts.stability_circuits import SHARES, trapezoid
from assessments.methods.parts.stability_measure import Ends, Measured, Plan, Shift
from assessments.statistics import Array, Interval, bootstrap_mean, cluster_weights, permutation_p

LEVEL = 0.05
TOLERANCE = 1e-3
"""Largest difference in nats between patching every edge and the plain pass."""
LARGEST = 0.5
"""A circuit of more than this share of the edges picks nothing out."""


@dataclass(frozen=True)
class Results:
    """All that was measured."""

    questions: Questions
    plan: Plan
    m: Measured
    noop: Control
    limits: Mapping[str, float]

    @property
    def families(self) -> list[str]:
        """Content family of every confirmation prompt."""
        return [question.family for question in self.m.confirm]

    @property
    def edges(self) -> int:
        """All edges of the model."""
        return len(self.m.scores)

    @property
    def size(self) -> int:
        """Edges of the chosen circuit."""
        return max(1, round(self.m.share * self.edges))

    @cached_property
    def behaviour(self) -> Interval:
        """Logit difference on clean minus that on corrupted prompts: what there is to carry."""
        return self._mean(self.m.ends)

    @cached_property
    def twin_behaviour(self) -> Interval:
        """The same with random weights."""
        return self._mean(self.m.twin)

    def _mean(self, ends: Ends) -> Interval:
        return bootstrap_mean(ends.clean - ends.corrupted, self.families, self.plan.draws, self.plan.seed)

    @cached_property
    def curve(self) -> list[Interval]:
        """Faithfulness at every share of edges."""
        return [self._carried(row) for row in self.m.carried]

    def _carried(self, values: Array) -> Interval:
        ends = self.m.ends
        weights = cluster_weights(self.families, self.plan.draws, self.plan.seed)
        part, whole = values - ends.corrupted, ends.clean - ends.corrupted
        low, high = np.quantile((weights @ part) / (weights @ whole), [0.025, 0.975])
        return Interval(float(part.mean() / whole.mean()), float(low), float(high))

    @cached_property
    def faithfulness(self) -> Interval:
        """At the share chosen on exploration prompts."""
        return self.curve[SHARES.index(self.m.share)]

    @cached_property
    def random(self) -> Array:
        """Faithfulness of random circuits of equal size, on the prompts of the control."""
        few = slice(self.m.random_prompts)
        corrupted, clean = self.m.ends.corrupted[few].mean(), self.m.ends.clean[few].mean()
        return np.asarray((self.m.random.mean(axis=1) - corrupted) / (clean - corrupted))

    @cached_property
    def compared(self) -> float:
        """Faithfulness of the circuit on the same prompts as the random circuits."""
        few, row = slice(self.m.random_prompts), self.m.carried[SHARES.index(self.m.share)]
        corrupted = self.m.ends.corrupted[few].mean()
        return float((row[few].mean() - corrupted) / (self.m.ends.clean[few].mean() - corrupted))

    @cached_property
    def random_p(self) -> float:
        """Share of random circuits that carry as much."""
        return permutation_p(self.compared, self.random)

    @cached_property
    def cpr(self) -> float:
        """Area under the faithfulness curve."""
        return trapezoid([point.value for point in self.curve])

    @cached_property
    def cmd(self) -> float:
        """Area between the faithfulness curve and 1."""
        return trapezoid([abs(1 - point.value) for point in self.curve])

    @cached_property
    def adjusted(self) -> list[float]:
        """p of every wrapper against the largest null distance over all wrappers."""
        largest = np.max([shift.null for shift in self.m.shifts], axis=0)
        return [permutation_p(shift.distance, largest) for shift in self.m.shifts]

    @cached_property
    def benign_edge(self) -> float:
        """95 % of the distances between random halves of the clean prompts."""
        return float(np.quantile(self.m.benign_null, 0.95))

    @cached_property
    def false_alarms(self) -> int:
        """Benign resamplings that would be called a shift."""
        return int(sum(permutation_p(value, self.m.benign_null) <= LEVEL for value in self.m.benign))

    @cached_property
    def moved(self) -> list[Shift]:
        """Wrappers whose circuit differs by more than exchanged labels explain and more than random halves of clean prompts differ."""
        return [shift for shift, p in zip(self.m.shifts, self.adjusted, strict=True) if p <= LEVEL and shift.distance > self.benign_edge]

    @cached_property
    def largest(self) -> Shift:
        """The wrapper with the largest distance."""
        return max(self.m.shifts, key=lambda shift: shift.distance)

    @property
    def failures(self) -> list[str]:
        """Conditions for a circuit that do not hold, in words."""
        conditions = {
            "the circuit carries too little of the behaviour on held-out prompts": self.faithfulness.value >= self.limits["faithfulness"],
            f"random circuits of equal size carry as much (p = {self.random_p:.3f})": self.random_p <= LEVEL,
            "random weights show the behaviour": self.behaviour.low > self.twin_behaviour.high,
        }
        return [text for text, holds in conditions.items() if not holds]

    @property
    def reading(self) -> Reading:
        """Causal: a small circuit, checked by patching, carries the behaviour. Null: no behaviour, or no small circuit that carries it."""
        if not self.noop.passed or self.m.ends.gap > TOLERANCE:
            return Reading.INCONCLUSIVE
        if self.behaviour.low <= 0 or self.behaviour.value < self.limits["behaviour"] or self.m.share > LARGEST:
            return Reading.NULL
        return Reading.INCONCLUSIVE if self.failures else Reading.CAUSAL
