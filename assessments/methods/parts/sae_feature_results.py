"""Everything a search for features measured, and the reading that follows from it. The rules were written before any planted model was looked at."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from assessments.contracts import Reading
from assessments.methods.parts.sae_effects import Effects
from assessments.methods.parts.sae_feature_run import Measured, Plan
from assessments.methods.parts.sae_quality import ratio
from assessments.methods.parts.sae_tracking import Codes, Tracking
from assessments.methods.parts.surface import baseline_scores
from assessments.statistics import Array, Interval, bootstrap_auroc, bootstrap_auroc_difference, bootstrap_mean

LEVEL = 0.05


@dataclass(frozen=True)
class Results:
    """The measurements with their reading; ``cost`` is the sealed limit on the rise of the loss on neutral text in nats."""

    plan: Plan
    measured: Measured
    cost: float

    @property
    def tracking(self) -> Tracking:
        """The chosen features."""
        return self.measured.tracking

    @property
    def effects(self) -> Effects | None:
        """What the chosen features do, where the axis has a read-out."""
        return self.measured.effects

    @cached_property
    def scores(self) -> Array:
        """``[n]``: the leading feature on the confirmation texts, turned so that higher speaks for the positive label."""
        return _lead(self.tracking, self.measured.codes)

    @cached_property
    def twin_scores(self) -> Array:
        """``[n]``: the same on random weights, with their own dictionary and their own choice."""
        return _lead(self.measured.twin, self.measured.twin_codes)

    @cached_property
    def surface(self) -> dict[str, Array]:
        """Scores of the confirmation texts by classifiers that see only their surface."""
        axis = self.measured.axis
        return baseline_scores(axis.explore.texts, axis.explore.labels, axis.confirm.texts)

    @cached_property
    def auroc(self) -> Interval:
        """The leading feature on families it was not chosen on."""
        return self._auroc(self.scores)

    @cached_property
    def baselines(self) -> dict[str, Interval]:
        """Each surface classifier alone."""
        return {name: self._auroc(values) for name, values in self.surface.items()}

    @property
    def best_baseline(self) -> str:
        """The surface classifier that does best on the confirmation part: the one to beat."""
        return max(self.baselines, key=lambda name: self.baselines[name].value)

    @cached_property
    def twin(self) -> Interval:
        """The leading feature of random weights."""
        return self._auroc(self.twin_scores)

    @cached_property
    def over_baseline(self) -> Interval:
        """Gain over the best surface classifier, paired."""
        return self._difference(self.surface[self.best_baseline])

    @cached_property
    def over_twin(self) -> Interval:
        """Gain over random weights, paired."""
        return self._difference(self.twin_scores)

    @cached_property
    def explained(self) -> Interval:
        """Explained variance of the held-out text with its interval over families."""
        q = self.measured.quality
        families = [q.families[item] for item in q.held.where[:, 0]]
        found = ratio(q.rendering.error, q.rendering.spread, families, self.plan.draws, self.plan.seed)
        return Interval(1 - found.value, 1 - found.high, 1 - found.low)

    @property
    def matched_areas(self) -> Array:
        """Confirmation AUROC, turned by their own exploration sign, of all candidates that were not chosen: what other features reach."""
        t = self.tracking
        rest = np.setdiff1d(np.arange(len(t.candidates)), t.chosen)
        return np.asarray(0.5 + np.sign(t.found[rest] - 0.5) * (t.held[rest] - 0.5))

    def steered(self, place: int) -> Interval:
        """Change of the read-out from feature ``place`` subtracted to added, turned the way its label would have it; over prompt families."""
        assert self.effects is not None
        return self._over_prompts(self.effects.steered[place])

    def removed(self, place: int) -> Interval:
        """Change of the read-out when feature ``place`` is taken out, turned the same way."""
        assert self.effects is not None
        return self._over_prompts(self.effects.removed[place])

    @cached_property
    def causal(self) -> list[int]:
        """Places of the chosen features that are confirmed to track the axis and move its read-out beyond both nulls at an acceptable cost."""
        e, t = self.effects, self.tracking
        if e is None:
            return []
        return [
            place
            for place in range(len(t.chosen))
            if t.adjusted[place] <= LEVEL and e.adjusted[place] <= LEVEL and self.steered(place).low > 0 and e.costs[place].high <= self.cost
        ]

    @property
    def tellable(self) -> bool:
        """Whether there are enough matched features that an effect could have been told from theirs at all."""
        return self.effects is not None and len(self.tracking.chosen) / (1 + len(self.effects.matched)) <= LEVEL

    @property
    def shown(self) -> int:
        """The feature whose effect stands in the foreground: the first that has one, else the leading one."""
        return self.causal[0] if self.causal else 0

    @property
    def reading(self) -> Reading:
        """Null unless beyond chance and one of surface and random weights; inconclusive beyond only one; causal when an effect comes on top."""
        if not all(check.passed for check in self.measured.checks):
            return Reading.INCONCLUSIVE
        beyond_chance = self.auroc.low > 0.5 and self.tracking.adjusted[0] <= LEVEL
        beyond = (self.over_baseline.low > 0) + (self.over_twin.low > 0)
        if not beyond_chance or beyond == 0:
            return Reading.NULL
        if beyond == 1:
            return Reading.INCONCLUSIVE
        return Reading.CAUSAL if self.causal else Reading.OBSERVED

    def _auroc(self, scores: Array) -> Interval:
        part = self.measured.axis.confirm
        return bootstrap_auroc(scores, part.labels, part.families, self.plan.draws, self.plan.seed)

    def _difference(self, other: Array) -> Interval:
        part = self.measured.axis.confirm
        return bootstrap_auroc_difference(self.scores, other, part.labels, part.families, self.plan.draws, self.plan.seed)

    def _over_prompts(self, values: Array) -> Interval:
        assert self.effects is not None
        return bootstrap_mean(values, self.effects.families, self.plan.draws, self.plan.seed)


def _lead(tracking: Tracking, codes: Codes) -> Array:
    return np.asarray(tracking.signs[0] * codes.confirm[:, tracking.features[0]].astype(np.float64))
