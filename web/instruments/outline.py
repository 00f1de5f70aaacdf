"""What all pages say alike about instruments: usual times, and why one cannot be used on a version."""

from assessments.access import ACCESS_ORDER
from assessments.contracts import InstrumentCard
from assessments.registry import METHODS
from inventory.models import Access, ModelVersion


def usual_seconds() -> dict[str, float]:
    """How long each instrument usually takes on two cores."""
    return {method.card.slug: 60 * method.card.minutes for method in METHODS}


def blocked(card: InstrumentCard, version: ModelVersion) -> str:
    """Why an instrument cannot be used on ``version``; empty when it can."""
    granted, needed = Access(version.access), Access(card.access)
    if ACCESS_ORDER.index(granted) >= ACCESS_ORDER.index(needed):
        return ""
    return f"needs access to {needed.label.lower()}; this version grants {granted.label.lower()}"
