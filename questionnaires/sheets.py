"""A questionnaire as a workbook to fill in without the browser, and what a filled-in one says. Nothing in it is run."""

import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.datavalidation import DataValidation

from core.errors import InvalidInput
from frameworks.imports.archive import archive_check
from questionnaires.answer_words import told
from questionnaires.document import Question, Section
from questionnaires.rules import DECLINED, Value
from questionnaires.values import LONGEST_TEXT, MOST_ROWS

FORMAT: Final = "urn:assay:questionnaire-sheet:v1"
LARGEST: Final = 8 * 1024 * 1024
"""Bytes of a workbook."""
ABOUT, MAIN, CHOICES = "assay", "Questions", "choices"
HEADINGS: Final = ("Section", "Question", "Help", "Answer", "How to answer", "Or: why it is not disclosed", "key", "revision")
ANSWER, REASON, KEY, REVISION = 3, 5, 6, 7
"""Places of the columns that are read."""
WIDTHS: Final = {"A": 20, "B": 60, "C": 40, "D": 50, "E": 34, "F": 34}
HOW: Final[Mapping[str, str]] = {
    "multi": "One or more of the choices on the sheet “choices”, with semicolons between",
    "number": "A number",
    "date": "A day, such as 2026-03-31",
    "text": "Text",
    "file": "Attach the file in the browser; nothing to enter here",
    "table": "Fill in the sheet named here",
}


@dataclass(frozen=True)
class Line:
    """One question of the sheet: where it stands, what is stored, and the revision it was written at."""

    section: Section
    question: Question
    value: Value
    revision: int


@dataclass(frozen=True)
class Filled:
    """What a filled-in sheet holds for one question: ``raw`` as ``values`` reads it (None: left empty), or why the cell is refused."""

    key: str
    raw: Any
    revision: int
    fault: str = ""


@dataclass(frozen=True)
class Origin:
    """Which request and which document a sheet was made for."""

    request: str
    document: str
    number: int


def sheet_write(lines: Sequence[Line], origin: Origin, title: str) -> bytes:
    """The workbook: one row for each question, a sheet for each table, choices offered in the cell; keys and origin hidden."""
    book = Workbook()
    sheet = book.active
    sheet.title = MAIN
    _head(sheet, HEADINGS)
    choices = book.create_sheet(CHOICES)
    for number, line in enumerate(lines, start=2):
        _write_line(book, sheet, choices, number, line)
    for letter, width in WIDTHS.items():
        sheet.column_dimensions[letter].width = width
    for letter in ("G", "H"):
        sheet.column_dimensions[letter].hidden = True
    sheet.freeze_panes = "C2"
    about = book.create_sheet(ABOUT)
    rows = (("format", FORMAT), ("request", origin.request), ("document", origin.document), ("version", str(origin.number)), ("title", title))
    for row in rows:
        about.append([_text(cell) for cell in row])
    about.sheet_state = "hidden"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def sheet_read(raw: bytes, origin: Origin, lines: Sequence[Line]) -> list[Filled]:
    """What the workbook says, in the order of ``lines``; ``InvalidInput`` on ``file`` when it is not a sheet of this very request."""
    if len(raw) > LARGEST:
        raise _refused(f"The file is larger than {LARGEST // 1024 // 1024} MiB. Upload the sheet that was downloaded here, with texts in its cells.")
    if not raw.startswith(b"PK\x03\x04"):
        raise _refused("This is no XLSX workbook. Upload the sheet that was downloaded here, saved as .xlsx.")
    archive_check(raw)
    try:
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=False, keep_links=False, keep_vba=False)
        _check_origin(book, origin)
        rows = _rows(book[MAIN], len(lines) + 2, len(HEADINGS))
        return _matched(book, rows[1:], lines)
    except (InvalidFileException, KeyError, IndexError, TypeError, AttributeError, SyntaxError, OSError, zlib.error, EOFError) as error:
        raise _refused("The workbook cannot be read. Download the sheet again, copy your answers into it, and upload that.") from error
    except ValueError as error:
        raise _refused(f"The workbook cannot be read ({str(error)[:100]}). Save it again as .xlsx.") from error


