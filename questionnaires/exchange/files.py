"""Questionnaires out to YAML, XLSX and CSV, and in from untrusted bytes: recognised by content, checked whole, formulas neither written nor run."""

import csv
import io
from collections.abc import Callable, Mapping
from typing import Any, Final

import yaml
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from core.errors import InvalidInput
from frameworks.imports.documents import json_read, yaml_read
from frameworks.imports.limits import refused
from frameworks.imports.reader import YAML_LINE, decoded
from frameworks.imports.sheets import FORMULA, Grid, csv_grid, xlsx_grids
from questionnaires.document import Document, document_read
from questionnaires.exchange.cells import alive, inert
from questionnaires.exchange.flat import COLUMNS, FIELDS, Flat, document_of, flat_rows

LARGEST: Final = 2 * 1024 * 1024
LONGEST_CELL: Final = 32_767
"""A spreadsheet program cuts longer cells, silently."""
SHEET: Final = "Questionnaire"
GUIDE: Final = (
    ("Column", "What stands there"),
    ("kind", f"What the row is: {', '.join(FIELDS)}. Questions stand below their section."),
    ("id", "A key of small letters, digits, hyphens. Answers refer to it, so it stays when the text changes."),
    ("in", "question: key of its section. section: key of its category. cap: key of the section it caps; empty for the whole."),
    ("text", "Title or question."),
    ("help", "Help below it. clause: the text to ask for. questionnaire: what it is about."),
    ("type", "yes_no, yes_no_partly, single, multi, number, date, text, file or table."),
    ("options", "single and multi: a line for each, key | label | points. Points may be left away."),
    ("columns", "table: a line for each, key | label | type."),
    ("unit, least, greatest", "number: its unit and limits."),
    ("required", "yes or empty."),
    ("show_if, required_if", "A rule over earlier questions, such as: q02 = yes and q02-hours <= 24"),
    ("evidence", "none, welcome or required."),
    ("weight", "How much a question counts in its section, or a section in the total; 1 where it is empty."),
    ("most", "The highest number of points; empty for a question that is not scored."),
    ("awards", "A line for each, points: rule. The first rule that holds counts."),
    ("levels", "A line for each, points | what deserves them. A reviewer chooses."),
    ("when, at_most, because", "cap, flag, clause: when it holds; cap: per cent at most; why."),
    ("on", "category: no where it is asked only when it is switched on."),
    ("source, headline", "questionnaire: where it comes from; keys of the questions that sum it up."),
)


def as_yaml(document: Document) -> bytes:
    """The document itself, with its rules as data."""
    text: str = yaml.safe_dump(document.stored(), sort_keys=False, allow_unicode=True, width=150)
    return text.encode()


def as_csv(document: Document) -> bytes:
    """UTF-8 with a byte-order mark, without which Excel guesses the encoding."""
    stream = io.StringIO()
    csv.writer(stream).writerows(_table(document))
    return stream.getvalue().encode("utf-8-sig")


def as_xlsx(document: Document) -> bytes:
    """The rows, and a second sheet that says what each column holds."""
    book = Workbook(write_only=True)
    for name, rows in ((SHEET, _table(document)), ("Columns", [list(row) for row in GUIDE])):
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([text_cell(sheet, value) for value in row])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


FORMATS: Final[Mapping[str, tuple[str, Callable[[Document], bytes]]]] = {
    "yaml": ("application/yaml", as_yaml),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", as_xlsx),
    "csv": ("text/csv; charset=utf-8", as_csv),
}
"""Media type and writer by ending."""


def _table(document: Document) -> list[list[str]]:
    rows = [[inert(flat.get(name, "")) for name in COLUMNS] for flat in flat_rows(document)]
    if any(len(cell) > LONGEST_CELL for row in rows for cell in row):
        raise InvalidInput("form", "a question has more text than a spreadsheet cell keeps; export it as YAML")
    return [list(COLUMNS), *rows]


def text_cell(sheet: Any, text: str) -> Any:
    """Text as text, also when somebody edits the cell."""
    cell = WriteOnlyCell(sheet, value=text)
    cell.data_type = "s"
    cell.quotePrefix = True
    return cell


def document_from(raw: bytes) -> Document:
    """The questionnaire in the file ``raw``; ``InvalidInput`` under “file” names the place that is wrong and the fix."""
    if not raw.strip():
        raise refused("The file is empty. Choose the one you meant.")
    if len(raw) > LARGEST:
        raise refused(f"The file is larger than {LARGEST >> 20} MiB, more than any questionnaire needs. Choose the one you meant.")
    if raw.startswith(b"PK\x03\x04"):
        return _from_grids(xlsx_grids(raw))
    text = decoded(raw)
    if text.lstrip()[:1] == "{":
        return _checked(json_read(text))
    if YAML_LINE.match(next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")):
        return _checked(yaml_read(text))
    return _from_grids(csv_grid(text))


def _checked(value: Any) -> Document:
    try:
        return document_read(_without_nothing(value))
    except InvalidInput as error:
        raise refused(f"{error.field}: {error.message}") from error


def _without_nothing(value: Any) -> Any:
    """Without keys that have no value, as a person leaves them in a file."""
    if isinstance(value, dict):
        return {key: _without_nothing(row) for key, row in value.items() if row is not None}
    return [_without_nothing(row) for row in value] if isinstance(value, list) else value


def _from_grids(grids: Mapping[str, Grid]) -> Document:
    for grid in grids.values():
        names = [cell.strip().lower() for cell in grid[0]] if grid else []
        if {"kind", "id", "text"} <= set(names):
            return document_of(_numbered(grid, names))
    raise refused("No sheet has the columns kind, id and text in its first row. Export a questionnaire to see how it is laid out.")


def _numbered(grid: Grid, names: list[str]) -> list[tuple[int, Flat]]:
    unknown = [name for name in names if name and name not in COLUMNS]
    twice = [name for name in names if name and names.count(name) > 1]
    if unknown or twice:
        told = f"is not known; columns are {', '.join(COLUMNS)}" if unknown else "stands twice"
        raise refused(f"The column “{(unknown or twice)[0][:40]}” {told}.")
    found = []
    for number, cells in enumerate(grid[1:], 2):
        flat = {name: _plain(cell, number, name) for name, cell in zip(names, cells, strict=False) if name}
        if any(flat.values()):
            found.append((number, flat))
    return found


def _plain(cell: str, number: int, name: str) -> str:
    if FORMULA.match(cell):
        raise refused(f"Row {number}, {name}, begins like a formula (“{cell.strip()[:20]}”), which is not run: paste its value, or put an apostrophe in front.")
    return alive(cell)
