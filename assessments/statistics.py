"""Intervals, permutation tests and effect sizes used by every instrument: numpy only, seeded, vectorised over draws."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assessments.contracts import Refused

Array = NDArray[np.float64]
_CHUNK = 8_000_000


@dataclass(frozen=True)
class Interval:
    """A value with its percentile interval, in the unit of the value."""

    value: float
    low: float
    high: float


def generator(seed: int, purpose: str) -> np.random.Generator:
    """A random generator of its own for each ``purpose``, so that adding a control never changes the draws of another."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])


def auroc(scores: ArrayLike, labels: ArrayLike) -> Array:
    """Area under the ROC curve over the last axis of ``scores[..., n]`` for boolean ``labels[n]``; a tie counts one half.

    Equal to the Mann-Whitney U statistic over the number of pairs (Bamber 1975). Refuses a set that lacks one label.
    """
    values, positive = np.asarray(scores, dtype=np.float64), _two_labels(labels)
    rows = values.reshape(-1, values.shape[-1])
    high, low = rows[:, positive], rows[:, ~positive]
    out = np.empty(len(rows))
    step = max(1, _CHUNK // (high.shape[1] * low.shape[1]))
    for start in range(0, len(rows), step):
        block = slice(start, start + step)
        out[block] = _wins(high[block], low[block]).mean(axis=(-2, -1))
    return out.reshape(values.shape[:-1])


def bootstrap_mean(values: ArrayLike, clusters: Sequence[str], draws: int, seed: int) -> Interval:
    """Mean of ``values[n]`` with the 95 % percentile interval over resampled whole clusters."""
    data = np.asarray(values, dtype=np.float64)
    weights = cluster_weights(clusters, draws, seed)
    return _interval(float(data.mean()), weights @ data / weights.sum(axis=1))


def bootstrap_auroc(scores: ArrayLike, labels: ArrayLike, clusters: Sequence[str], draws: int, seed: int) -> Interval:
    """AUROC of ``scores[n]`` with its 95 % interval over resampled whole clusters, each of which must hold both labels."""
    return _interval(float(auroc(scores, labels)), _auroc_draws(scores, labels, clusters, draws, seed))


def bootstrap_auroc_difference(first: ArrayLike, second: ArrayLike, labels: ArrayLike, clusters: Sequence[str], draws: int, seed: int) -> Interval:
    """AUROC of ``first[n]`` minus AUROC of ``second[n]``, paired: both are computed on the same resampled clusters."""
    value = float(auroc(first, labels)) - float(auroc(second, labels))
    return _interval(value, _auroc_draws(first, labels, clusters, draws, seed) - _auroc_draws(second, labels, clusters, draws, seed))


def cluster_weights(clusters: Sequence[str], draws: int, seed: int) -> Array:
    """``[draws, n]``: how often each item counts when clusters are drawn with replacement (Field and Welsh 2007). Needs two clusters."""
    names = sorted(set(clusters))
    if len(names) < 2:
        raise Refused(f"an interval over content families needs at least two families; there is only {names}")
    counts = generator(seed, "cluster bootstrap").multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)
    position = {name: index for index, name in enumerate(names)}
    return counts[:, [position[name] for name in clusters]].astype(np.float64)


def permutation_p(observed: float, null: ArrayLike, alternative: Literal["greater", "two-sided"] = "greater") -> float:
    """``(1 + b) / (1 + B)``, ``b`` of ``B`` null values at least as extreme as ``observed`` (Phipson and Smyth 2010): never 0."""
    draws = np.asarray(null, dtype=np.float64)
    extreme = np.abs(draws) >= abs(observed) if alternative == "two-sided" else draws >= observed
    return float((1 + extreme.sum()) / (1 + draws.size))


def max_statistic(observed: ArrayLike, null: ArrayLike) -> tuple[Array, float]:
    """Family-wise adjusted p of ``observed[k]`` against the maxima of ``null[B, k]``, and the 95 % point of those maxima (Westfall and Young 1993)."""
    values, maxima = np.asarray(observed, dtype=np.float64), np.asarray(null, dtype=np.float64).max(axis=1)
    adjusted = (1 + (maxima[None, :] >= values[:, None]).sum(axis=1)) / (1 + maxima.size)
    return adjusted, float(np.quantile(maxima, 0.95))


