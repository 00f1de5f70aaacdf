"""What is asked, what is missing, and what the answers are worth. Plain Python; the same answers on the same day give the same sheet.

Every score stands twice: as *claimed* (the answers as they stand) and as *confirmed* (only answers that a reviewer accepted). A question that
is not asked, because of its ``show_if`` or a category that was switched off, plays no part; one that is asked and not answered, or declined,
counts as zero. A rejected answer is worth nothing. Points of a section are weighted by question, sections by their own weight.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from questionnaires.document import Clause, Document, Flag, Question, Section
from questionnaires.rules import Given, Sight, holds

ACCEPTED, REJECTED = "accepted", "rejected"


@dataclass(frozen=True)
class QuestionScore:
    """Points of one question; ``open`` says that only a reviewer can give them and has not yet: until then no cap, flag or clause looks at them."""

    question: str
    section: str
    most: float
    weight: float
    claimed: float
    confirmed: float
    open: bool = False


@dataclass(frozen=True)
class Share:
    """Per cent of what could be reached, before and after caps; None where nothing is scored."""

    claimed: float | None
    confirmed: float | None
    capped_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """The result: the total, the sections, the questions, the caps that held, exposures, clauses to ask for, and how much is asked and answered."""

    total: Share
    sections: Mapping[str, Share]
    questions: tuple[QuestionScore, ...]
    caps: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    clauses: tuple[Clause, ...] = ()
    asked: int = 0
    answered: int = 0
    missing: tuple[str, ...] = ()

    def stored(self) -> dict[str, Any]:
        """As it is kept in the history of scores."""
        return {
            "claimed": self.total.claimed,
            "confirmed": self.total.confirmed,
            "sections": {key: {"claimed": row.claimed, "confirmed": row.confirmed} for key, row in self.sections.items()},
            "caps": list(self.caps),
            "flags": [row.id for row in self.flags],
            "clauses": [row.id for row in self.clauses],
            "asked": self.asked,
            "answered": self.answered,
        }


@dataclass(frozen=True)
class Sitting:
    """A document with what was answered, the categories switched away from their default, and the day on which ages are counted."""

    document: Document
    given: Mapping[str, Given]
    on: date
    switched: Collection[str] = field(default_factory=frozenset)

    def sections(self) -> Iterator[Section]:
        """Sections that are asked at all."""
        off = {row.id for row in self.document.categories if row.on == (row.id in self.switched)}
        return (row for row in self.document.sections if row.category not in off)

    def asked(self) -> list[tuple[Section, Question]]:
        """Questions to be answered, in order. What a hidden question was answered before it was hidden opens nothing."""
        rows: list[tuple[Section, Question]] = []
        seen: dict[str, Given] = {}
        for section in self.sections():
            for question in section.questions:
                if question.show_if is None or holds(question.show_if, Sight(seen, self.on)):
                    rows.append((section, question))
                    seen[question.id] = self.given.get(question.id, Given())
        return rows

    def missing(self) -> list[str]:
        """Keys of required questions without an answer, and of questions that want evidence and have none. Declining is an answer."""
        asked = self.asked()
        sight = self._sight(asked)
        return [question.id for _, question in asked if _lacks(question, sight)]

    def sheet(self) -> Sheet:
        """Everything that follows from the answers."""
        asked = self.asked()
        sight = self._sight(asked)
        rows, final = self._scored(asked, sight)
        held = [cap for cap in self.document.caps if holds(cap.when, final)]
        sections = {section.id: self._section(section, rows, held) for section in self.sections()}
        return Sheet(
            total=_rounded(self._total(sections, held)),
            sections={key: _rounded(share) for key, share in sections.items()},
            questions=rows,
            caps=tuple(cap.id for cap in held),
            flags=tuple(row for row in self.document.flags if holds(row.when, final)),
            clauses=tuple(row for row in self.document.clauses if holds(row.when, final)),
            asked=len(asked),
            answered=sum(sight.at(question.id).answered for _, question in asked),
            missing=tuple(question.id for _, question in asked if _lacks(question, sight)),
        )

    def final(self) -> Sight:
        """What caps, flags and clauses look at: the answers to asked questions, and the points that stand."""
        asked = self.asked()
        return self._scored(asked, self._sight(asked))[1]

    def _scored(self, asked: list[tuple[Section, Question]], sight: Sight) -> tuple[tuple[QuestionScore, ...], Sight]:
        rows = tuple(_score(section, question, sight) for section, question in asked if question.most is not None)
        return rows, Sight(sight.given, self.on, {row.question: row.claimed for row in rows if not row.open})

    def _sight(self, asked: list[tuple[Section, Question]]) -> Sight:
        return Sight({question.id: self.given.get(question.id, Given()) for _, question in asked}, self.on)

    def _section(self, section: Section, rows: tuple[QuestionScore, ...], held: list[Any]) -> Share:
        mine = [row for row in rows if row.section == section.id]
        most = sum(row.most * row.weight for row in mine)
        if not most:
            return Share(None, None)
        claimed, confirmed = (100 * sum(getattr(row, name) * row.weight for row in mine) / most for name in ("claimed", "confirmed"))
        return _capped(claimed, confirmed, [cap for cap in held if cap.section == section.id])

    def _total(self, sections: Mapping[str, Share], held: list[Any]) -> Share:
        scored = [(section.weight, sections[section.id]) for section in self.sections() if sections[section.id].claimed is not None]
        weight = sum(row for row, _ in scored)
        if not weight:
            return Share(None, None)
        claimed = sum(row * (share.claimed or 0.0) for row, share in scored) / weight
        confirmed = sum(row * (share.confirmed or 0.0) for row, share in scored) / weight
        return _capped(claimed, confirmed, [cap for cap in held if not cap.section])


def _capped(claimed: float, confirmed: float, caps: list[Any]) -> Share:
    ceiling = min((cap.at_most for cap in caps), default=100.0)
    return Share(min(claimed, ceiling), min(confirmed, ceiling), tuple(cap.id for cap in caps))


def _rounded(share: Share) -> Share:
    """To a tenth, at the very end: the total is counted from what was not rounded."""
    if share.claimed is None or share.confirmed is None:
        return share
    return Share(round(share.claimed, 1), round(share.confirmed, 1), share.capped_by)


def _lacks(question: Question, sight: Sight) -> bool:
    given = sight.at(question.id)
    if given.declined:
        return False
    needed = question.required or (question.required_if is not None and holds(question.required_if, sight))
    return (needed and not given.answered) or (given.answered and question.evidence == "required" and not given.exhibits)


def _score(section: Section, question: Question, sight: Sight) -> QuestionScore:
    given, most = sight.at(question.id), question.most or 0.0
    reached = 0.0 if given.verdict == REJECTED else min(_points(question, given, sight), most)
    waiting = bool(question.levels) and given.answered and not given.declined and given.points is None and not given.verdict
    confirmed = reached if given.verdict == ACCEPTED else 0.0
    return QuestionScore(question.id, section.id, most, question.weight, reached, confirmed, waiting)


def _points(question: Question, given: Given, sight: Sight) -> float:
    if question.levels:
        return given.points or 0.0
    if not given.answered or given.declined:
        return 0.0
    if question.awards:
        return next((row.points for row in question.awards if row.when is None or holds(row.when, sight)), 0.0)
    told = given.told
    chosen = told if isinstance(told, list) else [told]
    return sum(row.points or 0.0 for row in question.options if row.id in chosen)
