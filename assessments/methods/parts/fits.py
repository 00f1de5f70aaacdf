"""Linear read-outs of activations: difference of means, regularised logistic regression, choice of layer on whole families."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assessments.contracts import Refused
from assessments.statistics import Array, auroc, generator

Flags = NDArray[np.bool_]
_STEPS = 100
_SETTLED = 1e-9


def difference_of_means(residuals: ArrayLike, labels: ArrayLike) -> Array:
    """``[..., d]``: mean of the positive minus mean of the negative rows of ``residuals[n, ..., d]`` (Marks and Tegmark 2023)."""
    rows, positive = np.asarray(residuals, dtype=np.float64), np.asarray(labels, dtype=bool)
    return np.asarray(rows[positive].mean(axis=0) - rows[~positive].mean(axis=0))


def project(residuals: ArrayLike, directions: ArrayLike) -> Array:
    """``[layers, n]``: each row of ``residuals[n, layers, d]`` along the direction of its layer, ``directions[layers, d]``."""
    return np.asarray(np.einsum("nld,ld->ln", np.asarray(residuals, dtype=np.float64), np.asarray(directions, dtype=np.float64)))


def standardise(train: ArrayLike, test: ArrayLike) -> tuple[Array, Array]:
    """Both sets in units of the training set's mean and standard deviation per column; a constant column becomes 0."""
    rows = np.asarray(train, dtype=np.float64)
    centre, spread = rows.mean(axis=0), rows.std(axis=0)
    scale = np.where(spread > 0, spread, np.inf)
    return (rows - centre) / scale, (np.asarray(test, dtype=np.float64) - centre) / scale


def logistic(train: ArrayLike, test: ArrayLike, labels: ArrayLike, strength: float) -> Array:
    """Decision scores of ``test[m, d]`` by L2-regularised logistic regression on ``train[n, d]``.

    Minimises ``|w|²/2 + strength × Σ log-loss`` with a free intercept, by Newton steps in the ``n`` dual variables, since n < d.
    """
    rows, target = np.asarray(train, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    gram = rows @ rows.T
    weights, intercept = _newton(gram, target, strength)
    return np.asarray(np.asarray(test, dtype=np.float64) @ (rows.T @ weights) + intercept)


def layer_scores(residuals: Array, labels: ArrayLike, families: Sequence[str]) -> Array:
    """``[families, layers]``: AUROC of the difference of means with each family of ``residuals[n, layers, d]`` held out in turn."""
    positive, groups = np.asarray(labels, dtype=bool), np.asarray(families)
    names = sorted(set(families))
    if len(names) < 2:
        raise Refused("choosing a layer needs at least two exploration families; use a probe set with more families")
    held = []
    for name in names:
        out = groups == name
        held.append(auroc(project(residuals[out], difference_of_means(residuals[~out], positive[~out])), positive[out]))
    return np.stack(held)


def earliest_good_layer(held: Array) -> int:
    """Index of the first layer whose mean over ``held[families, layers]`` is within one standard error of the best (Breiman et al. 1984).

    Late layers carry on what an earlier one made readable and differ by less than the noise; the first of them is the stable choice.
    """
    means = held.mean(axis=0)
    best = int(means.argmax())
    error = float(held[:, best].std(ddof=1)) / np.sqrt(len(held))
    return int(np.flatnonzero(means >= means[best] - error)[0])


def swapped_labels(labels: ArrayLike, pairs: Sequence[str | None], draws: int, seed: int, purpose: str = "label permutation") -> Flags:
    """``[draws, n]``: labels exchanged within surface-matched pairs, or shuffled freely where any item has no pair."""
    positive, chance = np.asarray(labels, dtype=bool), generator(seed, purpose)
    names = [pair or "" for pair in pairs]
    whole = all(names) and all(_is_matched(positive[[n == name for n in names]]) for name in set(names))
    if not whole:
        return np.asarray([chance.permutation(positive) for _ in range(draws)])
    index = {name: place for place, name in enumerate(sorted(set(names)))}
    flips = chance.integers(0, 2, size=(draws, len(index))).astype(bool)
    return np.asarray(positive[None, :] ^ flips[:, [index[name] for name in names]])


def permuted_aurocs(train: Array, swapped: Flags, test: Array, judged: Flags) -> Array:
    """``[draws, layers]``: AUROC on ``test[m, layers, d]`` with the labels ``judged[draws, m]`` of directions fitted to ``swapped[draws, n]`` of ``train``.

    Both sides must be exchanged. A model whose activations differ in little else than the concept lets every refitted direction
    lie along the concept or against it, so against true labels half of the null would reach an AUROC near 1.
    """
    signs = np.where(swapped, 1.0 / swapped.sum(axis=1, keepdims=True), -1.0 / (~swapped).sum(axis=1, keepdims=True))
    # (signs · train) · test: the inner products are made once per layer, so the cost per draw does not grow with the width
    inner = np.einsum("nld,mld->lnm", train.astype(np.float64), test.astype(np.float64))
    scores = np.einsum("kn,lnm->klm", signs, inner, optimize=True)
    return np.stack([auroc(draw, labels) for draw, labels in zip(scores, judged, strict=True)])


def _is_matched(labels: Flags) -> bool:
    return len(labels) == 2 and bool(labels[0] != labels[1])


def _newton(gram: Array, target: Array, strength: float) -> tuple[Array, float]:
    count = len(target)
    weights, intercept = np.zeros(count), 0.0
    system = np.zeros((count + 1, count + 1))
    system[:count, count] = system[count, :count] = 1.0
    for _ in range(_STEPS):
        score = gram @ weights + intercept
        share = 1 / (1 + np.exp(-np.clip(score, -30, 30)))
        curvature = np.maximum(share * (1 - share), 1e-10)
        system[:count, :count] = gram + np.diag(1 / (strength * curvature))
        solved = np.linalg.solve(system, np.append(score + (target - share) / curvature, 0.0))
        change = np.abs(solved[:count] - weights).max()
        weights, intercept = solved[:count], float(solved[count])
        if change < _SETTLED * max(1.0, np.abs(weights).max()):
            return weights, intercept
    raise Refused("the logistic probe did not settle in 100 steps; use a smaller strength")
