"""The offline sheet: out and back without loss, and every way in which one that comes back may be wrong."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from core.errors import InvalidInput
from questionnaires.document import document_read
from questionnaires.rules import Value
from questionnaires.sheets import ABOUT, ANSWER, KEY, LARGEST, MAIN, REASON, REVISION, Filled, Line, Origin, lines_of, sheet_read, sheet_write
from questionnaires.values import value_read
from tests import factories
from tests.questionnaires.files import added

DOCUMENT = document_read(factories.QUESTIONNAIRE)
ORIGIN = Origin("request-1", DOCUMENT.digest(), 1)
VALUES: dict[str, Value] = {
    "level": "text",
    "raise": "no",
    "hours": 12.5,
    "tested": "2026-03-31",
    "who": "=SUM(A1:A9) is what we typed",
    "methods": ["probes", "sae"],
    "contacts": [{"role": "Duty officer", "minutes": 15}, {"role": "@second"}],
    "drilled": {"declined": "Under contract."},
}


def lines(values: dict[str, Value] | None = None) -> list[Line]:
    found = lines_of(iter(DOCUMENT.sections), {}, lambda key: True)
    held = VALUES if values is None else values
    return [Line(line.section, line.question, held.get(line.question.id), 1 if line.question.id in held else 0) for line in found]


def written(values: dict[str, Value] | None = None) -> bytes:
    return sheet_write(lines(values), ORIGIN, "Title")


def changed(change: Callable[[Any], None], raw: bytes | None = None) -> bytes:
    book = load_workbook(io.BytesIO(raw or written()))
    change(book)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def row_of(book: Any, key: str) -> int:
    return next(row[KEY].row for row in book[MAIN].iter_rows() if row[KEY].value == key)


def entered(key: str, value: Any, column: int = ANSWER) -> bytes:
    return changed(lambda book: book[MAIN].cell(row_of(book, key), column + 1, value), written({}))


def read(raw: bytes, values: dict[str, Value] | None = None) -> dict[str, Filled]:
    return {row.key: row for row in sheet_read(raw, ORIGIN, lines(values))}


def test_what_is_written_is_read_back_unchanged() -> None:
    found = read(changed(lambda book: None))
    for line in lines():
        row = found[line.question.id]
        assert not row.fault, row
        assert value_read(line.question, row.raw) == line.value, line.question.id
        assert row.revision == line.revision


def test_text_that_looks_like_a_formula_is_written_as_text_and_choices_are_offered() -> None:
    book = load_workbook(io.BytesIO(written()))
    cell = book[MAIN].cell(row_of(book, "who"), ANSWER + 1)
    assert (cell.data_type, cell.value) == ("s", VALUES["who"])
    assert {str(rule.sqref) for rule in book[MAIN].data_validations.dataValidation} == {f"D{row_of(book, key)}" for key in ("level", "raise", "drilled")}
    assert (book[ABOUT].sheet_state, book[MAIN].column_dimensions["G"].hidden) == ("hidden", True)


@pytest.mark.parametrize(
    ("key", "entry", "raw"),
    [
        ("level", "Weights", "weights"),
        ("level", " weights ", "weights"),
        ("raise", "YES", "yes"),
        ("methods", "Probes; Sparse autoencoders", ["probes", "sae"]),
        ("hours", 3, 3),
        ("hours", "3,5", "3,5"),
        ("who", 42, "42"),
        ("who", None, None),
        ("who", "   ", None),
    ],
)
def test_entries_are_read_as_people_type_them(key: str, entry: Any, raw: Any) -> None:
    assert read(entered(key, entry), {})[key].raw == raw


def test_reason_declines_and_both_are_refused() -> None:
    assert read(entered("who", "Under contract.", REASON), {})["who"].raw == {"declined": "Under contract."}
    both = changed(lambda book: book[MAIN].cell(row_of(book, "who"), ANSWER + 1, "We did."), entered("who", "Under contract.", REASON))
    assert "Keep one of them" in read(both, {})["who"].fault


@pytest.mark.parametrize(
    ("entry", "words"), [("=1+1", "formula"), ('=HYPERLINK("http://example.org","x")', "formula"), ("#REF!", "error"), ("x" * 10_001, "at most")]
)
def test_cell_that_runs_or_is_too_long_is_refused_alone(entry: str, words: str) -> None:
    found = read(entered("who", entry), {})
    assert words in found["who"].fault
    assert [key for key, row in found.items() if row.fault] == ["who"]


def put(sheet: str, row: int, column: int, value: Any) -> Callable[[Any], None]:
    def change(book: Any) -> None:
        book[sheet].cell(row, column).value = value

    return change


def other_book() -> bytes:
    target = io.BytesIO()
    Workbook().save(target)
    return target.getvalue()


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (lambda: sheet_write(lines(), Origin("request-2", DOCUMENT.digest(), 1), "x"), "another questionnaire"),
        (lambda: sheet_write(lines(), Origin("request-1", "0" * 64, 1), "x"), "another version"),
        (lambda: changed(put(MAIN, 2, KEY + 1, "raise")), "keys was changed"),
        (lambda: changed(put(MAIN, 2, KEY + 1, "invented")), "keys was changed"),
        (lambda: changed(put(MAIN, 2, KEY + 1, None)), "keys was changed"),
        (lambda: changed(put(MAIN, 2, REVISION + 1, "many")), "revisions was changed"),
        (lambda: changed(lambda book: book.remove(book[ABOUT])), "hidden sheet is missing"),
        (lambda: changed(lambda book: book[MAIN].delete_rows(3)), "keys was changed"),
        (other_book, "hidden sheet is missing"),
        (lambda: b"level,weights", "no XLSX"),
        (lambda: b"PK\x03\x04" + b"0" * 100, "cannot be unpacked"),
        (lambda: b"PK\x03\x04" + b"0" * (LARGEST + 1), "larger than"),
        (lambda: added(written(), **{"xl__vbaProject.bin": b"x"}), "macros"),
        (lambda: added(written(), **{"xl__externalLinks__externalLink1.xml": b"<x/>"}), "links to other workbooks"),
        (lambda: added(written(), **{"xl__media__big.bin": b"0" * (60 << 20)}), "far more than its size"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_sheet_that_is_not_ours_or_was_tampered_with_is_refused_whole(raw: Callable[[], bytes], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        read(raw())
