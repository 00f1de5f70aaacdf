"""Recognises a file by its content and reads it; the name it came under decides nothing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from frameworks.imports import atlas, ciso_assistant, oscal, sheets
from frameworks.imports.documents import json_read, yaml_read
from frameworks.imports.limits import LARGEST, refused
from frameworks.imports.shapes import Library
from frameworks.imports.sheets import Columns, Grid

KNOWN: Final = {
    b"%PDF": "a PDF",
    b"\x1f\x8b": "packed with gzip",
    b"BZh": "packed with bzip2",
    b"\xfd7zXZ": "packed with xz",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"\xd0\xcf\x11\xe0": "an old Office file (.xls, .doc)",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x7fELF": "a program",
    b"MZ": "a program",
}
MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
TAKEN: Final = "Upload a CISO Assistant library (YAML), an OSCAL catalog (JSON), MITRE ATLAS data (YAML), CSV or XLSX."
YAML_LINE: Final = re.compile(r"^(?:%YAML|---|[A-Za-z_][\w.-]*:(?:\s|$))", re.MULTILINE)


@dataclass(frozen=True)
class Read:
    """A file that was read: its library, or the sheets for whose columns a person is asked first."""

    found: Library | None
    grids: Mapping[str, Grid]


def read(raw: bytes, columns: Columns | None = None) -> Read:
    """What ``raw`` holds; ``InvalidInput`` names the problem and the fix. ``columns`` are needed for the framework of a sheet."""
    if not raw.strip():
        raise refused("The file is empty. Choose the one you meant.")
    if len(raw) > LARGEST:
        raise refused(f"The file is larger than {LARGEST >> 20} MiB. Split it, or keep only the sheets that are needed.")
    if raw.startswith(b"PK\x03\x04"):
        return _sheet(sheets.xlsx_grids(raw), columns)
    text = decoded(raw)
    start = text.lstrip()[:1]
    if start == "<":
        raise refused("The file is XML or HTML, which is not read. OSCAL catalogs are offered as JSON too: upload that.")
    if start in ("{", "["):
        return Read(_oscal(text), {})
    if YAML_LINE.match(_first_line(text)):
        return Read(_yaml(text), {})
    if any(mark in _first_line(text) for mark in ",;\t"):
        return _sheet(sheets.csv_grid(text), columns)
    raise refused(f"The file is none that is read. {TAKEN}")


def decoded(raw: bytes) -> str:
    """The bytes as UTF-8 text; ``InvalidInput`` says what else they are."""
    for magic, what in KNOWN.items():
        if raw.startswith(magic):
            raise refused(f"The file is {what}, whatever it is called. {TAKEN}")
    if raw.startswith(MARKS):
        raise refused("The file is written in UTF-16. Save it as UTF-8 and upload it again.")
    if b"\x00" in raw:
        raise refused(f"The file holds NUL bytes (the first at byte {raw.index(0) + 1}), so it is no text. {TAKEN}")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refused(f"Byte {error.start + 1} of the file is not UTF-8. Save it as UTF-8 and upload it again.") from error


def _first_line(text: str) -> str:
    """The first line that is neither empty nor a comment."""
    return next((line for line in text[:100_000].splitlines() if line.strip() and not line.startswith("#")), "")


def _oscal(text: str) -> Library:
    document = json_read(text)
    if not oscal.recognised(document):
        raise refused("The JSON has no “catalog”: of OSCAL, only catalogs are read. Upload the catalog.")
    return oscal.found_in(document)


def _yaml(text: str) -> Library:
    document = yaml_read(text)
    if ciso_assistant.recognised(document):
        return ciso_assistant.found_in(document)
    if atlas.recognised(document):
        return atlas.found_in(document)
    raise refused("The YAML is neither a CISO Assistant library (fields urn and objects) nor MITRE ATLAS data (fields id and matrices).")


def _sheet(grids: Mapping[str, Grid], columns: Columns | None) -> Read:
    filled = {name: grid for name, grid in grids.items() if grid}
    if not filled:
        raise refused("There is no filled cell in the file. Choose the one you meant.")
    first = next(iter(filled.values()))
    if sheets.is_crosswalk(first):
        return Read(sheets.crosswalk_of(first), {})
    return Read(sheets.framework_of(filled, columns) if columns else None, filled)
