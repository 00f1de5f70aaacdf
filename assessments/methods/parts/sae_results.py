"""Everything a fitting run measured and the conditions under which its features may be called a rendering of the layer."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from assessments.contracts import Reading
from assessments.methods.parts.sae_fitting import Measured, Plan
from assessments.methods.parts.sae_quality import MEANINGFUL, Losses, ratio
from assessments.methods.parts.sae_synthetic import LEAST
from assessments.statistics import Array, Interval


@dataclass(frozen=True)
class Limits:
    """Sealed limits: least explained variance, and least share of the loss recovered against the mean."""

    explained: float
    recovered: float


@dataclass(frozen=True)
class Results:
    """The measurements with their reading."""

    plan: Plan
    limits: Limits
    measured: Measured

    @cached_property
    def explained(self) -> Interval:
        """Explained variance on held-out packages, its interval over packages."""
        m = self.measured
        families = [m.material.held.families[item] for item in m.held.where[:, 0]]
        found = ratio(m.rendering.error, m.rendering.spread, families, self.plan.draws, self.plan.seed)
        return Interval(1 - found.value, 1 - found.high, 1 - found.low)

    @cached_property
    def gap(self) -> Interval:
        """What the loss costs when the layer is replaced by its mean."""
        return self.measured.losses.gap(self.plan.draws, self.plan.seed)

    @cached_property
    def restored(self) -> Interval:
        """Nats that the features save against the mean."""
        return self.measured.losses.restored(self.plan.draws, self.plan.seed)

    @cached_property
    def added(self) -> Interval:
        """Nats that the features cost against the untouched model."""
        return self.measured.losses.added(self.plan.draws, self.plan.seed)

    @cached_property
    def twin_restored(self) -> Interval:
        """The same on random weights."""
        return self.measured.small.twin_losses.restored(self.plan.draws, self.plan.seed)

    @cached_property
    def recovered(self) -> Interval | None:
        """Share of the loss recovered against the mean; None where the mean costs too little for a share to mean anything."""
        return self.share(self.measured.losses, self.measured.losses.mean)

    @cached_property
    def neutral_recovered(self) -> Interval | None:
        """The same on neutral paragraphs of another kind than the fitting text."""
        return self.share(self.measured.neutral, self.measured.neutral.mean)

    @cached_property
    def zero_recovered(self) -> Interval | None:
        """Share of the loss recovered against zero, a baseline so bad that nearly anything recovers much of it."""
        return self.share(self.measured.losses, self.measured.losses.zero)

    @property
    def dead_share(self) -> float:
        """Share of features that never fire on the held-out text."""
        return float((self.measured.rendering.fired == 0).mean())

    @property
    def active(self) -> float:
        """Mean number of active features (L0)."""
        return float(self.measured.rendering.active.mean())

    @property
    def reading(self) -> Reading:
        """Observed when both qualities beat their nulls and their sealed limits; null when one is not beyond its null; else inconclusive."""
        if not all(check.passed for check in self.measured.checks):
            return Reading.INCONCLUSIVE
        if self.shortfalls:
            return Reading.NULL
        return Reading.INCONCLUSIVE if self.failures else Reading.OBSERVED

    @property
    def shortfalls(self) -> list[str]:
        """Nulls that are not beaten, in words."""
        small, nulls = self.measured.small, self.measured.nulls
        conditions = {
            f"replacing the layer by its mean costs only {self.gap.value:.2f} nats per token": self.gap.low > 0 and self.gap.value >= MEANINGFUL,
            "the features restore no more of the loss than on random weights": self.restored.low > max(0.0, self.twin_restored.high),
            "activations shuffled per dimension are rendered as well": small.own > small.shuffled,
            "random features render the layer as well": self.explained.low > nulls.random,
        }
        return [text for text, holds in conditions.items() if not holds]

    @property
    def failures(self) -> list[str]:
        """Conditions beyond the nulls that do not hold, in words."""
        recovered = -np.inf if self.recovered is None else self.recovered.value
        conditions = {
            f"the features explain {self.explained.value:.2f} of the variance (at least {self.limits.explained:g} was asked for)": self.explained.value
            >= self.limits.explained,
            f"they recover {recovered:.2f} of the loss (at least {self.limits.recovered:g} was asked for)": recovered >= self.limits.recovered,
            f"fitted alike, planted features are found with a mean cosine of only {self.measured.synthetic.mcc:.2f}": self.measured.synthetic.mcc >= LEAST,
        }
        return [text for text, holds in conditions.items() if not holds]

    def share(self, losses: Losses, against: Array) -> Interval | None:
        """Share recovered, or None where the replacement costs less than ``MEANINGFUL`` or an amount that cannot be told from zero."""
        gap = losses.gap(self.plan.draws, self.plan.seed)
        if gap.low <= 0 or gap.value < MEANINGFUL:
            return None
        return losses.recovered(against, self.plan.draws, self.plan.seed)
