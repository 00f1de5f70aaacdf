"""Answering as a vendor would, without storing anything: what was typed becomes a sitting, and the sitting says what is asked and what it is worth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from core import clock
from core.errors import InvalidInput
from questionnaires.document import Document, Question, Section
from questionnaires.rules import Given, Value
from questionnaires.scoring import Sheet, Sitting
from questionnaires.values import value_read
from questionnaires.wording import counted

FILE, LEVEL, CATEGORY, ACCEPTED = "file:", "level:", "category:", "accepted"
"""Before the key of a question or category in the names of the form's fields; ``ACCEPTED`` supposes a reviewer who accepts everything."""


@dataclass(frozen=True)
class Asked:
    """One question on the page, with what was typed."""

    row: Question
    typed: Any
    error: str
    file: bool
    level: str

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        """Value, label, and whether it is chosen."""
        chosen = self.typed if isinstance(self.typed, list) else [self.typed]
        return [(key, label, key in chosen) for key, label in self.row.choices.items()]

    @property
    def levels(self) -> list[tuple[str, str, bool]]:
        """Points, what deserves them, and whether they are chosen."""
        return [(str(place), f"{counted(row.points, 'point')}: {row.label}", str(place) == self.level) for place, row in enumerate(self.row.levels)]

    @property
    def takes_file(self) -> bool:
        """Whether a file may stand behind the answer."""
        return self.row.type == "file" or self.row.evidence != "none"


@dataclass(frozen=True)
class Trial:
    """A document with what was typed."""

    document: Document
    typed: Mapping[str, Any]
    files: frozenset[str]
    levels: Mapping[str, str]
    switched: frozenset[str]
    accepted: bool
    errors: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, Given] = field(default_factory=dict)

    @property
    def sitting(self) -> Sitting:
        """What follows is counted from this, on today's date."""
        return Sitting(self.document, self.given, clock.now().date(), self.switched)

    def asked(self) -> list[tuple[Section, list[Asked]]]:
        """What is asked now, by section."""
        found: dict[str, tuple[Section, list[Asked]]] = {}
        for section, row in self.sitting.asked():
            typed, level = self.typed.get(row.id, ""), self.levels.get(row.id, "")
            found.setdefault(section.id, (section, []))[1].append(Asked(row, typed, self.errors.get(row.id, ""), row.id in self.files, level))
        return list(found.values())

    def sheet(self) -> Sheet:
        """The score sheet."""
        return self.sitting.sheet()


def trial_read(document: Document, data: QueryDict | None) -> Trial:
    """What was sent; nothing is answered and every category is at its default while the page is only looked at."""
    if data is None:
        return Trial(document, {}, frozenset(), {}, frozenset(), False)
    typed = {key: data.getlist(key) if row.type == "multi" else data.get(key, "") for key, row in document.by_id.items()}
    files = frozenset(key for key in document.by_id if f"{FILE}{key}" in data)
    levels = {key: data.get(f"{LEVEL}{key}", "") for key in document.by_id}
    switched = frozenset(row.id for row in document.categories if row.on != (f"{CATEGORY}{row.id}" in data))
    given, errors = {}, {}
    for key, row in document.by_id.items():
        try:
            value = _value(row, typed[key])
        except InvalidInput as error:
            value, errors[key] = None, error.message
        given[key] = Given(value, int(key in files), "accepted" if ACCEPTED in data else "", _points(row, levels[key]))
    return Trial(document, typed, files, levels, switched, ACCEPTED in data, errors, given)


def _value(question: Question, typed: Any) -> Value:
    if question.type == "table" and isinstance(typed, str):
        keys = [row.id for row in question.columns]
        typed = [dict(zip(keys, map(str.strip, line.split("|")), strict=False)) for line in typed.splitlines() if line.strip()]
    return None if question.type == "file" else value_read(question, typed)


def _points(question: Question, level: str) -> float | None:
    return question.levels[int(level)].points if level.isdecimal() and len(level) < 4 and int(level) < len(question.levels) else None