def _write_line(book: Any, sheet: Any, choices: Any, number: int, line: Line) -> None:
    question, value = line.question, line.value
    reason = value.get(DECLINED, "") if isinstance(value, dict) else ""
    shown = "" if isinstance(value, dict) or question.type == "table" else _shown(question, value)
    how = _how(question)
    if question.type == "table":
        how = f"{how}: “{_table(book, line)}”"
    cells = (line.section.title, question.text, question.help, shown, how, reason, question.id, line.revision)
    for place, cell in enumerate(cells, start=1):
        _put(sheet.cell(number, place), cell)
    sheet.cell(number, ANSWER + 1).fill = sheet.cell(number, REASON + 1).fill = PatternFill("solid", fgColor="FFF8E1")
    if question.choices:
        _offer(sheet, choices, number, question)


def _shown(question: Question, value: Value) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    return "; ".join(question.choices.get(row, str(row)) for row in value) if isinstance(value, list) else told(question, value)


def _how(question: Question) -> str:
    if question.choices and question.type != "multi":
        return "Choose from the list in the cell"
    return HOW[question.type] + (f" of {question.unit}" if question.unit and question.type == "number" else "")


def _offer(sheet: Any, choices: Any, number: int, question: Question) -> None:
    column = choices.max_column + 1 if choices.cell(1, 1).value is not None else 1
    _put(choices.cell(1, column), question.text[:200])
    for place, label in enumerate(question.choices.values(), start=2):
        _put(choices.cell(place, column), label)
    if question.type != "multi":
        letter = choices.cell(1, column).column_letter
        rule = DataValidation("list", formula1=f"{CHOICES}!${letter}$2:${letter}${len(question.choices) + 1}", allow_blank=True)
        sheet.add_data_validation(rule)
        rule.add(sheet.cell(number, ANSWER + 1))


def _table(book: Any, line: Line) -> str:
    name = _table_name(line.question)
    sheet = book.create_sheet(name)
    _head(sheet, [column.label for column in line.question.columns])
    rows = line.value if isinstance(line.value, list) else []
    for number, row in enumerate(rows, start=2):
        for place, column in enumerate(line.question.columns, start=1):
            _put(sheet.cell(number, place), row.get(column.id))
    for column in sheet.columns:
        sheet.column_dimensions[column[0].column_letter].width = 28
    return name


def _table_name(question: Question) -> str:
    # Names of sheets have at most 31 characters and ignore case; keys are lower case.
    return question.id[:31] if question.id not in (ABOUT, CHOICES) else f"{question.id} table"


def _head(sheet: Any, headings: Sequence[str]) -> None:
    for place, heading in enumerate(headings, start=1):
        _put(sheet.cell(1, place), heading)
        sheet.cell(1, place).font = Font(bold=True)


def _put(cell: Any, value: Any) -> None:
    cell.value = value if isinstance(value, int | float) or value is None else _text(value)
    if isinstance(value, str):
        # The library would store a text that begins with “=” as a formula.
        cell.data_type, cell.quotePrefix = "s", True
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    cell.protection = Protection(locked=False)


