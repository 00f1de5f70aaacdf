"""Looks into an XLSX before anything parses it: it is an archive, and archives can be bombs, carry programs or point elsewhere."""

import io
import re
import stat
import zipfile
from typing import Final

from frameworks.imports.limits import refused

MOST_PARTS: Final = 500
MOST_BYTES: Final = 40 * 1024 * 1024
"""Of all parts together, unpacked."""
RATIO: Final = 100
SMALL: Final = 1024 * 1024
"""A part below this size may be packed as tightly as it likes."""
UNSAFE_PARTS: Final = {
    "vbaproject": "macros. Save it as a plain workbook (.xlsx)",
    "xl/externallinks/": "links to other workbooks. Break the links (Data, Edit links) and save it again",
    "xl/connections": "data connections. Remove them and save it again",
    "xl/embeddings/": "embedded files. Remove them and save it again",
    "xl/activex/": "controls that run code. Remove them and save it again",
    "word/embeddings/": "embedded files. Remove them and save it again",
    "word/activex/": "controls that run code. Remove them and save it again",
    "xl/macrosheets/": "macro sheets. Save it as a plain workbook (.xlsx)",
}
XLSX: Final = frozenset({"[Content_Types].xml", "xl/workbook.xml"})
"""Parts that every workbook has."""
DECLARATION: Final = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)


def archive_check(raw: bytes, needs: frozenset[str] = XLSX) -> None:
    """``InvalidInput`` unless ``raw`` is a plain XLSX (or what else has the parts ``needs``) of bounded size; limits come before unpacking."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            parts = archive.infolist()
            _refuse_sizes(parts)
            for part in parts:
                _refuse_name(part)
            names = {part.filename for part in parts}
            if not needs <= names:
                raise refused("The file is a packed archive but no XLSX workbook. Unpack it and upload the file inside.")
            for part in parts:
                _refuse_declarations(archive, part)
            if b"macroenabled" in archive.read("[Content_Types].xml").lower():
                raise refused("The workbook has macros. Save it as a plain workbook (.xlsx) and upload that.")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise refused(f"The workbook cannot be unpacked ({str(error)[:100]}). Open it in a spreadsheet program and save it again.") from error


def _refuse_sizes(parts: list[zipfile.ZipInfo]) -> None:
    if len(parts) > MOST_PARTS:
        raise refused(f"The workbook has {len(parts)} parts; at most {MOST_PARTS} are taken. Keep the sheets that are needed.")
    if len({part.filename.lower() for part in parts}) != len(parts):
        raise refused("Two parts of the workbook have the same name. Open it in a spreadsheet program and save it again.")
    total = sum(part.file_size for part in parts)
    if total > MOST_BYTES or any(part.file_size > max(SMALL, RATIO * part.compress_size) for part in parts):
        raise refused(f"The workbook unpacks to {total >> 20} MiB, far more than its size. Copy the sheet into a new workbook and upload that.")


def _refuse_name(part: zipfile.ZipInfo) -> None:
    name = part.filename
    if name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or "\\" in name or ":" in name:
        raise refused(f"A part of the workbook is called “{name[:80]}”, which points outside it. Save it again in a spreadsheet program.")
    if stat.S_ISLNK(part.external_attr >> 16):
        raise refused(f"The part “{name[:80]}” of the workbook is a link to a file. Save it again in a spreadsheet program.")
    if part.flag_bits & 1:
        raise refused("The workbook is protected by a password. Remove the password and save it again.")
    for unsafe, told in UNSAFE_PARTS.items():
        if unsafe in name.lower():
            raise refused(f"The workbook has {told}.")


def _refuse_declarations(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    if not part.filename.lower().endswith((".xml", ".rels", ".vml")):
        return
    content = archive.read(part)
    # In UTF-16 a declaration would not be found below; spreadsheet programs write UTF-8.
    if b"\x00" in content or DECLARATION.search(content):
        raise refused(f"The part “{part.filename[:80]}” of the workbook declares entities. Save it again in a spreadsheet program.")
