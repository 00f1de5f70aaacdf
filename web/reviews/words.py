"""What changed between two texts, word by word, as parts that a page can mark."""

import re
from difflib import SequenceMatcher

WORD = re.compile(r"\s+|\w+|[^\w\s]")
LONGEST = 4000
"""Words up to which texts are compared; longer ones are shown whole, since comparing grows with the square."""
Part = tuple[str, str]


def word_diff(before: str, after: str) -> list[Part]:
    """Parts as (``same``, ``gone`` or ``new``, text) that make up ``after`` with what left ``before``."""
    old, new = WORD.findall(before), WORD.findall(after)
    if len(old) + len(new) > LONGEST:
        return [("gone", before), ("new", after)] if before != after else [("same", after)]
    found: list[Part] = []
    for kind, a1, a2, b1, b2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        parts = [("same", new[b1:b2])] if kind == "equal" else [("gone", old[a1:a2]), ("new", new[b1:b2])]
        found += [(name, "".join(words)) for name, words in parts if words]
    return found
