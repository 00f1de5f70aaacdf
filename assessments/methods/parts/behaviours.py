"""Behaviours that steering can be tried on: texts to design a direction from, prompts to read it on, and the read-out itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from assessments import probes
from assessments.contracts import Refused
from assessments.methods.parts.answers import first_token
from assessments.methods.parts.axes import NEUTRAL, WRAPPERS, axis_of, needed
from assessments.probes import Find, Item, ProbeSet, Split
from assessments.statistics import Array
from assessments.subject import Floats, Subject, Tick, Tokens

SHOWN = 20
"""Prompts on which a removal is judged; half as many to choose what is removed."""


@dataclass(frozen=True)
class Behaviour:
    """A behaviour in words and files; ``instruction`` is the prompt that should do the same as the direction, ``concept`` what it is designed from."""

    name: str
    concept: str
    design_set: str
    answer_set: str
    positive: str
    negative: str
    chat: bool
    formula: str
    readout: str
    up_words: tuple[str, ...]
    down_words: tuple[str, ...]
    instruction: str
    items: int

    def encode(self, subject: Subject, text: str) -> Tokens:
        """A text as the model gets it: a chat turn, or plain text after the document-start token."""
        return subject.encode_chat(text) if self.chat else subject.encode(text)


BEHAVIOURS: Mapping[str, Behaviour] = {
    "sentiment": Behaviour(
        name="sentiment",
        concept="sentiment",
        design_set="sentiment",
        answer_set="sentiment",
        positive="positive",
        negative="negative",
        chat=False,
        formula="next-word-log-odds/1",
        readout="log-odds of positive over negative next words",
        up_words=("answers", "positive"),
        down_words=("answers", "negative"),
        instruction="Speak positively. ",
        items=20,
    ),
    "refusal": Behaviour(
        name="refusal",
        concept="harm",
        design_set="harmful_harmless",
        answer_set="refusal_readout",
        positive="harmful",
        negative="harmless",
        chat=True,
        formula="first-token-refusal-log-odds/1",
        readout="log-odds of refusing over complying first words",
        up_words=("openings", "refusal"),
        down_words=("openings", "compliance"),
        instruction="Refuse this request. ",
        items=6,
    ),
}


def behaviour_of(slug: str, find: Find) -> Behaviour:
    """One of ``BEHAVIOURS``, else the axis of the labelled set called ``slug``; refuses a set without a read-out."""
    if slug in BEHAVIOURS:
        return BEHAVIOURS[slug]
    axis = axis_of(find(slug))
    if not axis.steerable:
        raise Refused(f"probe set {slug} names no answer words (axis.up, axis.down), so no effect could be read; choose a set with a read-out")
    return Behaviour(
        name=axis.name,
        concept=axis.name,
        design_set=axis.set,
        answer_set=axis.answers_set,
        positive=axis.positive,
        negative=axis.negative,
        chat=axis.chat,
        formula="first-token-log-odds/1" if axis.chat else "next-word-log-odds/1",
        readout=axis.readout,
        up_words=axis.up,
        down_words=axis.down,
        instruction=f"{axis.instruction.strip()} ",
        items=axis.items,
    )


def sets_of(slug: str, find: Find) -> tuple[str, ...]:
    """Slugs of the sets that steering ``slug`` needs."""
    if slug in BEHAVIOURS:
        return tuple(dict.fromkeys((BEHAVIOURS[slug].design_set, BEHAVIOURS[slug].answer_set, NEUTRAL, WRAPPERS)))
    return needed(slug, find)


@dataclass(frozen=True)
class Prompts:
    """Read-out prompts with their tokens, as they are and with the behaviour's instruction in front."""

    items: Sequence[Item]
    tokens: Sequence[Tokens]
    instructed: Sequence[Tokens]

    @property
    def families(self) -> list[str]:
        """Content family of every prompt: the clusters of the intervals."""
        return [item.family for item in self.items]

    @property
    def size(self) -> int:
        """Tokens of one pass over all prompts."""
        return sum(map(len, self.tokens))


@dataclass(frozen=True)
class Material:
    """Everything shown to the model, split by whole families, and the next tokens that count for and against the behaviour.

    ``shown`` are prompts on which a model that has the behaviour shows it: those with the positive label, or all where prompts carry no label.
    """

    behaviour: Behaviour
    design: Split
    explore: Prompts
    confirm: Prompts
    cost: Split
    up: tuple[int, ...]
    down: tuple[int, ...]
    unscored_answers: int
    shown_exploration: Prompts
    shown: Prompts
    wrapped: Sequence[Prompts] = ()
    wrappers: Sequence[str] = ()

    @property
    def labelled(self) -> bool:
        """Whether the prompts of ``shown`` carry the positive label, so that the behaviour is looked for where it belongs."""
        return {item.label for item in self.shown.items} == {self.behaviour.positive}

    @property
    def token_ids(self) -> tuple[int, ...]:
        """Tokens whose log-probability the read-out needs."""
        return self.up + self.down

    def score(self, log_probs: ArrayLike) -> Array:
        """Read-out in nats from ``log_probs[..., token_ids]``: log of the summed probability for, minus log of that against."""
        values = np.asarray(log_probs, dtype=np.float64)
        return np.asarray(np.logaddexp.reduce(values[..., : len(self.up)], axis=-1) - np.logaddexp.reduce(values[..., len(self.up) :], axis=-1))


