"""The four words about a vendor, and which of them each reason allows at most."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

Reason = Mapping[str, Any]


class Word(StrEnum):
    """What procurement may rely on, from the least to the most."""

    NOT_CLEARED = "not_cleared"
    UNDECIDED = "undecided"
    WITH_CONDITIONS = "cleared_with_conditions"
    CLEARED = "cleared"


WORDS = {
    Word.NOT_CLEARED: "Not cleared",
    Word.UNDECIDED: "Undecided",
    Word.WITH_CONDITIONS: "Cleared with conditions",
    Word.CLEARED: "Cleared",
}
REASONS: dict[str, Word] = {
    "approved": Word.CLEARED,
    "approved_with_conditions": Word.WITH_CONDITIONS,
    "waiting": Word.UNDECIDED,
    "no_decision": Word.UNDECIDED,
    "nothing_registered": Word.UNDECIDED,
    "rejected": Word.NOT_CLEARED,
    "overtaken": Word.NOT_CLEARED,
    "rolled_back": Word.NOT_CLEARED,
    "answers_rejected": Word.NOT_CLEARED,
    "answers_stale": Word.WITH_CONDITIONS,
    "answers_missing": Word.UNDECIDED,
}
"""The most that is allowed while a reason stands; those about answers come from questionnaires."""


def worst_of(found: Iterable[Word]) -> Word:
    """The word that allows least; cleared where there is none to allow less."""
    return min(found, key=list(Word).index, default=Word.CLEARED)


def reason(code: str, says: str, **where: Any) -> Reason:
    """One reason: its code, in words, and where it lies."""
    return {"code": code, "says": says, **where}
