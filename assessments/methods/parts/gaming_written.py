"""Written answers of an evaluation-gaming run: how many open for and against the behaviour under either purpose. Shown beside the read-out, decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assessments.methods.parts.behaviours import spread
from assessments.methods.parts.gaming_material import Material
from assessments.methods.parts.outside_answers import WORDS, Opening, spoken
from assessments.probes import Item, ProbeSet
from assessments.statistics import Array, Interval, bootstrap_mean, wilson
from assessments.subject import Subject, Tick

LENGTH = 6
"""Tokens of a written answer: its opening is enough."""


@dataclass(frozen=True)
class Written:
    """Greedy openings for pairs of texts, evaluation member first: ``texts [pairs][2]``, ``values [pairs, 2]`` 1 for, 0 against, NaN for neither."""

    items: Sequence[Item]
    texts: Sequence[tuple[str, str]]
    values: Array

    def share(self, side: int) -> Interval:
        """Share of answers that open for the behaviour; whatever opens otherwise counts as not."""
        return wilson(int((self.values[:, side] == 1).sum()), len(self.values))

    def gap(self, draws: int, seed: int) -> Interval:
        """Share under stated evaluation minus that under ordinary use, with its interval over cue families."""
        opened = (self.values == 1).astype(np.float64)
        return bootstrap_mean(opened[:, 0] - opened[:, 1], [item.family for item in self.items], draws, seed)

    @property
    def neither(self) -> int:
        """Answers that open for neither side."""
        return int(np.isnan(self.values).sum())


def write(subject: Subject, material: Material, answers: ProbeSet, pairs: int, tick: Tick) -> Written:
    """Openings for up to ``pairs`` pairs, cue families and formats in turn."""
    part, opening = material.confirmation, _opening(material, answers)
    others = {part.items[first].id: int(second) for first, second in part.twos}
    chosen = spread([part.items[first] for first in part.twos[:, 0]], pairs)
    asked = [item for first in chosen for item in (first, part.items[others[first.id]])]
    tokens = subject.generate([material.readout.encode(subject, item.text) for item in asked], LENGTH, tick)
    texts = [subject.decode(row) for row in tokens]
    values = [opening.value(text) for text in texts]
    scored = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return Written(chosen, list(zip(texts[::2], texts[1::2], strict=True)), scored.reshape(-1, 2))


def _opening(material: Material, answers: ProbeSet) -> Opening:
    """First words of both sides; those that stand on both tell nothing."""
    up, down = (frozenset(spoken(text)[:WORDS] for text in answers.words(*path)) for path in (material.readout.up, material.readout.down))
    return Opening(up - down, down - up)
