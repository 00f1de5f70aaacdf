"""Access as a ladder of four rungs: what each lets a person learn, and which instruments stand on it."""

from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString

from assessments.access import ACCESS_ORDER, MEANING
from assessments.contracts import InstrumentCard
from assessments.registry import METHODS
from inventory.models import Access


@dataclass(frozen=True)
class Rung:
    """One level: ``granted`` when the access reaches it, ``top`` for the level itself."""

    access: Access
    meaning: str
    granted: bool
    top: bool
    instruments: tuple[InstrumentCard, ...]


def ladder(access: str) -> list[Rung]:
    """The four rungs from weights to text for what ``access`` grants; each with the instruments that need exactly it."""
    reach = ACCESS_ORDER.index(Access(access))
    return [_rung(level, ACCESS_ORDER.index(level), reach) for level in reversed(ACCESS_ORDER)]


def _rung(level: Access, place: int, reach: int) -> Rung:
    cards = tuple(method.card for method in METHODS if method.card.access == level)
    return Rung(level, MEANING[level], place <= reach, place == reach, cards)


def access_choices() -> list[tuple[str, SafeString]]:
    """The levels as choices of a form, each with what it permits."""
    return [(level.value, format_html('<span class="col">{}<span class="sub">{}</span></span>', level.label, meaning)) for level, meaning in MEANING.items()]
