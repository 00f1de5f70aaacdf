"""A customer's questionnaire out of CSV or XLSX, one question a row, and the answered one as a file again. Formulas are text both ways."""

import csv
import io
from collections.abc import Sequence
from typing import Final

from openpyxl import Workbook

from core.errors import InvalidInput
from frameworks.imports.limits import refused, text_of
from frameworks.imports.reader import decoded
from frameworks.imports.sheets import HEADING_ROWS, Grid, csv_grid, xlsx_grids
from questionnaires.document import FORMAT, MOST_QUESTIONS, Document, document_read
from questionnaires.exchange.cells import alive, inert
from questionnaires.exchange.files import text_cell

LARGEST: Final = 2 * 1024 * 1024
LONGEST: Final = 1000
HEADINGS: Final = ("question", "questions", "question text", "caiq question", "requirement", "description", "text")
"""Headings that are taken as the column of questions where nobody names one, in this order."""
FORMS: Final = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
ANSWERED: Final = ("No.", "Question", "Answer", "Files", "SHA-256 of files")


def questions_read(raw: bytes, column: str = "") -> list[str]:
    """The questions in the column with the heading ``column``, or one we know; ``InvalidInput`` names what is wrong and the fix."""
    grid = _grid(raw)
    heading, place = _column(grid, column.strip().casefold())
    texts = [alive(text_of(cells[place], f"Row {number}", LONGEST)) for number, cells in enumerate(grid[heading:], heading + 1) if place < len(cells)]
    found = [text for text in texts if text]
    if not found:
        raise refused("There is no question below that heading. Check the column.")
    if len(found) > MOST_QUESTIONS:
        raise refused(f"There are {len(found)} questions; at most {MOST_QUESTIONS} are taken. Split the file.")
    return found


def document_from_questions(title: str, texts: Sequence[str]) -> Document:
    """A questionnaire of free-text questions in the order of the file."""
    questions = [{"id": f"q{number:03d}", "text": text, "type": "text", "evidence": "welcome"} for number, text in enumerate(texts, 1)]
    return document_read({"format": FORMAT, "title": title, "sections": [{"id": "all", "title": "Questions", "questions": questions}]})


def table_write(rows: Sequence[Sequence[str]], form: str) -> bytes:
    """``rows`` under ``ANSWERED`` as CSV or XLSX; nothing in it runs in a spreadsheet program. ``InvalidInput`` for another form."""
    if form not in FORMS:
        raise InvalidInput("form", f"choose one of {', '.join(FORMS)}")
    table = [[inert(cell) for cell in row] for row in (ANSWERED, *rows)]
    if form == "csv":
        text = io.StringIO()
        csv.writer(text).writerows(table)
        return text.getvalue().encode("utf-8-sig")
    book, stream = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet("Answers")
    for row in table:
        sheet.append([text_cell(sheet, cell) for cell in row])
    book.save(stream)
    return stream.getvalue()


def _grid(raw: bytes) -> Grid:
    if not raw.strip():
        raise refused("The file is empty. Choose the one you meant.")
    if len(raw) > LARGEST:
        raise refused(f"The file is larger than {LARGEST >> 20} MiB. Split it.")
    grids = xlsx_grids(raw) if raw.startswith(b"PK\x03\x04") else csv_grid(decoded(raw))
    return next((grid for grid in grids.values() if grid), [])


def _column(grid: Grid, wanted: str) -> tuple[int, int]:
    """The row of the heading (from 1) and its column (from 0)."""
    for name in (wanted,) if wanted else HEADINGS:
        for number, cells in enumerate(grid[:HEADING_ROWS], 1):
            plain = [cell.strip().casefold() for cell in cells]
            if name in plain:
                return number, plain.index(name)
    seen = ", ".join(f"“{cell.strip()[:40]}”" for cell in (grid[0] if grid else ()) if cell.strip()) or "none"
    raise InvalidInput("column", f"name the column that holds the questions; the first row has: {seen}")
