"""Files that respondents attach: how many and how large, which kinds by their content, and under which name they are kept. Plain Python."""

import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, Final

from core.errors import InvalidInput
from frameworks.imports.archive import archive_check
from frameworks.imports.limits import HIDDEN

LARGEST: Final = 20 * 1024 * 1024
"""Bytes of one file."""
MOST_PER_ANSWER: Final = 10
MOST_PER_REQUEST: Final = 150
CHUNK: Final = 256 * 1024
LONGEST_NAME: Final = 120
OFFICE: Final = "application/vnd.openxmlformats-officedocument"
MARKUP: Final = re.compile(rb"<\s*(!doctype|html|head|body|svg|script|iframe|object|embed|\?xml|math)", re.IGNORECASE)
ELSEWHERE: Final = re.compile(
    rb"<Relationship\b(?=[^>]*TargetMode\s*=\s*[\"']External)(?=[^>]*(attachedTemplate|oleObject|/frame|subDocument))[^>]*>", re.IGNORECASE
)
"""Relations by which a document fetches a template or a part from another place as soon as it is opened."""
DOCX: Final = frozenset({"[Content_Types].xml", "word/document.xml"})
TEXTS: Final[Mapping[str, str]] = {".csv": "text/csv", ".txt": "text/plain", ".json": "application/json"}
ALLOWED: Final = "PDF, PNG, JPEG, XLSX, DOCX, CSV, TXT or JSON"
ACCEPT: Final = ".pdf,.png,.jpg,.jpeg,.xlsx,.docx,.csv,.txt,.json"
"""For the browser's file chooser; what counts is the content."""


@dataclass(frozen=True)
class Attachment:
    """A file that was looked at: safe name, media type, bytes."""

    name: str
    suffix: str
    media_type: str
    data: bytes


def attachment_read(name: str, stream: BinaryIO, largest: int = LARGEST) -> Attachment:
    """The file in ``stream``, read no further than its limit; ``InvalidInput`` on ``file`` says what is wrong and what to do."""
    data = _limited(stream, largest)
    suffix, media_type = _sniffed(data, _suffix(name))
    return Attachment(safe_name(name, suffix), suffix, media_type, data)


def safe_name(name: str, suffix: str) -> str:
    """``name`` without folders, invisible characters and signs that file systems mind, ending in ``suffix``."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    shown = re.sub(r'[<>:"|?*\s]+', " ", HIDDEN.sub("", last)).strip(" .")
    stem = shown[: -len(_suffix(shown))] if _suffix(shown) else shown
    return f"{stem.strip(' .')[:LONGEST_NAME] or 'file'}{suffix}"


def _suffix(name: str) -> str:
    return PurePosixPath(re.split(r"[/\\]", name)[-1].lower()).suffix


def _limited(stream: BinaryIO, largest: int) -> bytes:
    kept, size = [], 0
    while size <= largest and (chunk := stream.read(CHUNK)):
        kept.append(chunk)
        size += len(chunk)
    if size > largest:
        raise _refused(f"the file is larger than {largest // 1024 // 1024} MiB. Split it, or say in the answer where it can be had")
    if not size:
        raise _refused("the file is empty")
    return b"".join(kept)


def _sniffed(data: bytes, suffix: str) -> tuple[str, str]:
    """Suffix and media type by content; the name's suffix only tells the kinds of text apart, and must not contradict."""
    for start, suffixes, media_type, check in SIGNATURES:
        if data.startswith(start):
            if suffix not in suffixes:
                raise _refused(f"the name ends in “{suffix or 'nothing'}”, but the content is {suffixes[0][1:].upper()}. Give it its right name")
            check(data)
            return suffixes[0], media_type
    if data.startswith(b"PK\x03\x04"):
        return _office(data, suffix)
    if suffix in TEXTS:
        _check_text(data, suffix)
        return suffix, TEXTS[suffix]
    raise _refused(f"attach {ALLOWED}. This file is none of them")


def _nothing(data: bytes) -> None:
    """Nothing more to look at: the file is only ever handed out as a download."""


SIGNATURES: Final[tuple[tuple[bytes, tuple[str, ...], str, Callable[[bytes], None]], ...]] = (
    (b"%PDF-", (".pdf",), "application/pdf", _nothing),
    (b"\x89PNG\r\n\x1a\n", (".png",), "image/png", _nothing),
    (b"\xff\xd8\xff", (".jpg", ".jpeg"), "image/jpeg", _nothing),
)


def _office(data: bytes, suffix: str) -> tuple[str, str]:
    if suffix == ".xlsx":
        archive_check(data)
        kind = "spreadsheetml.sheet"
    elif suffix == ".docx":
        _check_docx(data)
        kind = "wordprocessingml.document"
    else:
        raise _refused(f"attach {ALLOWED}. Archives are not taken: attach the files inside")
    _check_relations(data)
    return suffix, f"{OFFICE}.{kind}"


def _check_docx(data: bytes) -> None:
    try:
        archive_check(data, DOCX)
    except InvalidInput as error:
        raise InvalidInput(
            error.field, error.message.replace("XLSX workbook", "DOCX document").replace("workbook", "document").replace(".xlsx", ".docx")
        ) from error


def _check_relations(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for part in archive.infolist():
            if part.filename.lower().endswith(".rels") and ELSEWHERE.search(archive.read(part)):
                raise _refused("the document fetches a part from another place when it is opened. Break the link and save it again")


def _check_text(data: bytes, suffix: str) -> None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(f"the file is called {suffix} but is no UTF-8 text (byte {error.start}). Save it as UTF-8") from error
    if "\x00" in text:
        raise _refused(f"the file is called {suffix} but holds null characters. Save it as UTF-8 text")
    if MARKUP.search(data[:4096]) or data.lstrip().startswith(b"#!"):
        raise _refused(f"the file looks like a web page, picture or script with code in it. Attach {ALLOWED}")
    if suffix == ".json":
        try:
            json.loads(text)
        except (ValueError, RecursionError) as error:
            raise _refused("the file is called .json but cannot be read as JSON") from error


def _refused(message: str) -> InvalidInput:
    return InvalidInput("file", message)
