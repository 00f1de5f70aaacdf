"""One question as the page shows it, and what a form says about it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from questionnaires.answer_words import told
from questionnaires.document import Question
from questionnaires.models import Answer, Comment, Exhibit
from questionnaires.rules import DECLINED
from questionnaires.values import MOST_ROWS

SPARE_ROWS = 2
"""Empty rows below what is entered in a table."""


@dataclass
class Asked:
    """A question with all that stands beside it; ``typed`` is what was entered and not taken."""

    question: Question
    number: str
    shown: bool
    answer: Answer | None
    changeable: bool
    needed: bool = False
    exhibits: list[Exhibit] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    error: str = ""
    file_errors: list[str] = field(default_factory=list)
    typed: Any = None
    conflict: str = ""
    saved: str = ""

    @property
    def key(self) -> str:
        """The question's key."""
        return self.question.id

    @property
    def revision(self) -> int:
        """What a save must have seen."""
        return self.answer.revision if self.answer else 0

    @property
    def declined(self) -> str:
        """The reason why it is not disclosed; empty when it is not declined."""
        value = self.answer.value if self.answer else None
        return str(value.get(DECLINED, "")) if isinstance(value, dict) else ""

    @property
    def value(self) -> Any:
        """What the inputs show: what was typed and refused, else what is stored."""
        if self.typed is not None:
            return self.typed
        return None if self.declined or self.answer is None else self.answer.value

    @property
    def words(self) -> str:
        """The stored answer in words."""
        return told(self.question, self.answer.value) if self.answer else ""

    @property
    def chosen(self) -> Collection[str]:
        """Keys of the choices that are ticked."""
        return self.value if isinstance(self.value, list) else [self.value]

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        """Key, label and whether it is chosen."""
        return [(key, label, key in self.chosen) for key, label in self.question.choices.items()]

    @property
    def rows(self) -> list[list[tuple[str, str, Any, str]]]:
        """Cells of a table, as name, label, value and type of input; a few empty rows follow."""
        given = self.value if isinstance(self.value, list) else []
        count = min(len(given) + SPARE_ROWS, MOST_ROWS) if self.changeable else len(given)
        return [[self._cell(number, column, given) for column in self.question.columns] for number in range(count)]

    def _cell(self, number: int, column: Any, given: list[Any]) -> tuple[str, str, Any, str]:
        value = given[number].get(column.id, "") if number < len(given) else ""
        return f"a-{self.key}-{number}-{column.id}", f"{column.label}, row {number + 1}", value, "date" if column.type == "date" else "text"

    @property
    def reopened(self) -> str:
        """Why a reviewer asks again; empty when it is not reopened."""
        return (self.answer.reopened_reason or "Please look at this answer again.") if self.answer and self.answer.reopened_at else ""

    @property
    def takes_files(self) -> bool:
        """Whether the form offers a place for files at once."""
        return self.question.type == "file" or self.question.evidence != "none"


def named_in(data: QueryDict) -> set[str]:
    """Keys of the questions that a form speaks about."""
    return {name.removeprefix("seen-") for name in data if name.startswith("seen-")}


def seen_in(data: QueryDict, key: str) -> int:
    """The revision that stood on the page; -1, which matches none, for what is no number."""
    text = data.get(f"seen-{key}", "")
    return int(text) if text.isdecimal() and len(text) < 10 else -1


def raw_in(question: Question, data: QueryDict) -> Any:
    """What a form holds as the answer to ``question``, unchecked."""
    if question.type == "multi":
        return data.getlist(f"a-{question.id}")
    if question.type == "table":
        return _table_in(question, data)
    return (data.get(f"a-{question.id}") or "").strip() if question.type != "file" else None


def _table_in(question: Question, data: QueryDict) -> list[Mapping[str, str]]:
    rows: list[Mapping[str, str]] = []
    for number in range(MOST_ROWS + 1):
        names = {column.id: f"a-{question.id}-{number}-{column.id}" for column in question.columns}
        if not any(name in data for name in names.values()):
            break
        row = {key: data.get(name, "").strip() for key, name in names.items()}
        if any(row.values()):
            rows.append({key: cell for key, cell in row.items() if cell})
    return rows
