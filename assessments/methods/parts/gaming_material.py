"""The 2×2 material of the evaluation-gaming instrument: stated purpose × format, the read-out, and the split by whole cue families."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from assessments import probes
from assessments.contracts import Refused
from assessments.methods.parts.answers import first_token
from assessments.methods.parts.fits import Flags
from assessments.probes import Find, Item, ProbeSet, Split
from assessments.statistics import Array
from assessments.subject import Subject, Tokens

PURPOSES, FORMATS = ("evaluation", "deployment"), ("benchmark", "conversation")
CELLS = tuple(f"{purpose}_{form}" for purpose in PURPOSES for form in FORMATS)
NEUTRAL = "neutral_text"


@dataclass(frozen=True)
class Readout:
    """How a set reads the behaviour: answers for (``up``) and against (``down``) in ``answers_set``, after a chat turn or plain text."""

    chat: bool
    answers_set: str
    up: tuple[str, ...]
    down: tuple[str, ...]
    words: str
    positive: str
    negative: str

    def encode(self, subject: Subject, text: str) -> Tokens:
        """A text as the model gets it."""
        return subject.encode_chat(text) if self.chat else subject.encode(text)


@dataclass(frozen=True)
class Part:
    """One side of the split. ``twos [pairs, 2]``: places of the evaluation and the deployment member of every pair."""

    items: tuple[Item, ...]
    tokens: tuple[Tokens, ...]
    evaluation: Flags
    benchmark: Flags
    twos: np.ndarray[Any, np.dtype[np.int64]]

    @property
    def families(self) -> list[str]:
        """Cue family of every item: the clusters, and the effective number of observations."""
        return [item.family for item in self.items]

    @property
    def size(self) -> int:
        """Tokens of one pass over all items."""
        return sum(map(len, self.tokens))

    @property
    def pair_families(self) -> list[str]:
        """Cue family of every pair."""
        return [self.items[place].family for place in self.twos[:, 0]]

    @property
    def pair_benchmark(self) -> Flags:
        """Whether a pair looks like a benchmark item."""
        return np.asarray(self.benchmark[self.twos[:, 0]])

    def gaps(self, values: Array) -> Array:
        """``[pairs]``: value of the evaluation member minus that of the deployment member, same request and format."""
        return np.asarray(values[self.twos[:, 0]] - values[self.twos[:, 1]])


@dataclass(frozen=True)
class Material:
    """Everything shown to the model and the next tokens that count for and against the behaviour."""

    source: ProbeSet
    readout: Readout
    exploration: Part
    confirmation: Part
    neutral: Split
    up: tuple[int, ...]
    down: tuple[int, ...]
    unscored_answers: int

    @property
    def token_ids(self) -> tuple[int, ...]:
        """Tokens whose log-probability the read-out needs."""
        return self.up + self.down

    def score(self, log_probs: ArrayLike) -> Array:
        """Read-out in nats from ``log_probs[..., token_ids]``: log of the summed probability for, minus log of that against."""
        values = np.asarray(log_probs, dtype=np.float64)
        return np.asarray(np.logaddexp.reduce(values[..., : len(self.up)], axis=-1) - np.logaddexp.reduce(values[..., len(self.up) :], axis=-1))


def needed_sets(slug: str, find: Find) -> tuple[str, ...]:
    """Slugs of the sets that a run on ``slug`` shows: itself, its answers, and neutral text unless it brings its own."""
    source = find(slug)
    own = () if source.targets else (NEUTRAL,)
    return tuple(dict.fromkeys((slug, readout_of(source).answers_set, *own)))


def readout_of(source: ProbeSet) -> Readout:
    """The set's ``readout`` entry, checked."""
    entry = source.extra.get("readout")
    wanted = {"chat": bool, "answers_set": str, "up": list, "down": list, "words": str, "positive": str, "negative": str}
    if not isinstance(entry, Mapping) or any(not isinstance(entry.get(key), kind) for key, kind in wanted.items()):
        raise Refused(f"probe set {source.slug}: field readout must give {', '.join(wanted)}; use a set written for purpose and format")
    return Readout(
        chat=entry["chat"],
        answers_set=entry["answers_set"],
        up=tuple(entry["up"]),
        down=tuple(entry["down"]),
        words=entry["words"],
        positive=entry["positive"],
        negative=entry["negative"],
    )


def prepare(slug: str, subject: Subject, digests: Mapping[str, str], seed: int) -> Material:
    """Load the sealed sets, check the crossing, split whole cue families, find the answer tokens."""
    source = probes.sealed(digests, slug)
    readout = readout_of(source)
    split = probes.split(source.labelled(*CELLS), seed)
    exploration, confirmation = (part_of(source.slug, items, readout, subject) for items in (split.exploration, split.confirmation))
    up, down, lost = _answers(readout, subject, probes.sealed(digests, readout.answers_set), confirmation.items[0].text)
    neutral = source.targets or probes.sealed(digests, NEUTRAL).items
    return Material(source, readout, exploration, confirmation, probes.split(neutral, seed), up, down, lost)


def part_of(slug: str, items: Sequence[Item], readout: Readout, subject: Subject) -> Part:
    """``items`` with tokens and pairs; refuses a pair that is not one evaluation and one deployment text of the same format."""
    places: dict[str, list[int]] = {}
    for place, item in enumerate(items):
        places.setdefault(item.pair or item.id, []).append(place)
    evaluation = np.array([item.label.startswith("evaluation") for item in items])
    benchmark = np.array([item.label.endswith("benchmark") for item in items])
    for name, pair in places.items():
        if len(pair) != 2 or evaluation[pair].sum() != 1 or len(set(benchmark[pair])) != 1:
            raise Refused(f"probe set {slug}: pair {name} must hold one evaluation and one deployment text of the same format")
    twos = np.array([sorted(pair, key=lambda place: not evaluation[place]) for pair in places.values()], dtype=np.int64)
    if not (benchmark.any() and (~benchmark).any()):
        raise Refused(f"probe set {slug}: purpose and format must be crossed; one format is missing")
    return Part(tuple(items), tuple(readout.encode(subject, item.text) for item in items), evaluation, benchmark, twos)


def _answers(readout: Readout, subject: Subject, answers: ProbeSet, context: str) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """First tokens for and against, without those that stand on both sides; how many answers cannot be scored."""
    before = () if readout.chat else subject.encode(context)

    def starts(path: tuple[str, ...]) -> list[int | None]:
        texts = answers.words(*path)
        return [first_token(before, subject.encode(text, prefix=False) if readout.chat else subject.encode(f"{context} {text}")) for text in texts]

    sides = starts(readout.up), starts(readout.down)
    unclear = {None} | (set(sides[0]) & set(sides[1]))
    up, down = (tuple(sorted({token for token in side if token is not None and token not in unclear})) for side in sides)
    if not up or not down:
        raise Refused("with this tokenizer all answers of one side start like those of the other; use a set with other answers")
    return up, down, sum(token in unclear for side in sides for token in side)
