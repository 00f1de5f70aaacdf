"""The questions of a review as the page lists them: where each stands, and which of them a filter shows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from questionnaires.answer_words import said
from questionnaires.document import Question, Section
from questionnaires.effects import Effect, Effects
from questionnaires.models import Answer, Exhibit, ExhibitState, Verdict
from questionnaires.staleness import Staleness

SHOWS = {"all": "All", "unjudged": "To judge", "needs_evidence": "Needs evidence", "stale": "Stale", "problem": "Raises a problem", "watched": "Only watched"}
STATES = {
    "accepted": "Accepted",
    "needs_evidence": "Needs evidence",
    "rejected": "Rejected",
    "unjudged": "To judge",
    "reopened": "Open again",
    "empty": "Not answered",
}


@dataclass(frozen=True)
class Line:
    """One question with what stands against it."""

    section: Section
    question: Question
    answer: Answer | None
    files: tuple[Exhibit, ...]
    stale: tuple[str, ...]
    effects: tuple[Effect, ...]
    watched: bool

    @property
    def key(self) -> str:
        """The key of the question."""
        return self.question.id

    @property
    def answered(self) -> bool:
        """Whether there is anything to judge: an answer, or a file that was not refused."""
        return self.answer is not None and (self.answer.value not in (None, "", []) or any(row.state != ExhibitState.REFUSED for row in self.files))

    @property
    def state(self) -> str:
        """One of ``STATES``."""
        if self.answer is not None and self.answer.verdict:
            return self.answer.verdict
        if self.answer is not None and self.answer.reopened_at is not None:
            return "reopened"
        return "unjudged" if self.answered else "empty"

    @property
    def word(self) -> str:
        """The state in words."""
        return STATES[self.state]

    @property
    def text(self) -> str:
        """The answer in words."""
        return said(self.question, self.answer.value) if self.answer else ""

    @property
    def locked(self) -> bool:
        """Whether a file is in quarantine, which stops acceptance."""
        return any(row.state == ExhibitState.QUARANTINED for row in self.files)

    def shown(self, show: str) -> bool:
        """Whether the filter ``show`` lets it through."""
        tests = {"unjudged": self.to_judge, "needs_evidence": self.state == Verdict.NEEDS_EVIDENCE, "stale": bool(self.stale)}
        return {**tests, "problem": bool(self.effects), "watched": self.watched}.get(show, True)

    @property
    def kinds(self) -> list[str]:
        """What the answer sets off, in words without repetition."""
        return list(dict.fromkeys(row.kind for row in self.effects))

    @property
    def to_judge(self) -> bool:
        """Whether it waits for a verdict."""
        return self.answered and not (self.answer and self.answer.verdict)


def lines_of(
    asked: Sequence[tuple[Section, Question]], answers: Mapping[str, Answer], files: Mapping[UUID, list[Exhibit]], stale: Staleness, effects: Effects
) -> list[Line]:
    """Every asked question in its order."""
    found = []
    for section, question in asked:
        answer = answers.get(question.id)
        mine = tuple(files.get(answer.pk, ())) if answer else ()
        old = stale.of(question.id) if answer and answer.verdict == Verdict.ACCEPTED else ()
        found.append(Line(section, question, answer, mine, old, effects.set_off.get(question.id, ()), question.id in effects.watched))
    return found


def chosen(lines: Sequence[Line], wanted: str) -> Line | None:
    """The wanted question; without one the first that waits for a verdict, else the first."""
    named = next((row for row in lines if row.key == wanted), None)
    return named or next((row for row in lines if row.to_judge), None) or next(iter(lines), None)


def after(lines: Iterable[Line], key: str) -> str:
    """The question to go to once ``key`` is judged: the next that waits, from there on and then from the beginning."""
    rows = list(lines)
    place = next((number for number, row in enumerate(rows) if row.key == key), 0)
    return next((row.key for row in rows[place + 1 :] + rows[:place] if row.to_judge), key)
