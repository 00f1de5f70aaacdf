"""Files that respondents attach, honest and not."""

import io
import zipfile
from typing import BinaryIO

from openpyxl import Workbook

PDF = b"%PDF-1.7\n1 0 obj << >> endobj"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 20


def stream(data: bytes) -> BinaryIO:
    return io.BytesIO(data)


def packed(parts: dict[str, bytes]) -> bytes:
    """An archive of ``parts``."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def docx(**more: bytes) -> bytes:
    """A small document; ``more`` parts by name with ``__`` for a slash."""
    parts = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"}
    return packed({**parts, **{name.replace("__", "/"): content for name, content in more.items()}})


def xlsx() -> bytes:
    target = io.BytesIO()
    Workbook().save(target)
    return target.getvalue()


def added(raw: bytes, **more: bytes) -> bytes:
    """An archive with more parts in it."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return packed({**parts, **{name.replace("__", "/"): content for name, content in more.items()}})


class Endless(io.RawIOBase):
    """A file that never ends, and counts what was read of it."""

    def __init__(self, start: bytes = b"%PDF-1.7\n") -> None:
        super().__init__()
        self.start, self.given = start, 0

    def read(self, size: int = -1) -> bytes:
        assert size > 0, "read all of an endless file"
        chunk = (self.start + b"0" * size)[:size] if not self.given else b"0" * size
        self.given += len(chunk)
        return chunk
