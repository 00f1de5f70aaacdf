"""Everything the catalogue's pages show."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from accounts.permissions import allowed
from assessments.contracts import Instrument, RequirementClaim
from assessments.judgement import wording
from assessments.probes import EXPLORATION, Item, ProbeSet
from assessments.registry import METHODS, source_digest
from frameworks.evidence_kinds import kind_words
from frameworks.models import Requirement
from inventory.models import Access
from reports.vocabulary import vocabulary
from web import words
from web.blind.page import blind_context
from web.instruments import parameters, queries, records
from web.instruments.records import Belief, beliefs

SHELVES = (
    {"label": "Probe sets", "url": "/probe-sets/"},
    {"label": "Organisms", "url": "/organisms/"},
    {"label": "Blind exercises", "url": "/blind/"},
)
ABOUT = ("Estimand", "Falsifier", "Control", "Threshold", "Null", "Probe set", "Organism", "Capped verdict", "Digest")


@dataclass(frozen=True)
class Card:
    """An instrument in the list: what it asks, what it needs, how often it was used."""

    method: Instrument
    use: queries.Use
    belief: Belief

    @property
    def seconds(self) -> float:
        """Usual time on two cores."""
        return 60 * self.method.card.minutes

    @property
    def access(self) -> str:
        """The access it needs, as a word."""
        return str(Access(self.method.card.access).label)

    @property
    def readings(self) -> list[tuple[str, int]]:
        """What the data alone read so far, strongest first."""
        return [(tier, self.use.readings[tier]) for tier in vocabulary()["order"] if self.use.readings[tier]]


def list_context(actor: User) -> dict[str, Any]:
    """The context of ``web/instruments/list.html``."""
    uses, believed = queries.uses(actor), beliefs(method.card.slug for method in METHODS)
    return {
        "cards": [Card(method, uses[method.card.slug], believed[method.card.slug]) for method in METHODS],
        "qualified": sum(row.standing.qualified for row in believed.values()),
        "recorded": sum(row.row is not None for row in believed.values()),
        "may_plan": allowed(actor, "plan.write"),
        "shelves": SHELVES,
        "glossary": words.glossary("Capped verdict", "Organism", "Null", "Probe set"),
        "nav": "instruments",
    }


def detail_context(method: Instrument, actor: User) -> dict[str, Any]:
    """The context of ``web/instruments/detail.html``."""
    card = method.card
    known = queries.requirements_named([claim.requirement for claim in card.requirements])
    belief = beliefs([card.slug])[card.slug]
    return {
        **_calibration(card.slug, belief, actor),
        "card": card,
        "shown": Card(method, queries.uses(actor)[card.slug], belief),
        "digest": source_digest(card.slug),
        "parameters": parameters.parameters_of(method.Params),
        "explained": parameters.explained(method.Params),
        "thresholds": [(row.metric, wording(row)) for row in card.thresholds],
        "probe_sets": [queries.shipped_set(slug) for slug in card.probe_sets],
        "claims": [_claim(claim, known) for claim in card.requirements],
        "findings": queries.latest_findings(actor, card.slug),
        "may_plan": allowed(actor, "plan.write"),
        "glossary": words.glossary(*ABOUT),
        "nav": "instruments",
    }


def _calibration(slug: str, belief: Belief, actor: User) -> dict[str, Any]:
    """The record that counts with its curve and trials, those before it, and what is under way."""
    return {
        "belief": belief,
        "roc": records.roc_of(belief.row) if belief.row else None,
        "groups": records.group_rows(belief.row.figures["groups"]) if belief.row else [],
        "errors": records.errors_of(belief.row.calibration) if belief.row else [],
        "history": records.history(slug, belief.row) if belief.row else [],
        "calibrating": records.open_calibration(slug),
        "may_calibrate": allowed(actor, "instrument.calibrate"),
        **blind_context(actor, slug),
    }


def _claim(claim: RequirementClaim, known: Mapping[str, Requirement]) -> dict[str, Any]:
    return {"claim": claim, "requirement": known.get(claim.requirement), "kind": kind_words(claim.evidence_kind)}


def probe_set_context(shown: ProbeSet) -> dict[str, Any]:
    """The context of ``web/instruments/probe_set.html``."""
    labels = Counter(item.label for item in shown.items)
    return {
        "set": shown,
        "users": queries.users_of(shown.slug),
        "families": _families(shown.items),
        "targets": _families(shown.targets),
        "labels": [(label, meaning, labels[label]) for label, meaning in shown.labels.items()],
        "pairs": len({item.pair for item in shown.items if item.pair}),
        "extra": [(name, _lines(value)) for name, value in shown.extra.items()],
        "datasheet": [(name, shown.datasheet[name]) for name in _in_order(shown.datasheet)],
        "share": round(100 * EXPLORATION),
        "glossary": words.glossary("Probe set", "Digest", "Sealed plan"),
        "nav": "instruments",
    }


def _families(items: tuple[Item, ...]) -> list[tuple[str, list[Item]]]:
    grouped: dict[str, list[Item]] = {}
    for item in items:
        grouped.setdefault(item.family, []).append(item)
    return list(grouped.items())


def _in_order(datasheet: Mapping[str, str]) -> list[str]:
    """What the set is not, and under which licence, is read first by those who doubt it; the purpose by everybody else."""
    first = ["purpose", "limits", "licence"]
    return [name for name in first if name in datasheet] + [name for name in datasheet if name not in first]


def _lines(value: Any, under: str = "") -> list[tuple[str, str]]:
    """Any entry beyond the common ones as rows of a name and its texts."""
    if isinstance(value, Mapping):
        return [row for name, entry in value.items() for row in _lines(entry, f"{under} {name}".strip())]
    if isinstance(value, list):
        return [(under, " · ".join(str(entry).strip() for entry in value))]
    return [(under, str(value))]