def prepare(behaviour: Behaviour, subject: Subject, digests: Mapping[str, str], seed: int, count: int | None) -> Material:
    """Load the sealed sets, split them by family, choose ``count`` read-out prompts per side spread over families, find the answer tokens."""
    source = probes.sealed(digests, behaviour.design_set)
    design = probes.split(source.labelled(behaviour.positive, behaviour.negative), seed)
    read = probes.split(source.targets, seed) if source.targets else design
    wanted = count or behaviour.items
    explore, confirm = (_prompts(behaviour, subject, spread(side, wanted)) for side in (read.exploration, read.confirmation))
    answers = probes.sealed(digests, behaviour.answer_set)
    up, down, lost = _answers(behaviour, subject, answers, confirm.items[0].text)
    cost = probes.split(probes.sealed(digests, NEUTRAL).items, seed)
    frames = wrapper_frames(probes.sealed(digests, WRAPPERS), behaviour.chat)
    wrapped = [_prompts(behaviour, subject, [replace(item, text=frame.replace("{text}", item.text)) for item in confirm.items]) for frame in frames]
    looked, judged = _shown(behaviour, subject, read.exploration, SHOWN // 2), _shown(behaviour, subject, read.confirmation, SHOWN)
    return Material(behaviour, design, explore, confirm, cost, up, down, lost, looked, judged, wrapped, frames)


def _shown(behaviour: Behaviour, subject: Subject, items: Sequence[Item], count: int) -> Prompts:
    labelled = [item for item in items if item.label == behaviour.positive]
    return _prompts(behaviour, subject, spread(labelled or items, count))


def wrapper_frames(found: ProbeSet, chat: bool) -> tuple[str, ...]:
    """The texts put around a prompt; unfinished sentences take only those that stand in front, for the answer has to follow directly."""
    frames = tuple(frame for frame in found.words("wrappers") if chat or frame.endswith("{text}"))
    if not frames or any(frame.count("{text}") != 1 for frame in frames):
        raise Refused(f"probe set {found.slug}: every entry of wrappers must hold the mark {{text}} once, and one at least must end with it")
    return frames


def spread(items: Sequence[Item], count: int) -> list[Item]:
    """Up to ``count`` items, families in turn and labels in turn, so that a short list still covers many families and every label."""
    waiting: dict[str, list[Item]] = {}
    for item in items:
        waiting.setdefault(item.family, []).append(item)
    labels = sorted({item.label for item in items})
    chosen: list[Item] = []
    while len(chosen) < min(count, len(items)):
        for family in sorted(waiting):
            wanted = labels[len(chosen) % len(labels)]
            rows = waiting[family]
            fitting = [item for item in rows if item.label == wanted] or rows
            if fitting and len(chosen) < count:
                chosen.append(fitting[0])
                rows.remove(fitting[0])
    return chosen


def design_residuals(subject: Subject, behaviour: Behaviour, items: Sequence[Item], layers: Sequence[int], tick: Tick) -> Floats:
    """``[items, layers, d_model]`` at the last token of every design text."""
    return subject.residuals([behaviour.encode(subject, item.text) for item in items], layers, tick)


def _prompts(behaviour: Behaviour, subject: Subject, items: Sequence[Item]) -> Prompts:
    plain = [behaviour.encode(subject, item.text) for item in items]
    return Prompts(items, plain, [behaviour.encode(subject, behaviour.instruction + item.text) for item in items])


def _answers(behaviour: Behaviour, subject: Subject, answers: ProbeSet, context: str) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """First tokens for and against, without those that stand on both sides; how many answers cannot be scored."""
    before = () if behaviour.chat else subject.encode(context)
    for_it, against = (_starts(behaviour, subject, before, context, answers.words(*path)) for path in (behaviour.up_words, behaviour.down_words))
    unclear = {None} | (set(for_it) & set(against))
    up, down = (tuple(sorted(token for token in set(side) if token is not None and token not in unclear)) for side in (for_it, against))
    if not up or not down:
        raise Refused(f"with this tokenizer all answers of one side of {behaviour.name} start like those of the other; use answers with other first tokens")
    return up, down, sum(token in unclear for token in for_it + against)


def _starts(behaviour: Behaviour, subject: Subject, before: Tokens, context: str, texts: Sequence[str]) -> list[int | None]:
    """An answer to a chat turn stands alone, a next word follows the unfinished sentence."""
    return [first_token(before, subject.encode(text, prefix=False) if behaviour.chat else subject.encode(context + text)) for text in texts]
