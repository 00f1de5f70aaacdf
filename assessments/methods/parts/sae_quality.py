"""How well a sparse autoencoder renders activations: explained variance over the whole set, active features, dead features, loss when spliced in."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assessments.autoencoders import Autoencoder
from assessments.contracts import Refused
from assessments.statistics import Array, Interval, cluster_weights
from assessments.subject import Floats, Replace, Subject, Tick, Tokens

BLOCK = 2048
MEANINGFUL = 0.1
"""Nats per token that replacing a layer by its mean must cost before a share of that loss means anything."""


@dataclass(frozen=True)
class Rendering:
    """One autoencoder on held-out rows: squared ``error`` and squared ``spread`` around the mean per row, active features per row, ``fired [width]``."""

    error: Array
    spread: Array
    active: Array
    fired: Array

    @property
    def explained(self) -> float:
        """1 − Σ‖x − x̂‖² / Σ‖x − x̄‖² over all rows: one ratio of sums, never a mean of ratios per batch."""
        return explained_variance(self.error, self.spread)


def explained_variance(error: Array, spread: Array) -> float:
    """See ``Rendering.explained``; ``Refused`` where the rows do not vary."""
    total = float(spread.sum())
    if total <= 0:
        raise Refused("the held-out activations do not vary, so nothing can be explained: choose another layer or other text")
    return 1.0 - float(error.sum()) / total


def render(autoencoder: Autoencoder, rows: Floats) -> Rendering:
    """Encode and decode ``rows [n, d_in]``."""
    codes = [autoencoder.encode(rows[at : at + BLOCK]) for at in range(0, len(rows), BLOCK)]
    back = np.concatenate([autoencoder.decode(part) for part in codes])
    active = np.concatenate([(part > 0).sum(axis=1) for part in codes])
    fired = np.stack([(part > 0).sum(axis=0) for part in codes]).sum(axis=0)
    return Rendering(_squares(rows - back), _squares(rows - rows.mean(axis=0)), active.astype(np.float64), fired.astype(np.float64))


def random_features(rows: Floats, centre: Floats, directions: Floats, k: int) -> float:
    """Explained variance of the ``k`` random unit ``directions [width, d]`` that fit each row best, with one best length for all."""
    if k >= len(directions):
        k = len(directions) - 1
    scores = (rows - centre) @ directions.T
    kept = np.where(scores >= np.partition(scores, -k, axis=1)[:, [-k]], np.maximum(scores, 0), 0)
    made, wanted = (kept @ directions).astype(np.float64), (rows - centre).astype(np.float64)
    length = (made * wanted).sum() / max((made * made).sum(), 1e-12)
    return explained_variance(_squares(wanted - length * made), _squares(wanted - wanted.mean(axis=0)))


def principal_components(train: Floats, rows: Floats, k: int) -> float:
    """Explained variance of ``rows`` by the first ``k`` principal components of ``train``, all of them used for every row."""
    centre = train.mean(axis=0, dtype=np.float64)
    centred = train.astype(np.float64) - centre
    vectors = np.linalg.eigh(centred.T @ centred)[1][:, -k:]
    rest = rows.astype(np.float64) - centre
    return explained_variance(_squares(rest - (rest @ vectors) @ vectors.T), _squares(rows - rows.mean(axis=0)))


def shuffled(rows: Floats, chance: np.random.Generator) -> Floats:
    """Every dimension of ``rows`` shuffled on its own: the same values in every dimension, nothing shared between dimensions."""
    return np.asarray(chance.permuted(rows, axis=0), dtype=np.float32)


@dataclass(frozen=True)
class Losses:
    """Mean next-token loss of every text in nats: untouched, with features spliced in, with the mean, and with zero in their place."""

    families: Sequence[str]
    clean: Array
    spliced: Array
    mean: Array
    zero: Array

    def restored(self, draws: int, seed: int) -> Interval:
        """Loss in nats that the features save against the mean."""
        return self._over(self.mean - self.spliced, draws, seed)

    def gap(self, draws: int, seed: int) -> Interval:
        """Loss in nats that the mean costs."""
        return self._over(self.mean - self.clean, draws, seed)

    def added(self, draws: int, seed: int) -> Interval:
        """Loss in nats that the features cost."""
        return self._over(self.spliced - self.clean, draws, seed)

    def recovered(self, against: Array, draws: int, seed: int) -> Interval:
        """(L against − L spliced) / (L against − L clean) as one ratio of sums, its interval over families."""
        return ratio(against - self.spliced, against - self.clean, self.families, draws, seed)

    def _over(self, values: Array, draws: int, seed: int) -> Interval:
        return ratio(values, np.ones_like(values), self.families, draws, seed)


def ratio(top: Array, bottom: Array, families: Sequence[str], draws: int, seed: int) -> Interval:
    """Σ ``top`` / Σ ``bottom`` with its 95 % interval over resampled whole families; families of few rows count little in both sums."""
    names = sorted(set(families))
    place = {name: index for index, name in enumerate(names)}
    groups = np.array([place[family] for family in families])
    sums = [np.bincount(groups, weights=values, minlength=len(names)) for values in (top, bottom)]
    weights = cluster_weights(names, draws, seed)
    low, high = np.quantile((weights @ sums[0]) / (weights @ sums[1]), [0.025, 0.975])
    return Interval(float(top.sum() / bottom.sum()), float(low), float(high))


def splice_losses(
    subject: Subject, items: Sequence[Tokens], families: Sequence[str], layer: int, autoencoder: Autoencoder, centre: Floats, limit: float, tick: Tick
) -> Losses:
    """The four passes; ordinary positions only are replaced."""
    replacements: tuple[Replace, ...] = (autoencoder.reconstruct, lambda rows: np.broadcast_to(centre, rows.shape).copy(), np.zeros_like)
    clean = subject.cross_entropy(items, tick)
    changed = [subject.spliced_cross_entropy(items, layer, replace, limit, tick) for replace in replacements]
    return Losses(list(families), *(np.array([float(row.mean(dtype=np.float64)) for row in rows]) for rows in (clean, *changed)))


def _squares(rows: Floats | Array) -> Array:
    return np.asarray(np.square(rows.astype(np.float64)).sum(axis=1))
