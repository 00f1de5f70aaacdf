"""What the pages say about instruments: usual times, and the standard plan before it is drafted."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from assessments.contracts import InstrumentCard
from assessments.judgement import wording
from assessments.parameters import params_parse
from assessments.registry import METHODS, instrument
from assessments.services.plans import ACCESS_ORDER, PlanItem
from assessments.services.standard import STANDARD_ITEMS
from inventory.models import Access, ModelVersion
from reports.formats import plain
from reports.queries import step_title


@dataclass(frozen=True)
class Outline:
    """One step of the standard plan as it will be sealed; ``blocked`` says why it cannot run on this version."""

    title: str
    card: InstrumentCard
    params: Mapping[str, Any]
    thresholds: list[tuple[str, str]]
    blocked: str

    @property
    def seconds(self) -> float:
        """Usual time on two cores."""
        return 60 * self.card.minutes

    @property
    def settings(self) -> str:
        """The parameters on one line."""
        return ", ".join(f"{name.replace('_', ' ')} {plain(value)}" for name, value in self.params.items())

    @property
    def controls(self) -> str:
        """The controls on one line."""
        return ", ".join(name.replace("_", " ") for name in self.card.controls)


def usual_seconds() -> dict[str, float]:
    """How long each instrument usually takes on two cores."""
    return {method.card.slug: 60 * method.card.minutes for method in METHODS}


def standard_outline(version: ModelVersion) -> list[Outline]:
    """The standard plan for ``version``, step by step."""
    return [_outline(item, version) for item in STANDARD_ITEMS]


def _outline(item: PlanItem, version: ModelVersion) -> Outline:
    method = instrument(item.instrument)
    params = asdict(params_parse(method.Params, item.params))
    thresholds = [(row.metric, wording(row)) for row in (item.thresholds or method.card.thresholds)]
    return Outline(step_title(item.key or item.instrument), method.card, params, thresholds, _blocked(method.card, version))


def _blocked(card: InstrumentCard, version: ModelVersion) -> str:
    granted, needed = Access(version.access), Access(card.access)
    if ACCESS_ORDER.index(granted) >= ACCESS_ORDER.index(needed):
        return ""
    return f"needs access to {needed.label.lower()}; this version grants {granted.label.lower()}"
