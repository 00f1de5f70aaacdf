"""CSV and XLSX: cells as text, and a framework or crosswalk out of them by columns that a person names."""

import csv
import io
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from frameworks.imports.archive import archive_check
from frameworks.imports.ciso_assistant import agreed, relationship_of, strength_of
from frameworks.imports.limits import LONGEST, MOST_COLUMNS, MOST_ROWS, address_of, count_rows, name_of, needed, ref_of, refused, text_of, title_of, unique
from frameworks.imports.shapes import Format, Library, Pair, PairSet, Row

SHEETS: Final = 40
FORMULA: Final = re.compile(r"[=@]|[+-][^\s]*[(|!]|[\t\r]")
"""How a cell begins that a spreadsheet program would run."""
COLUMNS: Final = {
    "ref": ("id", "ref", "reference", "ref_id", "question id", "control id", "number", "no.", "no"),
    "title": ("title", "name", "short title", "control title", "heading"),
    "text": ("text", "description", "requirement", "question", "caiq question", "control specification", "gist"),
    "section": ("section", "domain", "category", "group", "ccm domain title", "control domain title", "chapter"),
}
"""Headings that are offered for each field of a framework, in small letters."""
PAIR_COLUMNS: Final = ("source_framework", "source", "relationship", "target_framework", "target")
HEADING_ROWS: Final = 30
Grid = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Columns:
    """What a person says about a sheet: its name, the row of headings (from 1), the column of each field (from 0; None: none), and what the file leaves out."""

    sheet: str
    heading: int
    ref: int
    text: int
    title: int | None = None
    section: int | None = None
    name: str = ""
    edition: str = ""
    publisher: str = ""
    licence: str = ""
    source: str = ""


def csv_grid(text: str) -> dict[str, Grid]:
    """The one sheet of a CSV, called “CSV”; separated by comma, semicolon or tab, whichever the first line has most of."""
    first = text[: text.find("\n") if "\n" in text else len(text)]
    delimiter = max(",;\t", key=first.count)
    try:
        return {"CSV": _grid(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), "CSV")}
    except csv.Error as error:
        raise refused(f"The file cannot be read as CSV ({error}). Save it again as CSV in UTF-8.") from error


def xlsx_grids(raw: bytes) -> dict[str, Grid]:
    """The sheets of a workbook by name. Formulas are not run: a cell with one holds its text."""
    archive_check(raw)
    try:
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=False, keep_links=False, keep_vba=False)
        if len(book.worksheets) > SHEETS:
            raise refused(f"The workbook has {len(book.worksheets)} sheets; at most {SHEETS} are taken. Keep those that are needed.")
        return {sheet.title: _grid(_cells(sheet), sheet.title) for sheet in book.worksheets}
    except (InvalidFileException, KeyError, IndexError, TypeError, AttributeError, SyntaxError, OSError, zlib.error, EOFError) as error:
        raise refused("The workbook cannot be read. Open it in a spreadsheet program and save it again as .xlsx.") from error
    except ValueError as error:
        raise refused(f"The workbook cannot be read ({str(error)[:120]}). Save it again as .xlsx.") from error


def _cells(sheet: Any) -> Iterable[Sequence[Any]]:
    found: Iterable[Sequence[Any]] = sheet.iter_rows(max_row=MOST_ROWS + HEADING_ROWS + 1, max_col=MOST_COLUMNS + 1, values_only=True)
    return found


def _grid(rows: Iterable[Sequence[Any]], name: str) -> Grid:
    grid: list[list[str]] = []
    for row in rows:
        cells = ["" if cell is None else str(cell) for cell in row]
        while cells and not cells[-1].strip():
            cells.pop()
        if len(cells) > MOST_COLUMNS:
            raise refused(f"“{name[:60]}” has more than {MOST_COLUMNS} columns in row {len(grid) + 1}. Keep those that are needed.")
        grid.append(cells)
        if len(grid) > MOST_ROWS + HEADING_ROWS:
            raise refused(f"“{name[:60]}” has more than {MOST_ROWS} rows. Split it into several files.")
    while grid and not grid[-1]:
        grid.pop()
    return grid


def heading_of(grid: Grid) -> int:
    """The row (from 1) among the first thirty that has most headings we know; 1 where none has."""
    known = {name for names in COLUMNS.values() for name in names}
    scores = [sum(cell.strip().lower() in known for cell in row) for row in grid[:HEADING_ROWS]]
    best = max(scores, default=0)
    return scores.index(best) + 1 if best else 1


