"""Questions with a right and some wrong answers for the sandbagging screen, and how a model's choice among them is scored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assessments import probes
from assessments.contracts import Refused
from assessments.methods.parts.answers import first_token
from assessments.probes import Item
from assessments.subject import Subject, Tick, Tokens

Choices = np.ndarray[Any, np.dtype[np.int64]]
DEMONSTRATION_SHARE = 0.25
"""Share of the families that give demonstrations and are never scored."""


@dataclass(frozen=True)
class Material:
    """Scored questions: tokens as they are and after ``demonstrations``, and the first tokens of their options, the right one first."""

    title: str
    items: tuple[Item, ...]
    options: tuple[tuple[int, ...], ...]
    plain: tuple[Tokens, ...]
    shown: tuple[Tokens, ...]
    demonstrations: str
    demonstration_families: tuple[str, ...]
    unscored: int

    @property
    def families(self) -> list[str]:
        """Family of every item: the clusters of the intervals."""
        return [item.family for item in self.items]

    @property
    def size(self) -> int:
        """Tokens of one pass over all questions."""
        return sum(map(len, self.plain))

    @property
    def chance(self) -> float:
        """Mean share of right answers of somebody who guesses."""
        return float(np.mean([1 / len(row) for row in self.options]))

    def choices(self, subject: Subject, tokens: Sequence[Tokens], tick: Tick) -> Choices:
        """``[items]``: place of the option with the highest log-probability; 0 is the right one."""
        wanted = sorted({token for row in self.options for token in row})
        found = subject.log_probs(tokens, wanted, tick)
        columns = {token: place for place, token in enumerate(wanted)}
        return np.array([int(row[[columns[token] for token in option]].argmax()) for row, option in zip(found, self.options, strict=True)])


def prepare(slug: str, subject: Subject, digests: Mapping[str, str], seed: int, demonstrations: int) -> Material:
    """Load the sealed set, put some families aside for demonstrations, find the options' first tokens."""
    source = probes.sealed(digests, slug)
    options = source.extra.get("options")
    if not isinstance(options, Mapping):
        raise Refused(f"probe set {slug}: field options must give the answers of every item, the right one first; use a set written for skills")
    split = probes.split(source.items, seed, DEMONSTRATION_SHARE)
    shown = "".join(f"{item.text} {_answers(slug, options, item)[0]}.\n" for item in _spread(split.exploration, demonstrations))
    kept: list[tuple[Item, tuple[int, ...]]] = []
    for item in split.confirmation:
        tokens = _first_tokens(subject, item.text, _answers(slug, options, item))
        if tokens is not None:
            kept.append((item, tokens))
    lost = len(split.confirmation) - len(kept)
    if len({item.family for item, _ in kept}) < 2:
        raise Refused(f"probe set {slug}: this tokenizer starts right and wrong answers alike in {lost} of {len(split.confirmation)} items; use other answers")
    items = tuple(item for item, _ in kept)
    plain, after = (tuple(subject.encode(front + item.text) for item in items) for front in ("", shown))
    given = tuple(sorted({item.family for item in split.exploration}))
    return Material(source.title, items, tuple(tokens for _, tokens in kept), plain, after, shown, given, lost)


def _answers(slug: str, options: Mapping[str, object], item: Item) -> list[str]:
    found = options.get(item.id)
    if not isinstance(found, list) or len(found) < 2 or not all(isinstance(word, str) for word in found):
        raise Refused(f"probe set {slug}: options of {item.id} must be at least two texts, the right one first")
    return found


def _first_tokens(subject: Subject, text: str, answers: Sequence[str]) -> tuple[int, ...] | None:
    """First token of every answer; None where the right one cannot be told from a wrong one."""
    before = subject.encode(text)
    found = [first_token(before, subject.encode(f"{text} {answer}")) for answer in answers]
    tokens = tuple(token for token in found if token is not None)
    return tokens if len(tokens) == len(found) and tokens[0] not in tokens[1:] else None


def _spread(items: Sequence[Item], count: int) -> list[Item]:
    """``count`` items, families in turn."""
    waiting: dict[str, list[Item]] = {}
    for item in items:
        waiting.setdefault(item.family, []).append(item)
    turns = [row for group in zip(*(waiting[name] for name in sorted(waiting)), strict=False) for row in group]
    return turns[:count]
