"""Is a stated purpose readable in the residual stream when both the cue family and the format are new?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assessments.methods.parts.fits import Flags, difference_of_means, earliest_good_layer
from assessments.methods.parts.gaming_material import Part
from assessments.methods.parts.surface import baseline_scores
from assessments.statistics import Array, Interval, auroc, bootstrap_auroc, bootstrap_auroc_difference, generator, permutation_p

BASELINES = {"words": "Words alone (TF-IDF)", "length": "Length alone", "format": "Punctuation and capitals alone"}


@dataclass(frozen=True)
class Probe:
    """Directions ``[2, layers, d_model]`` fitted in conversations and in benchmark items of the exploration part, the layer chosen there.

    ``scores [layers, n]`` on the confirmation part, each item scored by the direction of the other format; ``inner [layers]`` on exploration.
    """

    directions: Array
    inner: Array
    chosen: int
    scores: Array
    profile: Array


@dataclass(frozen=True)
class Reading2x2:
    """The comparisons of the chosen layer on the confirmation part. ``null``: AUROCs with purposes exchanged within whole cue families."""

    auroc: Interval
    baselines: dict[str, Interval]
    twin: Interval
    over_baseline: Interval
    over_twin: Interval
    null: Array
    p_value: float
    chance: Array
    scores: dict[str, Array]

    @property
    def best_baseline(self) -> str:
        """The surface classifier that does best on the confirmation part."""
        return max(self.baselines, key=lambda name: self.baselines[name].value)


def fit(exploration: Part, residuals: Array, confirmation: Part, held_out: Array, candidates: Sequence[int]) -> Probe:
    """Fit on exploration; the layer is the earliest good one among ``candidates`` with exploration families held out in turn."""
    directions = format_directions(exploration, residuals)
    held = np.stack([_held_out_family(exploration, residuals, family) for family in sorted(set(exploration.families))])
    chosen = candidates[earliest_good_layer(held[:, list(candidates)])]
    scores = cross_scores(directions, confirmation, held_out)
    return Probe(directions, held.mean(axis=0), chosen, scores, auroc(scores, confirmation.evaluation))


def format_directions(part: Part, residuals: Array, keep: Flags | None = None) -> Array:
    """``[2, layers, d_model]``: difference of means evaluation minus deployment within conversations (0) and benchmark items (1)."""
    keep = np.ones(len(part.items), dtype=bool) if keep is None else keep
    rows = [keep & (part.benchmark == form) for form in (False, True)]
    return np.stack([difference_of_means(residuals[row], part.evaluation[row]) for row in rows])


def cross_scores(directions: Array, part: Part, residuals: Array) -> Array:
    """``[layers, n]``: every item along the direction of the other format, relative to the mean of its own format.

    Both purposes stand equally often in each format, so that centring uses no label.
    """
    scores = np.empty((residuals.shape[1], len(residuals)))
    for form in (False, True):
        rows = part.benchmark == form
        found = np.einsum("nld,ld->ln", residuals[rows], directions[int(not form)])
        scores[:, rows] = found - found.mean(axis=1, keepdims=True)
    return scores


def compare(probe: Probe, twin: Probe, exploration: Part, confirmation: Part, chance: Array, draws: int, permutations: int, seed: int) -> Reading2x2:
    """The chosen layer against surface classifiers, the random-weight twin at its own layer and purposes exchanged by cue family."""
    labels = confirmation.evaluation
    rest = (labels, confirmation.families, draws, seed)
    scores = {"direction": probe.scores[probe.chosen], "twin": twin.scores[twin.chosen]}
    surface = surface_scores(exploration, confirmation)
    baselines = {name: bootstrap_auroc(values, *rest) for name, values in surface.items()}
    best = max(baselines, key=lambda name: baselines[name].value)
    null = swapped_aurocs(scores["direction"], confirmation, permutations, seed)
    found = bootstrap_auroc(scores["direction"], *rest)
    return Reading2x2(
        auroc=found,
        baselines=baselines,
        twin=bootstrap_auroc(scores["twin"], *rest),
        over_baseline=bootstrap_auroc_difference(scores["direction"], surface[best], *rest),
        over_twin=bootstrap_auroc_difference(scores["direction"], scores["twin"], *rest),
        null=null,
        p_value=permutation_p(found.value, null),
        chance=chance,
        scores=scores | surface,
    )


def surface_scores(exploration: Part, confirmation: Part) -> dict[str, Array]:
    """Scores by words, length and punctuation, fitted in the other format of other families, relative to the mean of the format."""
    scores: dict[str, Array] = {name: np.empty(len(confirmation.items)) for name in BASELINES}
    for form in (False, True):
        train, test = exploration.benchmark != form, confirmation.benchmark == form
        texts = [[item.text for item, kept in zip(part.items, rows, strict=True) if kept] for part, rows in ((exploration, train), (confirmation, test))]
        for name, found in baseline_scores(texts[0], exploration.evaluation[train], texts[1]).items():
            # Rounding: a classifier that knows nothing must give ties, not an order made of the last bits.
            scores[name][test] = np.round(found - found.mean(), 9)
    return scores


def family_flips(families: Sequence[str], draws: int, seed: int, purpose: str) -> Flags:
    """``[draws, n]``: whether the purposes of an item's whole cue family are exchanged."""
    names = sorted(set(families))
    flips = generator(seed, purpose).integers(0, 2, size=(draws, len(names))).astype(bool)
    return np.asarray(flips[:, [names.index(family) for family in families]])


def swapped_aurocs(scores: Array, part: Part, draws: int, seed: int) -> Array:
    """``[draws]``: AUROC of fixed ``scores[n]`` with the two purposes exchanged within whole cue families (Phipson and Smyth 2010)."""
    labels = (part.evaluation[None, :] ^ family_flips(part.families, draws, seed, "cue permutation")).astype(np.float64)
    wins = (scores[:, None] > scores[None, :]) + 0.5 * (scores[:, None] == scores[None, :])
    high = labels.sum(axis=1)
    return np.asarray(((labels @ wins) * (1 - labels)).sum(axis=1) / (high * (labels.shape[1] - high)))


def _held_out_family(part: Part, residuals: Array, family: str) -> Array:
    out = np.array([name == family for name in part.families])
    directions = format_directions(part, residuals, ~out)
    scores = np.empty((residuals.shape[1], int(out.sum())))
    benchmark = part.benchmark[out]
    for form in (False, True):
        rows = benchmark == form
        found = np.einsum("nld,ld->ln", residuals[out][rows], directions[int(not form)])
        scores[:, rows] = found - found.mean(axis=1, keepdims=True)
    return auroc(scores, part.evaluation[out])
