"""Words for people, from the one vocabulary that pages and reports share."""

import functools
from dataclasses import dataclass

from django.utils.text import slugify

from reports.vocabulary import tier_word, vocabulary

__all__ = ["Word", "all_words", "explained", "glossary", "met_word", "tier_meaning", "tier_order", "tier_word"]

OF_THE_PAGES = {
    "Access": "How much of a model its owner lets an assessor see: text only, probabilities or the weights. Some instruments need more than others.",
    "Lifecycle": "Where a version stands with us: candidate, approved, restricted, rolled back or retired. Moving it is a decision and is entered in the log.",
    "Reading": "What the data alone say, before the instrument's calibration record is asked.",
    "Verdict": "What may be cited: the reading, or less where the instrument's calibration record does not carry it.",
    "Version": "Exact weights of a model, named by their digest. Nothing is assessed but bytes with that digest.",
}
"""Words that only the pages use; everything a report says is in the vocabulary."""


@dataclass(frozen=True)
class Word:
    """A word with its explanation; ``anchor`` is where the glossary has it."""

    name: str
    anchor: str
    meaning: str


@functools.cache
def all_words() -> dict[str, Word]:
    """Every explained word by its anchor, in the order of the alphabet."""
    known = {**OF_THE_PAGES, **vocabulary()["glossary"]}
    rows = [Word(str(name), slugify(str(name)), str(known[name])) for name in sorted(known, key=lambda name: str(name).lower())]
    return {row.anchor: row for row in rows}


def explained(anchor: str) -> Word | None:
    """The word with ``anchor``; None when nobody has explained it."""
    return all_words().get(anchor)


def tier_meaning(tier: str) -> str:
    """What a reading or verdict means, in a sentence or two."""
    return str(vocabulary()["tiers"][tier]["meaning"])


def tier_order() -> list[str]:
    """All readings and verdicts, strongest first."""
    return [str(tier) for tier in vocabulary()["order"]]


def met_word(met: bool | None) -> str:
    """Whether a threshold was met, in words."""
    return str(vocabulary()["met"][{True: "true", False: "false", None: "null"}[met]])


def glossary(*terms: str) -> dict[str, str]:
    """The explanations of ``terms``, in that order."""
    known = {**OF_THE_PAGES, **vocabulary()["glossary"]}
    return {term: str(known[term]) for term in terms}
