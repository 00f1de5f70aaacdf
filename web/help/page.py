"""What the help page says."""

from dataclasses import dataclass

from web import words
from web.words import Word

KEYS = (
    ("/", "Search from any page"),
    ("↓ ↑", "Move through the answers of the search"),
    ("Enter", "Open the answer, press the button"),
    ("Esc", "Close a menu, the search, an explanation or an interactive figure"),
    ("Tab", "Go to the next link, button or field; with Shift to the one before"),
    ("Space", "Tick a box, open “Numbers behind the figure”"),
)
"""Keys and what they do; all else works as everywhere in the browser."""


@dataclass(frozen=True)
class Tier:
    """A verdict with its mark and meaning."""

    key: str
    meaning: str


def tiers() -> list[Tier]:
    """All verdicts, strongest first."""
    return [Tier(key, words.tier_meaning(key)) for key in words.tier_order()]


def words_about(asked: str) -> list[Word]:
    """The explained words whose name or meaning holds ``asked``; all of them when nothing was asked."""
    text = asked.lower()
    return [word for word in words.all_words().values() if text in word.name.lower() or text in word.meaning.lower()]
