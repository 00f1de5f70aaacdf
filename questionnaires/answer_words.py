"""Answers in words: what a stored value says to a person. Plain Python."""

from typing import Any

from questionnaires.document import Question
from questionnaires.rules import DECLINED, Value


def said(question: Question, value: Value) -> str:
    """The value as a sentence or lines; empty where nothing was said. A choice and a row of a table each take a line."""
    if value in (None, "", []):
        return ""
    if isinstance(value, dict):
        return f"Not disclosed: {value.get(DECLINED, '')}"
    if question.type == "table" and isinstance(value, list):
        return "\n".join(_row(question, row) for row in value)
    if isinstance(value, list):
        return "\n".join(question.choices.get(str(row), str(row)) for row in value)
    if question.type == "number":
        return f"{value:g} {question.unit}".strip() if isinstance(value, float) else f"{value} {question.unit}".strip()
    return question.choices.get(str(value), str(value))


def told(question: Question, value: Value) -> str:
    """The same on one line, for cells and lists."""
    if not isinstance(value, list):
        return said(question, value)
    return ("; " if question.type == "table" else ", ").join(said(question, value).splitlines())


def _row(question: Question, row: Any) -> str:
    return ", ".join(f"{column.label}: {row[column.id]}" for column in question.columns if column.id in row)
