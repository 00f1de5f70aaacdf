"""Changes of the law as the register feels them: each changed row with the systems it concerns, each system with what shifts for it."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from frameworks.applicability import Applicability, Bite, day
from frameworks.editions import Change, Effect, Kind
from reports.coverage import Subject
from reports.vocabulary import joined
from web.requirements.changes import duties

WORDS = {Bite.APPLIES: "applies", Bite.NOT_YET: "not yet", Bite.ENDED: "ended", Bite.NOT_APPLICABLE: "does not bind it"}
ABSENT = "no such duty"
HAPPENED = {Kind.ADDED: "added", Kind.REMOVED: "removed", Kind.MOVED: "with other dates", Kind.REWORDED: "reworded"}


@dataclass(frozen=True)
class Concern:
    """What one change means for one system."""

    subject: Subject
    effect: Effect

    @property
    def before(self) -> str:
        """The answer under the earlier text, in a word or two."""
        return _word(self.effect.before)

    @property
    def after(self) -> str:
        """The answer under the later text."""
        return _word(self.effect.after)

    @property
    def reason(self) -> str:
        """Why, under the later text, or under the earlier one when the row is gone."""
        answer = self.effect.after or self.effect.before
        return answer.reason if answer else ""


@dataclass(frozen=True)
class Entry:
    """One changed row, and the systems concerned."""

    change: Change
    concerns: tuple[Concern, ...]


@dataclass(frozen=True)
class SystemLine:
    """One system: how many changes concern it, and how many duties apply to it only before or only after them on the chosen day."""

    subject: Subject
    concerned: int
    lost: int
    gained: int


def entries_of(changes: Sequence[Change], subjects: Sequence[Subject], as_of: datetime.date) -> list[Entry]:
    """Every change with the subjects it concerns; subjects without a use, such as models alone, are left out."""
    return [Entry(change, tuple(_concerns(change, subjects, as_of))) for change in changes]


def systems_of(entries: Sequence[Entry], subjects: Sequence[Subject]) -> list[SystemLine]:
    """A line per subject, in order."""
    return [_line(subject, [concern for entry in entries for concern in entry.concerns if concern.subject == subject]) for subject in subjects]


def summary(entries: Sequence[Entry], as_of: datetime.date) -> list[str]:
    """What happened, in one sentence, and whether it makes a difference on the chosen day."""
    if not entries:
        return ["Nothing changed between these two days."]
    kinds = [entry.change.kind for entry in entries]
    counted = joined([f"{kinds.count(kind)} {word}" for kind, word in HAPPENED.items() if kind in kinds])
    shifting = sum(any(concern.effect.shifts for concern in entry.concerns) for entry in entries)
    makes = f"{duties(shifting)} {'makes' if shifting == 1 else 'make'} a difference" if shifting else "none of it makes a difference"
    return [f"{duties(len(entries))} changed: {counted}.", f"On {day(as_of)} {makes} to the systems below."]


def _concerns(change: Change, subjects: Sequence[Subject], as_of: datetime.date) -> list[Concern]:
    found = [Concern(subject, change.effect(subject.use, as_of)) for subject in subjects if subject.use]
    return [concern for concern in found if change.touches(concern.effect)]


def _line(subject: Subject, concerns: Sequence[Concern]) -> SystemLine:
    shifting = [concern for concern in concerns if concern.effect.shifts]
    gained = sum(concern.after == WORDS[Bite.APPLIES] for concern in shifting)
    return SystemLine(subject, len(concerns), len(shifting) - gained, gained)


def _word(answer: Applicability | None) -> str:
    return WORDS[answer.bite] if answer else ABSENT
