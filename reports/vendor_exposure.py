"""How much depends on each vendor, from 0 to 100, out of four parts that are added: a plain count, not a probability, with its reasons in words.

- Use, up to 40: the strictest risk class among the AI systems in which the vendor's models are at work (high risk or prohibited 40, transparency
  duties 20, minimal 8, no system 0).
- Spread, up to 20: 4 for each place where they are at work, counted up to five.
- Tier, up to 25: our own judgement of how much we depend on the vendor (critical 25, important 15, standard 5, low 0).
- Incidents, up to 15: 5 for each open incident that names the vendor or one of its model versions, counted up to three.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet

from decisions.duties import unresolved
from decisions.models import Incident
from inventory.models import Deployment, RiskClass, Tier, Vendor

USE: Final[Mapping[str, int]] = {
    RiskClass.PROHIBITED: 40,
    RiskClass.HIGH_ANNEX_III: 40,
    RiskClass.HIGH_ANNEX_I: 40,
    RiskClass.TRANSPARENCY: 20,
    RiskClass.MINIMAL: 8,
}
TIER: Final[Mapping[str, int]] = {Tier.CRITICAL: 25, Tier.IMPORTANT: 15, Tier.STANDARD: 5, Tier.LOW: 0}
A_PLACE, PLACES, AN_INCIDENT, INCIDENTS = 4, 5, 5, 3


@dataclass(frozen=True)
class Part:
    """One addend: its name, its points, the most there could be, and why."""

    name: str
    points: int
    most: int
    why: str


@dataclass(frozen=True)
class Exposure:
    """The sum and its parts."""

    parts: tuple[Part, ...]

    @property
    def total(self) -> int:
        """From 0 to 100."""
        return sum(row.points for row in self.parts)

    @property
    def why(self) -> str:
        """Every part in one line."""
        return "; ".join(f"{row.name.lower()} {row.points} of {row.most} ({row.why})" for row in self.parts)


def exposure(risk_classes: list[str], places: int, tier: str, incidents: int) -> Exposure:
    """The exposure out of its four inputs; nothing is read."""
    worst = max(risk_classes, key=lambda row: USE[row], default=None)
    use = Part("Use", USE[worst] if worst else 0, 40, f"strictest class: {RiskClass(worst).label}" if worst else "no AI system uses its models")
    spread = Part("Spread", A_PLACE * min(places, PLACES), A_PLACE * PLACES, f"at work in {places} place{'' if places == 1 else 's'}")
    ours = Part("Tier", TIER[tier], 25, str(Tier(tier).label).lower())
    said = f"{incidents} open" if incidents else "none is open"
    return Exposure((use, spread, ours, Part("Incidents", AN_INCIDENT * min(incidents, INCIDENTS), AN_INCIDENT * INCIDENTS, said)))


def exposures_of(vendors: QuerySet[Vendor]) -> dict[UUID, Exposure]:
    """The exposure to each vendor by its key; three queries whatever their number."""
    keys = vendors.order_by().values("pk")
    classes: dict[UUID, list[str]] = defaultdict(list)
    for vendor, risk in Deployment.objects.filter(active=True, version__model__vendor__in=keys).values_list("version__model__vendor", "system__risk_class"):
        classes[vendor].append(risk)
    incidents = _incidents(keys)
    tiers = dict(vendors.order_by().values_list("pk", "tier"))
    return {key: exposure(classes[key], len(classes[key]), tier, len(incidents[key])) for key, tier in tiers.items()}


def exposure_of(vendor: Vendor, risk_classes: list[str]) -> Exposure:
    """The exposure to one vendor whose models are at work in systems of these classes, one for each place; one query."""
    return exposure(risk_classes, len(risk_classes), vendor.tier, len(_incidents([vendor.pk])[vendor.pk]))


def _incidents(keys: Any) -> dict[UUID, set[UUID]]:
    """Open incidents by the vendor they name, directly or through a version."""
    found: dict[UUID, set[UUID]] = defaultdict(set)
    touching = unresolved(Incident.objects.filter(Q(vendors__in=keys) | Q(versions__model__vendor__in=keys)))
    for key, vendor, through in touching.order_by().values_list("pk", "vendors", "versions__model__vendor"):
        for named in {vendor, through} - {None}:
            found[named].add(key)
    return found
