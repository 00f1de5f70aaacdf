"""What may stand as an answer, by type of question. Plain Python.

Stored values: yes_no, yes_no_partly, single: the chosen key; multi: a list of keys; number: a number in the question's unit; date: an ISO
day; text: a string; file: nothing, the files are the answer; table: a list of rows, each a mapping from column to value. Any question may be
declined: ``{"declined": "why"}``. None takes an answer back.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from core.errors import InvalidInput
from questionnaires.document import Column, Question
from questionnaires.rules import DECLINED, Value

PLAIN_NUMBER = re.compile(r"\s*[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d{1,3})?\s*", re.ASCII)
THOUSANDS = re.compile(r"\s*[+-]?\d{1,3}(,\d{3})+\s*")
"""“1,000” is one or a thousand, depending on who reads it: one hour must never be made of a thousand."""
LONGEST_TEXT = 10_000
LONGEST_CELL = 1_000
MOST_ROWS = 200


def value_read(question: Question, raw: Any) -> Value:
    """``raw`` as it is stored for ``question``; ``InvalidInput`` under the question's key says what to enter instead."""
    if raw in (None, "", []):
        return None
    if isinstance(raw, dict) and DECLINED in raw:
        return _declined(question, raw)
    return READERS[question.type](question, raw)


def _declined(question: Question, raw: Mapping[str, Any]) -> Value:
    reason = raw[DECLINED]
    if set(raw) != {DECLINED} or not isinstance(reason, str) or not reason.strip():
        raise InvalidInput(question.id, "say in a sentence why this is not disclosed")
    return {DECLINED: _text(question, reason, LONGEST_CELL)}


def _text(question: Question, raw: Any, most: int = LONGEST_TEXT) -> str | None:
    if not isinstance(raw, str):
        raise InvalidInput(question.id, "enter text")
    if "\x00" in raw or any("\ud800" <= sign <= "\udfff" for sign in raw):
        raise InvalidInput(question.id, "the text holds a null or half character, which cannot be kept; remove it")
    if len(raw) > most:
        raise InvalidInput(question.id, f"at most {most:,} characters; this has {len(raw):,}. Attach a file for more")
    return raw.strip() or None


def _choice(question: Question, raw: Any) -> str:
    if not isinstance(raw, str) or raw not in question.choices:
        raise InvalidInput(question.id, f"choose one of: {', '.join(question.choices.values())}")
    return raw


def _choices(question: Question, raw: Any) -> list[Any]:
    if not isinstance(raw, list | tuple):
        raise InvalidInput(question.id, "choose from the list")
    chosen = {_choice(question, row) for row in raw}
    return [key for key in question.choices if key in chosen]


def _number(question: Question, raw: Any) -> float | int:
    if isinstance(raw, str) and THOUSANDS.fullmatch(raw):
        raise InvalidInput(question.id, f"“{raw.strip()}” can be read in two ways; write it without a comma, or with a point for the fraction")
    try:
        if isinstance(raw, bool) or (isinstance(raw, str) and not PLAIN_NUMBER.fullmatch(raw)):
            raise TypeError
        number = float(raw.replace(",", ".") if isinstance(raw, str) else raw)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(question.id, f"enter a number{_in_unit(question)}, digits only") from error
    if not math.isfinite(number):
        raise InvalidInput(question.id, f"enter a number{_in_unit(question)}")
    if question.least is not None and number < question.least:
        raise InvalidInput(question.id, f"enter at least {question.least:g}")
    if question.greatest is not None and number > question.greatest:
        raise InvalidInput(question.id, f"enter at most {question.greatest:g}")
    return int(number) if number == int(number) and abs(number) < 2**53 else number


def _in_unit(question: Question) -> str:
    return f" of {question.unit}" if question.unit else ""


def _day(question: Question, raw: Any) -> str:
    try:
        return date.fromisoformat(raw if isinstance(raw, str) else "").isoformat()
    except ValueError as error:
        raise InvalidInput(question.id, "enter a day as year-month-day, such as 2026-03-31") from error


def _file(question: Question, raw: Any) -> None:
    raise InvalidInput(question.id, "attach a file; this question takes no other answer")


def _table(question: Question, raw: Any) -> list[Any]:
    if not isinstance(raw, list) or not all(isinstance(row, dict) for row in raw):
        raise InvalidInput(question.id, "enter rows")
    if len(raw) > MOST_ROWS:
        raise InvalidInput(question.id, f"at most {MOST_ROWS} rows; attach a file for more")
    columns = {column.id: column for column in question.columns}
    for key in {key for row in raw for key in row} - set(columns):
        raise InvalidInput(question.id, f"there is no column “{key}”; columns: {', '.join(columns)}")
    rows = [{key: _cell(question, columns[key], cell) for key, cell in row.items() if cell not in (None, "")} for row in raw]
    return [row for row in rows if row]


def _cell(question: Question, column: Column, raw: Any) -> Any:
    cell = Question(id=question.id, text=column.label, type=column.type)
    try:
        return _text(cell, raw, LONGEST_CELL) if column.type == "text" else READERS[column.type](cell, raw)
    except InvalidInput as error:
        raise InvalidInput(question.id, f"{column.label}: {error.message}") from error


READERS: Mapping[str, Callable[[Question, Any], Value]] = {
    "yes_no": _choice,
    "yes_no_partly": _choice,
    "single": _choice,
    "multi": _choices,
    "number": _number,
    "date": _day,
    "text": _text,
    "file": _file,
    "table": _table,
}
