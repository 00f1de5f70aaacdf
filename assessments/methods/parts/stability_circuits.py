"""Circuits as sets of edges: choosing them by score, comparing them, and how much of a behaviour they carry (Mueller et al. 2025, arXiv:2504.13151)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assessments.statistics import Array

SHARES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Sizes at which faithfulness is measured, in shares of all edges."""
PERSISTENCE = 0.95
"""Weight of rank d + 1 relative to rank d in the rank-biased overlap: the first 20 ranks hold about two thirds of it."""


@dataclass(frozen=True)
class Comparison:
    """A circuit against a known one, edge by edge."""

    hits: int
    false: int
    missed: int
    rejected: int

    @property
    def precision(self) -> float:
        """Share of the circuit's edges that are in the known one; 0 for an empty circuit."""
        return self.hits / max(1, self.hits + self.false)

    @property
    def recall(self) -> float:
        """Share of the known circuit's edges that were found."""
        return self.hits / max(1, self.hits + self.missed)


def compare(found: NDArray[np.bool_], known: NDArray[np.bool_]) -> Comparison:
    """Counts over equal boolean arrays; an edge of ``known`` that ``found`` lacks is missed, never a hit."""
    counts = (found & known, found & ~known, ~found & known, ~found & ~known)
    return Comparison(*(int(part.sum()) for part in counts))


def top_edges(scores: ArrayLike, count: int) -> NDArray[np.int64]:
    """``[..., count]``: places of the edges with the largest absolute score of ``scores [..., edges]``, largest first; ties in the order of the edges."""
    size = np.abs(np.asarray(scores))
    count = min(count, size.shape[-1])
    # A stable sort of all edges for every permutation would cost more than everything else: cut first, then sort what is left.
    chosen = np.sort(np.argpartition(-size, count - 1, axis=-1)[..., :count], axis=-1)
    order = np.argsort(-np.take_along_axis(size, chosen, axis=-1), axis=-1, kind="stable")
    return np.take_along_axis(chosen, order, axis=-1)


def circuit(scores: Array, share: float) -> NDArray[np.bool_]:
    """``[edges]``: the ``share`` of edges with the largest absolute score, at least one."""
    kept = np.zeros(len(scores), dtype=bool)
    kept[top_edges(scores, max(1, round(share * len(scores))))] = True
    return kept


def jaccard(first: Sequence[int], second: Sequence[int]) -> float:
    """Edges in both over edges in either."""
    one, two = set(map(int, first)), set(map(int, second))
    return len(one & two) / len(one | two)


def rank_biased_overlap(first: NDArray[np.int64], second: NDArray[np.int64], persistence: float = PERSISTENCE) -> float:
    """Agreement of two rankings cut at equal depth, top ranks weighing most; 1 when equal, 0 when disjoint (Webber et al. 2010, normalised at the cut)."""
    depth = len(first)
    place = {int(edge): rank for rank, edge in enumerate(first)}
    met = np.zeros(depth)
    for rank, edge in enumerate(second):
        if int(edge) in place:
            met[max(rank, place[int(edge)])] += 1
    weights = persistence ** np.arange(depth)
    return float((weights * met.cumsum() / np.arange(1, depth + 1)).sum() / weights.sum())


def distance(first: ArrayLike, second: ArrayLike, depth: int) -> Array:
    """``[...]``: one minus the rank-biased overlap of the ``depth`` strongest edges by ``first`` and ``second [..., edges]``."""
    one, two = (np.atleast_2d(top_edges(scores, depth)) for scores in (first, second))
    return np.array([1 - rank_biased_overlap(a, b) for a, b in zip(one, two, strict=True)])


def trapezoid(values: ArrayLike) -> float:
    """Area under ``values`` at ``SHARES``, from the smallest share to 1."""
    return float(np.trapezoid(np.asarray(values, dtype=np.float64), SHARES))


def paired_shifts(clean: Array, changed: Array, depth: int, permutations: int, chance: np.random.Generator) -> tuple[float, Array]:
    """Distance of the circuits of two mean score vectors, and the same with the labels of each prompt's pair exchanged at random.

    ``clean`` and ``changed [prompts, edges]`` belong to the same prompts.
    """
    swapped = chance.integers(0, 2, size=(permutations, len(clean))).astype(clean.dtype)
    moved = swapped @ (changed - clean) / len(clean)
    first, second = clean.mean(axis=0), changed.mean(axis=0)
    return float(distance(first, second, depth)[0]), distance(first + moved, second - moved, depth)


def benign_shifts(scores: Array, depth: int, splits: int, chance: np.random.Generator) -> Array:
    """``[splits]``: distance between the circuits of two random halves of the same clean prompts ``scores [prompts, edges]``."""
    half = len(scores) // 2
    halves = [chance.permutation(len(scores)) for _ in range(splits)]
    first, second = (np.stack([scores[order[part]].mean(axis=0) for order in halves]) for part in (slice(half), slice(half, 2 * half)))
    return distance(first, second, depth)
