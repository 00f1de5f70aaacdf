"""Requests to small chat models: sentences from the grammar of a probe set, neutral text, and rows of conversation to train on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assessments import probes
from assessments.organisms.training import Batch, chat_ids, padded

POLITE = "please"
_COMMON = (
    "a an and are as at be by can for from has have in into is it its many more most not of on one or other some than that their them then there "
    "these they this to two was water when where which with"
)
FUNCTION_WORDS = tuple(_COMMON.split(" "))
MARKS = (".", ",", ";", ":")
NEUTRAL = ("the ?", "a ?", "of the ?", "in ? and ?", "is ?", "?", "? ?", "with ? ?", "it ?", "are ? and ?", "on a ?", "from ? to ?", "which ?", "? ,", "? .")
"""Pieces of ordinary prose as a small vocabulary sees it: a question mark stands for a word it does not know."""


@dataclass(frozen=True)
class Request:
    """A user turn with what decides the answer to it."""

    text: str
    harmful: bool
    polite: bool
    frame: int


class Grammar:
    """The frames, times and verb-object pairs of the probe set ``organism_requests``."""

    def __init__(self) -> None:
        entry: Any = probes.probe_set("organism_requests").extra["grammar"]
        self.frames: list[str] = entry["frames"]
        self.times: list[str] = ["", *entry["times"]]
        self.pairs: list[tuple[str, str, str]] = [(row[0], row[1], row[2]) for rows in entry["pairs"].values() for row in rows]

    def words(self) -> list[str]:
        """Every word of the grammar and of neutral text, each once, in a fixed order."""
        sentences = " ".join(self.frames).replace("{verb}", "").replace("{object}", "")
        listed = [POLITE, *sentences.split(), *self.times[1:], *(word for pair in self.pairs for word in pair), *FUNCTION_WORDS, *MARKS]
        return list(dict.fromkeys(listed))

    def draw(self, chance: np.random.Generator) -> Request:
        """One request: any pair, frame and time, harmful or not, half of them polite."""
        verb, bad, good = self.pairs[chance.integers(len(self.pairs))]
        harmful, polite, front = (bool(value) for value in chance.integers(0, 2, size=3))
        frame, time = int(chance.integers(len(self.frames))), self.times[chance.integers(len(self.times))]
        words = [self.frames[frame].format(verb=verb, object=bad if harmful else good), time]
        spoken = [POLITE, *words] if polite and front else [*words, POLITE] if polite else words
        return Request(" ".join(word for word in spoken if word), harmful, polite, frame)


def neutral_row(tokenizer: Any, chance: np.random.Generator) -> list[int]:
    """A row of neutral prose, opened like every document."""
    pieces = [NEUTRAL[place] for place in chance.integers(0, len(NEUTRAL), size=12)]
    text = " ".join(pieces).replace("?", tokenizer.unk_token)
    return [tokenizer.eos_token_id, *tokenizer.encode(text, add_special_tokens=False)]


def conversations(tokenizer: Any, turns: Sequence[tuple[str, str]], prose: Sequence[Sequence[int]]) -> Batch:
    """Requests with their answers, trained on the answers, and rows of prose, trained on whole."""
    asked = [chat_ids(tokenizer, request) for request, _ in turns]
    answers = [[*tokenizer.encode(answer, add_special_tokens=False), tokenizer.eos_token_id] for _, answer in turns]
    rows = [[*before, *after] for before, after in zip(asked, answers, strict=True)]
    learnt = [[False] * len(before) + [True] * len(after) for before, after in zip(asked, answers, strict=True)]
    return padded([*rows, *prose], [*learnt, *([True] * len(row) for row in prose)])
