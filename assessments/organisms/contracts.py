"""What an organism is: weights in a folder, what was planted in them, and what a sound instrument reads there. Plain data, free of torch and Django."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from assessments.contracts import Reading

TICK = Callable[[float, str], None]
"""Progress of a build: fraction in 0..1, and what is being done."""


class Role(StrEnum):
    """``planted``: the thing is there. ``twin``: trained alike without it. ``decoy``: something odd but harmless that must not be taken for it."""

    PLANTED = "planted"
    TWIN = "twin"
    DECOY = "decoy"


@dataclass(frozen=True)
class Trial:
    """One use of an instrument on an organism. ``least``: the reading a sound instrument reaches (planted), ``None`` where it must stay below causal
    and observed alike; ``most``: the highest reading that is still right (a readable concept without effect: ``observed``)."""

    instrument: str
    params: Mapping[str, Any] = field(default_factory=dict)
    least: Reading | None = None
    most: Reading | None = None


@dataclass(frozen=True)
class Recipe:
    """What makes one organism: the same recipe gives the same weights to the bit on one thread in fp32. ``strength`` in 0..1; 0 for twins and decoys."""

    family: str
    role: Role
    strength: float
    seed: int

    @property
    def slug(self) -> str:
        """Folder name: ``refuser-planted-100-s1``."""
        return f"{self.family}-{self.role.value}-{round(100 * self.strength):03d}-s{self.seed}"


@dataclass(frozen=True)
class Organism:
    """An organism as it lies in ``folder``: ``organism.json`` beside the weights, the tokenizer and ``DATASHEET.md``.

    ``planted`` says in a sentence what is there and where, ``behaviour`` the figures measured after training, ``tuning`` whether any threshold of
    an instrument was chosen while looking at it, ``truth`` lists of names of the very parts that were planted, where they are known.
    """

    recipe: Recipe
    title: str
    planted: str
    behaviour: Mapping[str, float]
    trials: tuple[Trial, ...]
    weights_digest: str
    folder: Path
    tuning: bool = False
    truth: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        """Its recipe's."""
        return self.recipe.slug


class Family(Protocol):
    """One kind of planted truth: a module in ``families`` with ``FAMILY``, an instance of this.

    It may also have ``tuned``, the slugs of those of its recipes that somebody looked at while choosing a setting of an instrument.
    """

    slug: str
    title: str
    recipes: tuple[Recipe, ...]
    """Those that are shipped: planted at several strengths, twins, decoys."""

    def build(self, recipe: Recipe, folder: Path, tick: TICK) -> Mapping[str, float]:
        """Train or write the weights and tokenizer of ``recipe`` into ``folder``; returns the behaviour measured afterwards."""

    def behaviour(self, folder: Path) -> Mapping[str, float]:
        """Measure the behaviour of the weights in ``folder`` anew: the behaviour test."""

    def planted(self, recipe: Recipe) -> str:
        """One sentence: what is planted, where, how strongly; for twins and decoys what is not."""

    def trials(self, recipe: Recipe) -> tuple[Trial, ...]:
        """What instruments are tried on it, and what they should read."""


@runtime_checkable
class KnowsParts(Protocol):
    """A family whose planted parts are known by name."""

    def truth(self, recipe: Recipe) -> Mapping[str, Sequence[str]]:
        """Names of the parts by kind, for example ``edges``; empty lists where nothing is planted."""
