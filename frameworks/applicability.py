"""Whether a duty binds a use of AI on a day, and why: by role, risk class, place, date and transition. Plain values in, a sentence out."""

import datetime
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from frameworks.transition import Transition, transition

if TYPE_CHECKING:
    from frameworks.models import Requirement

HIGH_RISK: Final = frozenset({"high_annex_iii", "high_annex_i"})
SYSTEM_ROLES: Final = frozenset({"provider", "deployer"})
"""Roles whose duties hang on the risk class of a system; duties of model providers do not."""
ROLES: Final = {
    "provider": "providers",
    "deployer": "deployers",
    "gpai_provider": "providers of general-purpose models",
    "gpai_systemic": "providers of general-purpose models with systemic risk",
    "frontier_developer": "developers of frontier models",
    "large_frontier_developer": "large developers of frontier models",
}
IMPLIED: Final[Mapping[str, tuple[str, ...]]] = {
    "frontier_developer": ("gpai_systemic",),
    "large_frontier_developer": ("frontier_developer", "gpai_systemic"),
}
"""Roles that come with a role. A frontier model took over 10^26 operations to train; over 10^25, systemic risk is presumed (AI Act, Article 51(2))."""
CLASSES: Final = {
    "prohibited": "prohibited practices",
    "high_annex_iii": "high-risk systems of Annex III",
    "high_annex_i": "high-risk systems of Annex I",
    "transparency": "systems with transparency duties",
    "minimal": "systems of minimal risk",
}
EU_MEMBERS: Final = frozenset(re.findall("..", "ATBEBGCYCZDEDKEEESFIFRGRHRHUIEITLTLULVMTNLPLPTROSESISK"))
CODE: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")


class Bite(StrEnum):
    """Whether a duty bites."""

    APPLIES = "applies"
    NOT_YET = "not_yet"
    ENDED = "ended"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True)
class Use:
    """What decides which duties bind a system, as the register has it.

    Our role, its risk class, the places it is used in, the days on which it was placed on the market and last changed
    significantly (None: not recorded), and whether it is one of the ``SETTINGS`` with a transition of its own.
    """

    role: str
    risk_class: str
    jurisdiction: str
    placed_on: datetime.date | None = None
    changed_on: datetime.date | None = None
    setting: str = ""

    @property
    def roles(self) -> tuple[str, ...]:
        """The role and those that come with it."""
        return self.role, *IMPLIED.get(self.role, ())


@dataclass(frozen=True)
class Applicability:
    """The answer, the day from which the duty applies (None: no date), and the reason in a sentence."""

    bite: Bite
    begins: datetime.date | None
    reason: str


def applicability(requirement: "Requirement", use: Use | None, as_of: datetime.date) -> Applicability:
    """Whether ``requirement`` binds ``use`` on ``as_of``; without a use, which is so for a model alone, by its date only."""
    older = _transition(requirement, use)
    begins = older.begins if older else _general_day(requirement, use)
    if use is not None and (obstacle := _obstacle(requirement, use)):
        return Applicability(Bite.NOT_APPLICABLE, begins, obstacle)
    if older and older.begins is None:
        return Applicability(Bite.NOT_APPLICABLE, None, older.rule)
    if begins is not None and begins > as_of:
        return Applicability(Bite.NOT_YET, begins, _with(f"Not yet: from {day(begins)}.", older))
    if requirement.applies_until is not None and requirement.applies_until < as_of:
        return Applicability(Bite.ENDED, begins, f"No longer: it ended on {day(requirement.applies_until)}.")
    return Applicability(Bite.APPLIES, begins, _with(_because(requirement, use, begins), older))


def risk_classes(requirement: "Requirement") -> frozenset[str] | None:
    """The risk classes that the row names; both high-risk ones where it has a date for Annex I; None where it binds every class."""
    named = requirement.details.get("risk_classes")
    if named:
        return frozenset(named)
    return HIGH_RISK if requirement.details.get("applies_from_annex_i") else None


def day(date: datetime.date) -> str:
    """``2 December 2027``."""
    return f"{date.day} {date:%B %Y}"


def _general_day(requirement: "Requirement", use: Use | None) -> datetime.date | None:
    """The day from which the duty bites new systems; systems of Annex I have a later one of their own."""
    later = requirement.details.get("applies_from_annex_i")
    if use is not None and use.risk_class == "high_annex_i" and use.role in SYSTEM_ROLES and later:
        return datetime.date.fromisoformat(str(later))
    return requirement.applies_from


def _transition(requirement: "Requirement", use: Use | None) -> Transition | None:
    """What holds for a system or model that was placed on the market before the duty; None where nothing special does."""
    general = _general_day(requirement, use)
    if use is None or use.placed_on is None or general is None:
        return None
    classes = risk_classes(requirement)
    high_risk = classes is not None and classes <= HIGH_RISK and use.role in SYSTEM_ROLES
    return transition(general, requirement.details, high_risk, use.placed_on, use.changed_on, use.setting)


def _obstacle(requirement: "Requirement", use: Use) -> str:
    """Why the duty does not bind this use; empty when it does."""
    if not _in_place(requirement.version.framework.jurisdiction, use.jurisdiction) and not requirement.voluntary:
        return f"It is law in {requirement.version.framework.jurisdiction}; the register says the system is used in {use.jurisdiction}."
    if requirement.roles and not set(use.roles) & set(requirement.roles):
        return f"It binds {_joined(requirement.roles, ROLES)}; here you are one of the {ROLES.get(use.role, use.role)}."
    classes = risk_classes(requirement)
    if classes is not None and use.role in SYSTEM_ROLES and use.risk_class not in classes:
        named = [name for name in CLASSES if name in classes]
        return f"It binds {_joined(named, CLASSES)}; this one is classed among {CLASSES.get(use.risk_class, use.risk_class)}."
    return ""


def _because(requirement: "Requirement", use: Use | None, begins: datetime.date | None) -> str:
    if begins is None and not requirement.roles:
        return "Counts as chosen: the imported file states neither a date of application nor whom it binds."
    if begins is None:
        return "Followed by choice: it has no date of application."
    if use is None:
        return f"In force since {day(begins)}. A model alone has no role or risk class; choose a system to see whether it binds you."
    bound = next((role for role in use.roles if role in requirement.roles), use.role)
    presumed = "" if bound == use.role else f", and {ROLES[use.role]} count as such"
    what = f" of {CLASSES.get(use.risk_class, use.risk_class)}" if risk_classes(requirement) and use.role in SYSTEM_ROLES else ""
    return f"Applies because it binds {ROLES.get(bound, bound)}{what}{presumed}, since {day(begins)}."


def _with(sentence: str, older: Transition | None) -> str:
    return f"{sentence} {older.rule}" if older else sentence


@functools.lru_cache(maxsize=1024)
def _in_place(law: str, used_in: str) -> bool:
    """Whether a law of one place reaches a system used in others. Only places that are all known codes may exclude it."""
    places = [place for place in re.split(r"[,;/\s]+", used_in.strip()) if place]
    if not law or law == "international" or not places or not all(CODE.fullmatch(place) for place in places):
        return True
    return any(place == law or place.startswith(f"{law}-") or law.startswith(f"{place}-") or (law == "EU" and place in EU_MEMBERS) for place in places)


def _joined(keys: list[str], words: dict[str, str]) -> str:
    named = [words.get(key, key) for key in keys]
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
