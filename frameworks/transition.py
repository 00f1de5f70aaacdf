"""What holds for systems and models that were on the market before a duty began (AI Act, Article 111)."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

PUBLIC_AUTHORITY: Final = "public_authority"
LARGE_SCALE_IT: Final = "large_scale_it"
SETTINGS: Final = {
    PUBLIC_AUTHORITY: "meant for use by public authorities",
    LARGE_SCALE_IT: "part of a large-scale IT system of Annex X",
}
"""Settings with a transition of their own: Article 111(2), second sentence, and Article 111(1)."""
LATEST: Final = {PUBLIC_AUTHORITY: datetime.date(2030, 8, 2), LARGE_SCALE_IT: datetime.date(2030, 12, 31)}
"""The day by which older high-risk systems of these settings must comply; the same in 2024 and in 2026."""
LARGE_SCALE_IT_BEFORE: Final = datetime.date(2027, 8, 2)


@dataclass(frozen=True)
class Transition:
    """The day on which the duty begins for the older system (None: it does not), and the rule in a sentence."""

    begins: datetime.date | None
    rule: str


def transition(
    general: datetime.date, details: Mapping[str, Any], high_risk: bool, placed: datetime.date, changed: datetime.date | None, setting: str
) -> Transition | None:
    """The transition for a system placed on the market on ``placed``; None where it is treated like a new one.

    ``general`` is the day on which the duty begins for new systems, ``details`` those of the row, ``high_risk`` whether the
    duty is one of high-risk systems, ``changed`` the day of the last significant design change, ``setting`` a key of ``SETTINGS``.
    """
    before = _iso(details.get("legacy_placed_before")) or general
    if high_risk:
        return _older_high_risk(general, LARGE_SCALE_IT_BEFORE if setting == LARGE_SCALE_IT else before, placed, changed, setting)
    until = _iso(details.get("legacy_until"))
    if until is None or placed >= before:
        return None
    return Transition(until, f"It was placed on the market before {_day(before)}, so it has until {_day(until)}.")


def _older_high_risk(general: datetime.date, before: datetime.date, placed: datetime.date, changed: datetime.date | None, setting: str) -> Transition | None:
    if placed >= before:
        return None
    if changed is not None and changed >= before:
        return Transition(max(general, changed), f"It is older than {_day(before)}, but its design changed significantly on {_day(changed)}.")
    if setting in LATEST:
        latest = LATEST[setting]
        return Transition(latest, f"It was placed on the market before {_day(before)} and is {SETTINGS[setting]}, so it has until {_day(latest)}.")
    return Transition(None, f"It was placed on the market before {_day(before)} and its design has not changed significantly since.")


def _iso(value: Any) -> datetime.date | None:
    return datetime.date.fromisoformat(str(value)) if value else None


def _day(date: datetime.date) -> str:
    return f"{date.day} {date:%B %Y}"