def _text(value: Any) -> str:
    return str(ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", str(value)))


def _check_origin(book: Any, origin: Origin) -> None:
    if ABOUT not in book.sheetnames or MAIN not in book.sheetnames:
        raise _refused("This workbook was not made here: its hidden sheet is missing. Download the sheet and fill that in.")
    facts = {str(row[0].value): str(row[1].value) for row in _rows(book[ABOUT], 10, 2) if len(row) == 2}
    if facts.get("format") != FORMAT or facts.get("request") != origin.request:
        raise _refused("This sheet belongs to another questionnaire. Upload the one that was downloaded on this page.")
    if facts.get("document") != origin.document:
        raise _refused("This sheet was changed: it names another version of the questions. Download it again and copy your answers into it.")


def _rows(sheet: Any, most: int, columns: int) -> list[Sequence[Any]]:
    return list(sheet.iter_rows(max_row=most, max_col=columns))


def _matched(book: Any, rows: Sequence[Sequence[Any]], lines: Sequence[Line]) -> list[Filled]:
    found = {str(row[KEY].value): row for row in rows if len(row) > REVISION and row[KEY].value is not None}
    keys = [str(row[KEY].value) for row in rows if len(row) > REVISION and row[KEY].value is not None]
    wanted = [line.question.id for line in lines]
    if sorted(keys) != sorted(wanted):
        raise _refused("The hidden column of keys was changed: rows are missing, doubled or strange. Download the sheet again and copy your answers into it.")
    return [_filled(book, line, found[line.question.id]) for line in lines]


def _filled(book: Any, line: Line, row: Sequence[Any]) -> Filled:
    question = line.question
    try:
        revision = int(str(row[REVISION].value))
    except ValueError as error:
        raise _refused(f"The hidden column of revisions was changed at “{question.id}”. Download the sheet again.") from error
    try:
        reason = _plain(row[REASON])
        raw = _table_raw(book, question) if question.type == "table" else _raw(question, row[ANSWER])
    except InvalidInput as error:
        return Filled(question.id, None, revision, error.message)
    if reason and not isinstance(line.value, dict) and raw is not None and raw != _raw_of(line):
        return Filled(question.id, None, revision, "There is an answer and a reason for not disclosing it. Keep one of them.")
    return Filled(question.id, {DECLINED: str(reason)} if reason else raw, revision)


def _raw_of(line: Line) -> Any:
    shown = line.value
    return shown if not isinstance(shown, dict) else None


def _raw(question: Question, cell: Any) -> Any:
    value = _plain(cell)
    if value is None or question.type == "file":
        return None
    if question.type == "multi":
        return [_key_of(question, part) for part in str(value).split(";") if part.strip()]
    if question.choices:
        return _key_of(question, str(value))
    if question.type == "text":
        return str(value)
    return value


def _key_of(question: Question, text: str) -> str:
    wanted = text.strip().casefold()
    return next((key for key, label in question.choices.items() if wanted in (key.casefold(), label.casefold())), text.strip())


def _table_raw(book: Any, question: Question) -> Any:
    name = _table_name(question)
    if name not in book.sheetnames:
        return None
    rows = _rows(book[name], MOST_ROWS + 2, len(question.columns))[1:]
    found = []
    for row in rows:
        cells = {column.id: _plain(cell) for column, cell in zip(question.columns, row, strict=False)}
        if any(value is not None for value in cells.values()):
            found.append({key: _cell(question, key, value) for key, value in cells.items() if value is not None})
    return found or None


def _cell(question: Question, key: str, value: Any) -> Any:
    kind = next(column.type for column in question.columns if column.id == key)
    return str(value) if kind == "text" else value


def _plain(cell: Any) -> Any:
    """A cell's value without what runs: None when empty, days as ISO text; ``InvalidInput`` on a formula or an error."""
    value = cell.value
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if cell.data_type == "f":
        raise _refused("The cell holds a formula, and formulas are not run. Enter its value as text.")
    if cell.data_type == "e":
        raise _refused(f"The cell holds an error ({str(value)[:20]}). Enter a value.")
    if isinstance(value, datetime | date):
        return (value.date() if isinstance(value, datetime) else value).isoformat()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = str(value).strip()
    if len(text) > LONGEST_TEXT:
        raise _refused(f"The cell holds {len(text):,} characters; at most {LONGEST_TEXT:,}. Attach a file for more.")
    return text


def _refused(message: str) -> InvalidInput:
    return InvalidInput("file", message)


def lines_of(sections: Iterator[Section], answers: Mapping[str, Any], opens: Any) -> list[Line]:
    """The lines of every question of the sections that ``opens`` says yes to; ``answers`` by key, with value and revision."""
    found = []
    for section in sections:
        if opens(section.id):
            for question in section.questions:
                answer = answers.get(question.id)
                found.append(Line(section, question, answer.value if answer else None, answer.revision if answer else 0))
    return found
