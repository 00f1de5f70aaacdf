"""Downloads of a list: what people typed must never run in somebody's spreadsheet, and must arrive as it was typed."""

import csv
import io

import pytest
from openpyxl import load_workbook

from web.lists.export import as_csv, as_xlsx, safe

DANGEROUS = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "\n=1", "  =1+1"]


@pytest.mark.parametrize("text", DANGEROUS)
def test_text_that_would_run_is_defused_in_csv(text: str) -> None:
    read = next(csv.reader(io.StringIO(as_csv([[text]]).decode("utf-8-sig"), newline="")))
    assert read == [f"'{text}"]


@pytest.mark.parametrize("text", [*DANGEROUS, '=HYPERLINK("http://example.org")'])
def test_text_that_would_run_is_stored_as_text_in_xlsx(text: str) -> None:
    cell = load_workbook(io.BytesIO(as_xlsx([[text]]))).active["A1"]
    assert cell.data_type == "s"
    assert cell.quotePrefix
    assert str(cell.value).strip() == text.strip()


def test_numbers_stay_numbers() -> None:
    assert [safe(value) for value in (-1, 2.5, None, True)] == [-1, 2.5, None, True]
    sheet = load_workbook(io.BytesIO(as_xlsx([[-1, 2.5, "x"]]))).active
    assert [cell.value for cell in next(sheet.iter_rows())] == [-1, 2.5, "x"]


def test_csv_opens_in_excel_with_its_letters() -> None:
    assert as_csv([["Åre"]]).startswith(b"\xef\xbb\xbf")


def test_control_characters_do_not_stop_a_download() -> None:
    cell = load_workbook(io.BytesIO(as_xlsx([["a\x00b\x08c"]]))).active["A1"]
    assert cell.value == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"