def guess(headings: Sequence[str]) -> dict[str, int]:
    """The column of each field whose heading is known."""
    plain = [cell.strip().lower() for cell in headings]
    found = {field: next((plain.index(name) for name in names if name in plain), -1) for field, names in COLUMNS.items()}
    return {field: place for field, place in found.items() if place >= 0}


def is_crosswalk(grid: Grid) -> bool:
    """Whether the first row has the headings of a crosswalk."""
    return bool(grid) and set(PAIR_COLUMNS) <= {cell.strip().lower() for cell in grid[0]}


def framework_of(grids: Mapping[str, Grid], columns: Columns) -> Library:
    """The framework that ``columns`` finds in the sheet; ``InvalidInput`` names the row and column at fault. Rows without reference and text are skipped."""
    grid = grids.get(columns.sheet)
    if grid is None:
        raise refused(f"There is no sheet “{columns.sheet[:60]}”. Choose one of the file.")
    rows = [_row(cells, number, columns) for number, cells in enumerate(grid[columns.heading :], columns.heading + 1) if _said(cells, columns)]
    count_rows(len(rows))
    unique((row.ref for row in rows), "The reference")
    name = needed(columns.name, "The name of the framework", 200)
    return Library(
        Format.SHEET,
        identity=f"sheet:{name.lower()}",
        ref=name,
        name=name,
        edition=text_of(columns.edition, "The edition", 200),
        publisher=text_of(columns.publisher, "The publisher", 200),
        licence=text_of(columns.licence, "The licence", 4000),
        source=address_of(columns.source, "The source"),
        rows=tuple(rows),
    )


def _said(cells: Sequence[str], columns: Columns) -> bool:
    return any(_at(cells, place).strip() for place in (columns.ref, columns.text))


def _row(cells: Sequence[str], number: int, columns: Columns) -> Row:
    ref = name_or_words(_plain(cells, columns.ref, number), f"The reference in row {number}")
    text = needed(_plain(cells, columns.text, number), f"The text in row {number}")
    title, section = (_plain(cells, place, number) if place is not None else "" for place in (columns.title, columns.section))
    return Row(ref_of(ref), title_of(title, text), text, 2 if section else 1, True, title_of(section, "") if section else "")


def name_or_words(value: str, where: str) -> str:
    """A reference of a sheet, in which words may stand: spaces become hyphens, the rest is checked as an id."""
    return name_of("-".join(needed(value, where, 255).split()), where)


def _at(cells: Sequence[str], place: int) -> str:
    return cells[place] if 0 <= place < len(cells) else ""


def _plain(cells: Sequence[str], place: int, number: int) -> str:
    """A cell as text; ``InvalidInput`` when a spreadsheet program would run it."""
    value = _at(cells, place)
    if FORMULA.match(value):
        raise refused(f"Row {number}, column {place + 1} begins like a formula (“{value.strip()[:20]}”). Formulas are not run: paste its value as text.")
    return text_of(value, f"Row {number}, column {place + 1}", LONGEST)


def crosswalk_of(grid: Grid) -> Library:
    """The crosswalks of a sheet with one pair in each row; ``InvalidInput`` names the row at fault."""
    places = {cell.strip().lower(): place for place, cell in enumerate(grid[0])}
    lines = [(number, cells) for number, cells in enumerate(grid[1:], 2) if any(cell.strip() for cell in cells)]
    count_rows(len(lines))
    sets: dict[tuple[str, str], list[Pair]] = {}
    for number, cells in lines:
        said = {name: _plain(cells, place, number) for name, place in places.items() if name}
        ends = tuple(needed(said.get(f"{end}_framework"), f"{end}_framework in row {number}", 200) for end in ("source", "target"))
        sets.setdefault((ends[0], ends[1]), []).append(_pair(said, f"row {number}"))
    return Library(Format.SHEET, pair_sets=tuple(_pair_set(ends, pairs) for ends, pairs in sets.items()))


def _pair(said: Mapping[str, str], where: str) -> Pair:
    ends = [needed(said.get(end), f"{end} in {where}", 255) for end in ("source", "target")]
    rationale = text_of(said.get("rationale"), f"rationale in {where}", 4000)
    return Pair(ends[0], ends[1], relationship_of(said.get("relationship"), where), rationale, strength_of(said.get("strength"), where))


def _pair_set(ends: tuple[str, str], pairs: Sequence[Pair]) -> PairSet:
    name = f"{ends[0]} to {ends[1]}"
    return PairSet(f"sheet:{name.lower()}"[:255], name[:200], ends[0], ends[1], agreed(pairs))
