"""How well one direction per layer tells two labels apart: fitted on exploration families, read on families it never saw."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assessments.methods.parts.fits import (
    Flags,
    difference_of_means,
    earliest_good_layer,
    layer_scores,
    logistic,
    permuted_aurocs,
    project,
    standardise,
    swapped_labels,
)
from assessments.methods.parts.surface import baseline_scores
from assessments.probes import Item, Split
from assessments.statistics import Array, Interval, auroc, bootstrap_auroc, bootstrap_auroc_difference, max_statistic
from assessments.subject import Subject, Tick, Tokens


@dataclass(frozen=True)
class Concept:
    """A probe set with its two labels; ``what`` names the two kinds of text, ``name`` the concept in a sentence."""

    probe_set: str
    positive: str
    negative: str
    what: str
    name: str
    chat: bool = True

    def encode(self, subject: Subject, text: str) -> Tokens:
        """A text as the model gets it: a chat turn, or plain text after the document-start token."""
        return subject.encode_chat(text) if self.chat else subject.encode(text)


@dataclass(frozen=True)
class Part:
    """One side of the split: its items, which of them carry the positive label, their residuals ``[n, layers, d_model]``."""

    items: Sequence[Item]
    labels: Flags
    residuals: Array

    @property
    def families(self) -> list[str]:
        """Content family of every item."""
        return [item.family for item in self.items]

    @property
    def texts(self) -> list[str]:
        """Text of every item."""
        return [item.text for item in self.items]


@dataclass(frozen=True)
class Probe:
    """Directions ``[layers, d_model]`` from the exploration part, the layer chosen there, scores ``[layers, n]`` on the confirmation part."""

    directions: Array
    inner: Array
    chosen: int
    scores: Array
    profile: Array


@dataclass(frozen=True)
class Sampling:
    """How often and from which seed to resample."""

    bootstrap: int
    permutations: int
    seed: int


@dataclass(frozen=True)
class Decoding:
    """All comparisons of the chosen layer on the confirmation part, each paired where it compares."""

    auroc: Interval
    logistic: Interval
    baselines: dict[str, Interval]
    twin: Interval
    over_baseline: Interval
    over_twin: Interval
    null: Array
    adjusted_p: float
    null_point: float
    scores: dict[str, Array]

    @property
    def best_baseline(self) -> str:
        """The surface classifier that does best on the confirmation part: the one to beat."""
        return max(self.baselines, key=lambda name: self.baselines[name].value)


def harvest(subject: Subject, split: Split, concept: Concept, layers: Sequence[int], tick: Tick) -> tuple[Part, Part]:
    """Residuals at the last prompt token of every item, for both sides of the split."""
    parts = []
    for items in (split.exploration, split.confirmation):
        residuals = subject.residuals([concept.encode(subject, item.text) for item in items], layers, tick)
        parts.append(Part(items, np.array([item.label == concept.positive for item in items]), residuals.astype(np.float64)))
    return parts[0], parts[1]


def fit(exploration: Part, confirmation: Part) -> Probe:
    """Difference of means per layer; the layer is chosen on exploration families held out in turn and not touched afterwards."""
    directions = difference_of_means(exploration.residuals, exploration.labels)
    held = layer_scores(exploration.residuals, exploration.labels, exploration.families)
    scores = project(confirmation.residuals, directions)
    return Probe(directions, held.mean(axis=0), earliest_good_layer(held), scores, auroc(scores, confirmation.labels))


def compare(probe: Probe, twin: Probe, exploration: Part, confirmation: Part, strength: float, sampling: Sampling) -> Decoding:
    """The chosen layer against surface classifiers, the random-weight twin at its own best layer, and permuted labels."""
    labels, families = confirmation.labels, confirmation.families
    rest = (labels, families, sampling.bootstrap, sampling.seed)
    layer = probe.chosen
    rows = standardise(exploration.residuals[:, layer], confirmation.residuals[:, layer])
    scores = {"direction": probe.scores[layer], "logistic": logistic(*rows, exploration.labels, strength), "twin": twin.scores[twin.chosen]}
    surface = baseline_scores(exploration.texts, exploration.labels, confirmation.texts)
    baselines = {name: bootstrap_auroc(values, *rest) for name, values in surface.items()}
    best = max(baselines, key=lambda name: baselines[name].value)
    null = _null(exploration, confirmation, sampling)
    adjusted, point = max_statistic(probe.profile, null)
    return Decoding(
        auroc=bootstrap_auroc(scores["direction"], *rest),
        logistic=bootstrap_auroc(scores["logistic"], *rest),
        baselines=baselines,
        twin=bootstrap_auroc(scores["twin"], *rest),
        over_baseline=bootstrap_auroc_difference(scores["direction"], surface[best], *rest),
        over_twin=bootstrap_auroc_difference(scores["direction"], scores["twin"], *rest),
        null=null,
        adjusted_p=float(adjusted[layer]),
        null_point=point,
        scores=scores | surface,
    )


def random_profile(confirmation: Part, directions: Array) -> Array:
    """``[directions, layers]``: AUROC of ``directions[k, d_model]`` at every layer; AUROC does not depend on their norm."""
    scores = np.einsum("nld,kd->kln", confirmation.residuals, directions)
    return auroc(scores, confirmation.labels)


def _null(exploration: Part, confirmation: Part, sampling: Sampling) -> Array:
    fitted, judged = (
        swapped_labels(part.labels, [item.pair for item in part.items], sampling.permutations, sampling.seed, f"label permutation, {side}")
        for side, part in (("exploration", exploration), ("confirmation", confirmation))
    )
    return permuted_aurocs(exploration.residuals, fitted, confirmation.residuals, judged)
