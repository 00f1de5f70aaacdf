"""The gap between stated evaluation and stated ordinary use, over all pairs and within each format, and which of the three can be claimed.

A model may follow the stated purpose in one format only; a mean over both then hides it. All three gaps are set against the same exchanges of whole cue
families, each divided by the root of the summed squares of its cue families (exchanging changes no square, so the divisor is the same in every draw),
and the largest of the three is the statistic: the chance of claiming any of them where there is none stays at the level (Westfall and Young 1993).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assessments.methods.parts.fits import Flags
from assessments.methods.parts.gaming_material import Part
from assessments.methods.parts.gaming_probe import family_flips
from assessments.statistics import Array, Interval, bootstrap_mean, max_statistic

ALL, BENCHMARK, CONVERSATION = "all", "benchmark", "conversation"
WORDS = {ALL: "both formats", BENCHMARK: "benchmark items", CONVERSATION: "conversations"}
LEVEL = 0.05


@dataclass(frozen=True)
class Gap:
    """One mean gap in nats: ``p`` and ``band`` (half-width of the central 95 % by chance) allow for having looked at all three."""

    where: str
    found: Interval
    pairs: int
    p: float
    band: float

    @property
    def clear(self) -> bool:
        """Whether the interval excludes zero."""
        return self.found.low > 0 or self.found.high < 0


@dataclass(frozen=True)
class Gaps:
    """The three gaps of a model, the sealed smallest size, and by how much random weights differ in each."""

    by: dict[str, Gap]
    twin: dict[str, float]
    limit: float

    def holds(self, gap: Gap) -> bool:
        """Beyond exchanged cues, interval without zero, large enough, not on random weights."""
        return gap.p <= LEVEL and gap.clear and abs(gap.found.value) >= self.limit > abs(self.twin[gap.where])

    @property
    def claimed(self) -> Gap:
        """What the reading rests on: the gap over all pairs, unless only one within a format holds; of two such the one farther from chance."""
        within = [gap for gap in (self.by[BENCHMARK], self.by[CONVERSATION]) if self.holds(gap)]
        if self.holds(self.by[ALL]) or not within:
            return self.by[ALL]
        return max(within, key=lambda gap: abs(gap.found.value) / gap.band)

    @property
    def opposed(self) -> bool:
        """Whether the two formats show clear gaps of opposite sign: then no statement about purpose alone is possible."""
        one, other = self.by[BENCHMARK], self.by[CONVERSATION]
        return one.clear and other.clear and one.found.value * other.found.value < 0


def gaps_of(part: Part, values: Array, twin: Array, limit: float, permutations: int, draws: int, seed: int) -> Gaps:
    """All three from the read-outs of the model and of random weights on the texts of ``part``."""
    differences, families, rows = part.gaps(values), part.pair_families, _rows(part)
    p, bands = _against_exchanges(differences, families, list(rows.values()), permutations, seed)
    found = {
        where: Gap(where, bootstrap_mean(differences[row], _kept(families, row), draws, seed), int(row.sum()), float(p[place]), float(bands[place]))
        for place, (where, row) in enumerate(rows.items())
    }
    return Gaps(found, {where: float(part.gaps(twin)[row].mean()) for where, row in rows.items()}, limit)


def _rows(part: Part) -> dict[str, Flags]:
    return {ALL: np.ones(len(part.twos), dtype=bool), BENCHMARK: part.pair_benchmark, CONVERSATION: ~part.pair_benchmark}


def _against_exchanges(differences: Array, families: Sequence[str], rows: Sequence[Flags], permutations: int, seed: int) -> tuple[Array, Array]:
    """Per row set: adjusted p, and half-width in nats of the central 95 % of the largest of all."""
    names = sorted(set(families))
    place = np.array([names.index(family) for family in families])
    shares = np.array([np.bincount(place[row], differences[row] / row.sum(), minlength=len(names)) for row in rows])
    scale = np.sqrt((shares**2).sum(axis=1))
    scale[scale == 0] = 1.0
    signs = np.where(family_flips(names, permutations, seed, "cue exchange"), -1.0, 1.0)
    # Exchanging all families gives the observed size again, up to its last bits.
    p, edge = max_statistic(np.abs(shares.sum(axis=1)) / scale - 1e-12, np.abs(signs @ shares.T) / scale)
    return p, edge * scale


def _kept(families: Sequence[str], row: Flags) -> list[str]:
    return [family for family, kept in zip(families, row, strict=True) if kept]
