"""What each answer sets off beyond its points: a cap, an exposure, a clause; and which answers such rules merely look at. Plain Python."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from questionnaires.document import Document
from questionnaires.rules import Rule, asked_about, behind
from questionnaires.scoring import Sitting


@dataclass(frozen=True)
class Effect:
    """One thing that an answer sets off: its kind in a word, and what it is."""

    kind: str
    text: str


@dataclass(frozen=True)
class Effects:
    """``set_off`` by question; ``watched`` are the asked questions that some rule looks at and that set nothing off."""

    set_off: Mapping[str, tuple[Effect, ...]]
    watched: frozenset[str]


def effects_of(sitting: Sitting) -> Effects:
    """Of all caps, exposures and clauses of the questionnaire. Where several answers together make a rule hold, it is set off by each of them."""
    sight = sitting.final()
    found: dict[str, list[Effect]] = defaultdict(list)
    looked_at: set[str] = set()
    for rule, effect in _rules(sitting.document):
        looked_at |= set(asked_about(rule))
        for key in dict.fromkeys(behind(rule, sight)):
            found[key].append(effect)
    set_off = {key: tuple(rows) for key, rows in found.items() if key in sight.given}
    return Effects(set_off, frozenset(key for key in looked_at if key in sight.given and key not in set_off))


def _rules(document: Document) -> Iterator[tuple[Rule, Effect]]:
    titles = {section.id: f"the section “{section.title}”" for section in document.sections}
    for cap in document.caps:
        yield cap.when, Effect("cap", f"{titles.get(cap.section, 'the whole')} cannot score above {cap.at_most:g} %. {cap.because}")
    for flag in document.flags:
        yield flag.when, Effect("exposure", f"{flag.title}. {flag.because}")
    for clause in document.clauses:
        yield clause.when, Effect("clause", f"the contract should say: {clause.title}")
