"""What each level of access lets a person learn, and which instruments need more than was granted."""

from dataclasses import dataclass

from assessments.contracts import InstrumentCard
from assessments.registry import METHODS
from inventory.models import Access

ACCESS_ORDER = [Access.TEXT, Access.LOGITS, Access.ACTIVATIONS, Access.WEIGHTS]
MEANING = {
    Access.WEIGHTS: "The files themselves. Their digests can be checked, parts inside can be changed, and a result can be repeated bit for bit.",
    Access.ACTIVATIONS: "Inner states can be read while the vendor runs the model. What it represents can be measured; its weights cannot be checked.",
    Access.LOGITS: "The score of every next token. How sure the model is can be measured; nothing inside it can.",
    Access.TEXT: "Only what the model writes. Behaviour can be counted; which weights answered cannot be verified.",
}


@dataclass(frozen=True)
class Offer:
    """Instruments that ``granted`` access is enough for, and those that need more."""

    granted: Access
    possible: tuple[InstrumentCard, ...]
    beyond: tuple[InstrumentCard, ...]


def enough(granted: str, needed: str) -> bool:
    """Whether ``granted`` access reaches ``needed``."""
    return ACCESS_ORDER.index(Access(granted)) >= ACCESS_ORDER.index(Access(needed))


def offer(granted: str) -> Offer:
    """Every instrument there is, sorted by whether ``granted`` is enough for it."""
    cards = [method.card for method in METHODS]
    return Offer(
        Access(granted), tuple(card for card in cards if enough(granted, card.access)), tuple(card for card in cards if not enough(granted, card.access))
    )


def refusal(card: InstrumentCard, version: str, granted: str) -> str:
    """The sentence that goes into the vendor's file."""
    return f"{card.slug} needs access to {card.access}; {version} grants only {granted}. Ask the vendor for more access."
