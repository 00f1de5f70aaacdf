"""The axis whose features are looked for: its labelled texts, split by whole families, and its read-out where it has one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assessments import probes
from assessments.methods.parts.axes import NEUTRAL, axis_of
from assessments.methods.parts.behaviours import BEHAVIOURS, Behaviour, Material, behaviour_of, prepare, sets_of
from assessments.methods.parts.decoding import Concept
from assessments.methods.parts.fits import Flags
from assessments.methods.parts.sae_text import Chunks
from assessments.probes import Find, Item, Split
from assessments.subject import Subject, Tokens


@dataclass(frozen=True)
class Part:
    """One side of the split: items, tokens, and which of them carry the positive label."""

    items: Sequence[Item]
    tokens: list[Tokens]
    labels: Flags

    @property
    def families(self) -> list[str]:
        """Content family of every item."""
        return [item.family for item in self.items]

    @property
    def texts(self) -> list[str]:
        """Text of every item."""
        return [item.text for item in self.items]

    @property
    def size(self) -> int:
        """Tokens of one pass."""
        return sum(map(len, self.tokens))

    def chunks(self) -> Chunks:
        """The texts as fitting or judging material, labels left out."""
        kept = [(row, item.family) for row, item in zip(self.tokens, self.items, strict=True) if len(row) > 1]
        return Chunks([row for row, _ in kept], [family for _, family in kept], len(kept), "", frozenset())


@dataclass(frozen=True)
class AxisTexts:
    """Both sides of the split; ``readout`` is None where the axis names no words on which an effect would show."""

    concept: Concept
    explore: Part
    confirm: Part
    readout: Material | None


def axis_sets(slug: str, find: Find) -> tuple[str, ...]:
    """Slugs of the sets that looking for features of ``slug`` needs."""
    return sets_of(slug, find) if _steerable(slug, find) else (axis_of(find(slug)).set, NEUTRAL)


def axis_texts(slug: str, subject: Subject, digests: Mapping[str, str], seed: int, count: int | None) -> AxisTexts:
    """Load the sealed sets, split by family under ``seed``, prepare the read-out."""

    def find(name: str) -> probes.ProbeSet:
        return probes.sealed(digests, name)

    if _steerable(slug, find):
        behaviour = behaviour_of(slug, find)
        readout = prepare(behaviour, subject, digests, seed, count)
        return _texts(_concept(behaviour), readout.design, subject, readout)
    axis = axis_of(find(slug))
    concept = Concept(axis.set, axis.positive, axis.negative, axis.what, axis.name, axis.chat)
    return _texts(concept, probes.split(find(axis.set).labelled(axis.positive, axis.negative), seed), subject, None)


def _steerable(slug: str, find: Find) -> bool:
    return slug in BEHAVIOURS or axis_of(find(slug)).steerable


def _concept(behaviour: Behaviour) -> Concept:
    what = f"{behaviour.positive} and {behaviour.negative} texts".replace("_", " ")
    return Concept(behaviour.design_set, behaviour.positive, behaviour.negative, what, behaviour.concept, behaviour.chat)


def _texts(concept: Concept, split: Split, subject: Subject, readout: Material | None) -> AxisTexts:
    explore, confirm = (_part(concept, subject, items) for items in (split.exploration, split.confirmation))
    return AxisTexts(concept, explore, confirm, readout)


def _part(concept: Concept, subject: Subject, items: Sequence[Item]) -> Part:
    labels = np.array([item.label == concept.positive for item in items])
    return Part(items, [concept.encode(subject, item.text) for item in items], labels)
