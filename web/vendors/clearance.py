"""What procurement reads of a vendor, for people: the same words as the API gives programs."""

from typing import Any

from accounts.models import User
from accounts.permissions import allowed
from decisions.clearance import clearance_of
from decisions.clearance_words import WORDS, Word
from inventory.models import Vendor
from questionnaires.standing import AnswerBook

TAGS = {Word.CLEARED: "approved", Word.WITH_CONDITIONS: "attention", Word.UNDECIDED: "quiet", Word.NOT_CLEARED: "problem"}
SHOWN = 8


def context(vendor: Vendor, actor: User, book: AnswerBook) -> dict[str, Any]:
    """What ``web/vendors/clearance.html`` shows; nothing for those who may not know of it."""
    if not allowed(actor, "clearance.read", vendor):
        return {"clearance": None}
    found = clearance_of(vendor, book=book)
    reasons = [*found.reasons, *(reason for row in found.lines for reason in row.reasons)]
    return {
        "clearance": found,
        "clearance_word": WORDS[found.word],
        "clearance_tag": TAGS[found.word],
        "clearance_reasons": reasons[:SHOWN],
        "clearance_more": max(0, len(reasons) - SHOWN),
    }
