"""Which features tell two labels apart: chosen on exploration families, confirmed on others, against the same choice under permuted labels."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from assessments.autoencoders import Autoencoder
from assessments.contracts import Refused
from assessments.methods.parts.fits import Flags, swapped_labels
from assessments.methods.parts.sae_axis import Part
from assessments.methods.parts.sae_quality import BLOCK
from assessments.statistics import Array, max_statistic
from assessments.subject import Floats, Subject, Tick

Indices = NDArray[np.int64]
Where = Literal["last", "max"]
LEAST = 3
"""Exploration texts on which a feature must be active before it can be chosen: below that an AUROC rests on one or two texts."""
CONFIRMATION_DRAWS = 7919
"""Added to the seed for the confirmation side's permutations, so that both sides are permuted independently."""
_CHUNK = 16_000_000


@dataclass(frozen=True)
class Codes:
    """Activation of every feature on every text of both sides, ``[n, width]``."""

    explore: Floats
    confirm: Floats

    @property
    def density(self) -> Array:
        """``[width]``: share of the exploration texts on which each feature is active."""
        return np.asarray((self.explore > 0).mean(axis=0), dtype=np.float64)


@dataclass(frozen=True)
class Tracking:
    """``candidates [f]`` are the features that could be chosen; ``found``, ``held`` their AUROC on exploration and confirmation.

    ``chosen [m]`` are places among the candidates, best first; ``signs [m]`` is +1 where activity speaks for the positive label. ``null [draws, m]``
    are the signed confirmation AUROCs of the choice repeated under labels permuted on both sides.
    """

    candidates: Indices
    found: Array
    held: Array
    chosen: Indices
    signs: Array
    null: Array
    adjusted: Array
    null_point: float

    @property
    def features(self) -> Indices:
        """Numbers of the chosen features in the dictionary, best first."""
        return np.asarray(self.candidates[self.chosen])

    @property
    def confirmed(self) -> Array:
        """``[m]``: AUROC of each chosen feature on the confirmation families, turned the way exploration said."""
        return signed(self.held[self.chosen], self.signs)


def pooled(subject: Subject, autoencoder: Autoencoder, part: Part, layer: int, limit: float, where: Where, tick: Tick) -> Floats:
    """``[n, width]``: features at the last token of each text, or their highest activation over its ordinary positions."""
    if where == "last":
        rows = subject.residuals(part.tokens, [layer], tick)[:, 0]
        return np.concatenate([autoencoder.encode(rows[at : at + BLOCK]) for at in range(0, len(rows), BLOCK)])
    found = subject.activations(part.tokens, layer, tick, limit=limit)
    out = np.zeros((len(part.tokens), autoencoder.width), dtype=np.float32)
    for item in np.unique(found.where[:, 0]):
        out[item] = autoencoder.encode(found.values[found.where[:, 0] == item]).max(axis=0)
    return out


def track(codes: Codes, explore: Part, confirm: Part, features: int, draws: int, seed: int) -> Tracking:
    """Choose ``features`` by exploration AUROC, confirm them once, and repeat the choice under labels permuted within pairs on both sides."""
    candidates = np.flatnonzero((codes.explore > 0).sum(axis=0) >= LEAST)
    if len(candidates) < features:
        raise Refused(
            f"only {len(candidates)} features are active on {LEAST} or more of the exploration texts and {features} were asked for: "
            "ask for fewer features, a larger width, or read another position"
        )
    sides = [_ranks(rows[:, candidates]) for rows in (codes.explore, codes.confirm)]
    found, held = (auroc_of_ranks(ranks, part.labels[None])[0] for ranks, part in zip(sides, (explore, confirm), strict=True))
    chosen = _best(found[None], features)[0]
    signs = _signs(found[chosen])
    null = _null(sides, explore, confirm, features, draws, seed)
    adjusted, point = max_statistic(signed(held[chosen], signs), null)
    return Tracking(candidates, found, held, chosen, signs, null, adjusted, point)


def signed(areas: Array, signs: Array) -> Array:
    """An AUROC turned around where the sign is negative."""
    return np.asarray(0.5 + signs * (areas - 0.5))


def auroc_of_ranks(ranks: Array, labels: Flags) -> Array:
    """``[draws, f]``: AUROC of every feature from its ``ranks [n, f]`` under every row of ``labels [draws, n]``, all with both labels."""
    high = labels.sum(axis=1, keepdims=True).astype(np.float64)
    low = labels.shape[1] - high
    if (high == 0).any() or (low == 0).any():
        raise Refused("an AUROC needs items of both labels; all items have the same one")
    return np.asarray((labels.astype(np.float64) @ ranks - high * (high + 1) / 2) / (high * low))


def _null(sides: list[Array], explore: Part, confirm: Part, features: int, draws: int, seed: int) -> Array:
    first = swapped_labels(explore.labels, [item.pair for item in explore.items], draws, seed)
    second = swapped_labels(confirm.labels, [item.pair for item in confirm.items], draws, seed + CONFIRMATION_DRAWS)
    rows = []
    for block in _blocks(draws, sides[0].shape[1]):
        found = auroc_of_ranks(sides[0], first[block])
        chosen = _best(found, features)
        held = auroc_of_ranks(sides[1], second[block])
        rows.append(signed(np.take_along_axis(held, chosen, axis=1), _signs(np.take_along_axis(found, chosen, axis=1))))
    return np.concatenate(rows)


def _best(found: Array, count: int) -> Indices:
    """``[draws, count]``: places of the AUROCs farthest from one half, farthest first; the lower place where two are equal."""
    return np.argsort(-np.abs(found - 0.5), axis=1, kind="stable")[:, :count]


def _signs(found: Array) -> Array:
    return np.where(found >= 0.5, 1.0, -1.0)


def _ranks(values: Floats) -> Array:
    return np.asarray(rankdata(values, axis=0), dtype=np.float64)


def _blocks(draws: int, width: int) -> Iterator[slice]:
    step = max(1, _CHUNK // max(width, 1))
    return (slice(start, start + step) for start in range(0, draws, step))
