"""Which earlier answers and which files fit a question: by the words they share. Plain Python, no model, the same every time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WORD: Final = re.compile(r"[^\W_]+")
SHORTEST: Final = 3
BEST: Final = 2
LEAST: Final = 0.2
"""Below this share of common words nothing is offered."""
COMMON: Final = frozenset(
    {
        "all", "also", "and", "any", "are", "been", "being", "can", "could", "describe", "did", "does", "each", "explain",
        "for", "from", "had", "has", "have", "how", "into", "its", "may", "might", "not", "our", "please", "provide",
        "should", "that", "the", "their", "there", "these", "they", "this", "those", "use", "used", "using", "was", "what",
        "when", "where", "which", "who", "why", "will", "with", "would", "you", "your",
    }
)  # fmt: skip
"""Words that say nothing about the matter."""


@dataclass(frozen=True)
class Known:
    """Something that may be offered: its key, the text that is compared, and what is shown of it."""

    key: str
    text: str
    shown: str
    source: str


@dataclass(frozen=True)
class Suggestion:
    """One offer with its score: the words both texts share as a part of all words in either, from 0 to 1."""

    known: Known
    score: float

    @property
    def percent(self) -> int:
        """The score for people."""
        return round(100 * self.score)


def words_of(text: str) -> frozenset[str]:
    """The words of ``text`` that carry meaning: small letters, no plural, none of ``COMMON``; numbers count whatever their length."""
    found = (word.lower() for word in WORD.findall(text))
    return frozenset(_singular(word) for word in found if word not in COMMON and (len(word) >= SHORTEST or word.isdigit()))


def score_of(one: str, other: str) -> float:
    """Shared words as a part of all words (Jaccard index); 0 where either has none."""
    left, right = words_of(one), words_of(other)
    return len(left & right) / len(left | right) if left and right else 0.0


def best_of(question: str, known: Sequence[Known], most: int = BEST) -> list[Suggestion]:
    """The ``most`` best fits, best first; where two are equal the one that came first in ``known`` leads, and texts shown twice come once."""
    rows = sorted((Suggestion(row, score_of(question, row.text)) for row in known), key=lambda row: -row.score)
    found: dict[str, Suggestion] = {}
    for row in rows:
        if row.score >= LEAST:
            found.setdefault(row.known.shown, row)
    return list(found.values())[:most]


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > SHORTEST else word