def holm(p_values: ArrayLike) -> Array:
    """Holm (1979) step-down adjusted p values, in the order given."""
    values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(values.size, 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def benjamini_hochberg(p_values: ArrayLike) -> Array:
    """Benjamini and Hochberg (1995) step-up adjusted p values, in the order given: rejecting those ≤ q keeps the expected share of false ones ≤ q.

    Holds for independent or positively dependent tests (Benjamini and Yekutieli 2001). Weaker than ``holm``: for screening, not for a verdict.
    """
    values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(values, kind="stable")[::-1]
    stepped = np.minimum.accumulate(values[order] * values.size / np.arange(values.size, 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def sign_flip_p(differences: ArrayLike, clusters: Sequence[str], draws: int, seed: int, alternative: Literal["greater", "two-sided"] = "two-sided") -> float:
    """p of the mean of paired ``differences[n]``, the signs of whole clusters flipped at random (Fisher 1935; Winkler et al. 2014).

    Exact over all ``2 ** clusters`` patterns where these are no more than ``draws``, else ``draws`` random ones. Refuses an empty set.
    """
    data = np.asarray(differences, dtype=np.float64)
    names = sorted(set(clusters))
    if not names:
        raise Refused("a paired test needs at least one pair; there is none")
    sums = np.array([data[[name == cluster for cluster in clusters]].sum() for name in names])
    exact = len(names) < 63 and 2 ** len(names) <= draws
    null = _signs(len(names), None if exact else draws, seed) @ sums
    if alternative == "two-sided":
        null, observed = np.abs(null), abs(float(sums.sum()))
    else:
        observed = float(sums.sum())
    # Patterns that give the same sum may differ in its last bits.
    observed -= 1e-12 * float(np.abs(sums).sum())
    return float((null >= observed).mean()) if exact else permutation_p(observed, null)


@dataclass(frozen=True)
class NonInferiority:
    """Whether a mean rise stays within ``margin``, in the unit of the rise: ``bound`` is the upper end of its one-sided interval."""

    value: float
    bound: float
    margin: float
    p_value: float

    @property
    def holds(self) -> bool:
        """The bound does not pass the margin."""
        return self.bound <= self.margin


def non_inferiority(rises: ArrayLike, clusters: Sequence[str], margin: float, draws: int, seed: int, level: float = 0.025) -> NonInferiority:
    """Test of "the mean of ``rises[n]`` is ``margin`` or more", higher being worse, over resampled whole clusters (Piaggio et al. 2012).

    One-sided at ``level``; with 0.025 the bound is the upper end of ``bootstrap_mean``. p is the share of resamples at or above the margin,
    ``(1 + b) / (1 + B)``.
    """
    data = np.asarray(rises, dtype=np.float64)
    weights = cluster_weights(clusters, draws, seed)
    means = weights @ data / weights.sum(axis=1)
    return NonInferiority(float(data.mean()), float(np.quantile(means, 1 - level)), margin, permutation_p(margin, means))


def wilson(hits: float, total: int, level: float = 0.95) -> Interval:
    """A share with its Wilson (1927) score interval. Refuses a total of 0: there is no share of nothing."""
    if total < 1:
        raise Refused("a share needs at least one scored item; there is none")
    share, z = hits / total, NormalDist().inv_cdf(0.5 + level / 2)
    centre, spread = share + z * z / (2 * total), z * np.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return Interval(share, max(0.0, float((centre - spread) / scale)), min(1.0, float((centre + spread) / scale)))


def slope(x: ArrayLike, y: ArrayLike) -> Array:
    """Least-squares slope of ``y[..., k]`` on ``x[k]`` along the last axis, in units of y per unit of x."""
    doses = np.asarray(x, dtype=np.float64)
    centred = doses - doses.mean()
    return np.asarray(np.asarray(y, dtype=np.float64) @ centred / (centred @ centred))


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    """Rank correlation of two vectors, mean ranks for ties; 0 where one of them is constant."""
    first, second = _ranks(x), _ranks(y)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def symmetric_band(null: ArrayLike) -> float:
    """Half-width of the central 95 % of a null that is symmetric by construction (a direction and its mirror image are equally likely)."""
    return float(np.quantile(np.abs(np.asarray(null, dtype=np.float64)), 0.95))


def _auroc_draws(scores: ArrayLike, labels: ArrayLike, clusters: Sequence[str], draws: int, seed: int) -> Array:
    positive = _two_labels(labels)
    incomplete = [name for name in sorted(set(clusters)) if len({bool(p) for p, c in zip(positive, clusters, strict=True) if c == name}) < 2]
    if incomplete:
        raise Refused(f"every content family must hold both labels; {', '.join(incomplete)} does not")
    values, weights = np.asarray(scores, dtype=np.float64), cluster_weights(clusters, draws, seed)
    high, low = weights[:, positive], weights[:, ~positive]
    won = ((high @ _wins(values[positive], values[~positive])) * low).sum(axis=1)
    return np.asarray(won / (high.sum(axis=1) * low.sum(axis=1)))


def _wins(high: Array, low: Array) -> Array:
    above, below = high[..., :, None], low[..., None, :]
    return np.asarray((above > below) + 0.5 * (above == below))


def _two_labels(labels: ArrayLike) -> NDArray[np.bool_]:
    positive = np.asarray(labels, dtype=bool)
    if positive.all() or not positive.any():
        raise Refused("an AUROC needs items of both labels; all items have the same one")
    return positive


def _signs(count: int, draws: int | None, seed: int) -> Array:
    """``[draws, count]`` of ±1; with None every pattern once."""
    if draws is None:
        return np.asarray(1.0 - 2.0 * ((np.arange(2**count)[:, None] >> np.arange(count)) & 1))
    return np.asarray(2.0 * generator(seed, "sign flip").integers(0, 2, size=(draws, count)) - 1.0)


def _interval(value: float, draws: Array) -> Interval:
    low, high = np.quantile(draws, [0.025, 0.975])
    return Interval(value, float(low), float(high))


def _ranks(values: ArrayLike) -> Array:
    data = np.asarray(values, dtype=np.float64)
    below = (data[None, :] < data[:, None]).sum(axis=1)
    equal = (data[None, :] == data[:, None]).sum(axis=1)
    return np.asarray(below + (equal + 1) / 2.0)
