"""Induction: a random sequence shown twice. A model that copies predicts its second half well and attends one place after the earlier copy."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assessments.statistics import Array
from assessments.subject import Subject, Tick, Tokens


@dataclass(frozen=True)
class Repeated:
    """Sequences ``[prefix, r, r]``; ``start`` is the position of the second copy, ``length`` that of one copy."""

    items: tuple[Tokens, ...]
    start: int
    length: int

    @property
    def tokens(self) -> int:
        """Tokens of one forward pass over all sequences."""
        return sum(map(len, self.items))


@dataclass(frozen=True)
class Losses:
    """Mean next-token loss in nats per sequence, ``first`` and ``second`` copy, and per position over all sequences."""

    first: Array
    second: Array
    by_position: Array

    @property
    def drop(self) -> Array:
        """How much better the second copy is predicted, per sequence, in nats."""
        return self.first - self.second


def make_repeated(subject: Subject, count: int, length: int, seed: int) -> Repeated:
    """``count`` random sequences of ``length`` ordinary tokens, each shown twice after the document-start token if there is one."""
    prefix = () if subject.facts.prefix_token is None else (subject.facts.prefix_token,)
    items = tuple((*prefix, *half, *half) for half in subject.random_tokens(count, length, seed))
    return Repeated(items, len(prefix) + length, length)


def copy_losses(subject: Subject, repeated: Repeated, tick: Tick) -> Losses:
    """Losses of both copies. The first token of the second copy belongs to neither: nothing says that the repeat begins."""
    losses = np.stack(subject.cross_entropy(repeated.items, tick)).astype(np.float64)
    # losses[:, j] is that of the token at position j + 1
    first, second = losses[:, : repeated.start - 1], losses[:, repeated.start :]
    return Losses(first.mean(axis=1), second.mean(axis=1), losses.mean(axis=0))


def induction_scores(subject: Subject, repeated: Repeated, tick: Tick) -> Array:
    """``[layers, heads]``: mean attention from the second copy to the token after the earlier occurrence (Olsson et al. 2022)."""
    queries = range(repeated.start, repeated.start + repeated.length)
    return subject.attention_to_offset(repeated.items, repeated.length - 1, queries, tick).astype(np.float64)


def top_head(scores: Array) -> tuple[int, int]:
    """Layer and head with the highest score."""
    layer, head = np.unravel_index(int(scores.argmax()), scores.shape)
    return int(layer), int(head)


def by_position(model: Losses, twin: Losses, names: Sequence[str]) -> list[dict[str, object]]:
    """Rows for the loss curve: position of the predicted token, loss, which model."""
    return [
        {"position": place + 1, "loss": round(float(value), 4), "model": name}
        for name, losses in zip(names, (model, twin), strict=True)
        for place, value in enumerate(losses.by_position)
    ]
