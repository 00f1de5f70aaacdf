"""Two texts word by word: what was taken out and what was put in."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Final

MOST_WORDS: Final = 600
"""Longer texts are shown whole, one after the other: comparing costs the square of their length."""
PIECES: Final = re.compile(r"\s+|\w+|[^\w\s]")


def words_changed(before: str, after: str) -> list[tuple[str, str]]:
    """Stretches of text in order, each ``same``, ``out`` or ``in``."""
    old, new = PIECES.findall(before), PIECES.findall(after)
    if max(len(old), len(new)) > 2 * MOST_WORDS:
        return [row for row in (("out", before), ("in", after)) if row[1]]
    return list(_stretches(old, new))


def _stretches(old: list[str], new: list[str]) -> Iterator[tuple[str, str]]:
    for kind, start, end, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield "same", "".join(old[start:end])
            continue
        for word, piece in (("out", old[start:end]), ("in", new[first:last])):
            if piece:
                yield word, "".join(piece)
