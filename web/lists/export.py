"""A table as CSV or XLSX: all rows of the filter, in the shown order, and safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse
from django_tables2 import Table
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from core import clock

FORMATS = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n")
"""First characters that make a spreadsheet run a cell as a formula (OWASP, CSV Injection)."""


def export_response(table: Table, wanted: str, slug: str) -> HttpResponse:
    """The file to download, named after the list and the day; ``wanted`` is a key of ``FORMATS``."""
    content = {"csv": as_csv, "xlsx": as_xlsx}[wanted](table.as_values())
    name = f"{slug}-{clock.now():%Y-%m-%d}.{wanted}"
    return HttpResponse(content, content_type=FORMATS[wanted], headers={"Content-Disposition": f'attachment; filename="{name}"'})


def safe(value: Any) -> Any:
    """Numbers stay numbers; text that a spreadsheet would run gets an apostrophe in front, also behind blanks, which some programs skip."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    return f"'{text}" if text.startswith(ACTIVE) or text.lstrip().startswith(ACTIVE) else text


def as_csv(rows: Iterable[Iterable[Any]]) -> bytes:
    """UTF-8 with a byte-order mark, without which Excel guesses the encoding."""
    stream = io.StringIO()
    csv.writer(stream).writerows([safe(value) for value in row] for row in rows)
    return stream.getvalue().encode("utf-8-sig")


def as_xlsx(rows: Iterable[Iterable[Any]]) -> bytes:
    """One sheet; written row by row, so that a long list does not fill the memory."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Assay")
    for row in rows:
        sheet.append([as_cell(sheet, value) for value in row])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def as_cell(sheet: Any, value: Any) -> Any:
    """Text as text: the library would store one that begins with “=” as a formula, and refuses control characters."""
    if value is None or isinstance(value, bool | int | float):
        return value
    cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", str(value)))
    cell.data_type = "s"
    cell.quotePrefix = True  # stays text when somebody edits the cell
    return cell
