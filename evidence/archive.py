"""The container of a case, a folder or one zip, read in place and never unpacked. The same content always gives the same zip."""

import hashlib
import shutil
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from core.errors import IntegrityFailed

DATE = (1980, 1, 1, 0, 0, 0)
CHUNK = 1 << 20
# Everything a damaged zip makes the standard library raise.
BROKEN = (zipfile.BadZipFile, OSError, ValueError, KeyError, NotImplementedError, RuntimeError, EOFError, OverflowError, struct.error)


class Source(Protocol):
    """Names, sizes and bytes of a case's files."""

    def sizes(self) -> dict[str, int]:
        """Size in bytes by file name relative to the case, with forward slashes."""

    def open(self, name: str) -> BinaryIO:
        """The file called ``name``."""


class Folder:
    """A case as a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def sizes(self) -> dict[str, int]:
        """See ``Source``; ``IntegrityFailed`` on a link or special file."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise IntegrityFailed(f"{path.relative_to(self.root)} is not a plain file")
            if path.is_file():
                found[path.relative_to(self.root).as_posix()] = path.stat().st_size
        return found

    def open(self, name: str) -> BinaryIO:
        """See ``Source``."""
        return (self.root / name).open("rb")


class Zip:
    """A case as one zip, accepted only in the form in which ``zip_write`` writes it."""

    def __init__(self, path: Path) -> None:
        try:
            self._archive = zipfile.ZipFile(path)
            self._compare(path)
        except BROKEN as error:
            raise IntegrityFailed(f"the zip is damaged ({error})") from error

    def sizes(self) -> dict[str, int]:
        """See ``Source``."""
        return {info.filename: info.file_size for info in self._archive.infolist()}

    def open(self, name: str) -> BinaryIO:
        """See ``Source``."""
        return cast(BinaryIO, self._archive.open(name))

    def _compare(self, path: Path) -> None:
        """Write the zip anew from its content over a mirror of it: nothing can hide between or behind the files."""
        rows = self._archive.infolist()
        if any(info.compress_type != zipfile.ZIP_STORED for info in rows):
            raise IntegrityFailed("the zip is compressed, so it is not the file that was exported")
        # Names and sizes first: files that overlap could make a small zip cost hours to read.
        if wrong := next((info.filename for info in rows if not plain_name(info.filename)), None):
            raise IntegrityFailed(f"the zip holds a file called {wrong[:80]!r}, which leads outside the case or is no plain name")
        if sum(info.file_size for info in rows) > path.stat().st_size:
            raise IntegrityFailed("the files in the zip claim to be larger than the zip itself")
        with path.open("rb") as original:
            mirror = _Mirror(original)
            zip_write(cast(BinaryIO, mirror), self.sizes(), self.open)
            if not mirror.same():
                raise IntegrityFailed("the zip is not byte for byte what its content makes it")


class _Mirror:
    """Takes what a writer writes and compares it with what lies there already; a place may be written twice, the last time counts."""

    def __init__(self, original: BinaryIO) -> None:
        self._original, self._different = original, set[int]()

    def write(self, data: bytes) -> int:
        place, size = self._original.tell(), len(data)
        (self._different.discard if self._original.read(size) == data else self._different.add)(place)
        self._original.seek(place + size)
        return size

    def tell(self) -> int:
        return self._original.tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._original.seek(offset, whence)

    def flush(self) -> None:
        pass

    def same(self) -> bool:
        """Whether all that was written, and nothing more, lies there."""
        return not self._different and not self._original.read(1)


def plain_name(name: str) -> bool:
    """Whether ``name`` is a relative path of ordinary parts with forward slashes; an export never writes another."""
    parts = name.split("/")
    return name.isprintable() and "\\" not in name and ":" not in parts[0] and not any(part in {"", ".", ".."} for part in parts)


def zip_write(target: BinaryIO, sizes: Mapping[str, int], opener: Callable[[str], BinaryIO]) -> None:
    """Write the files named in ``sizes`` (bytes each) to ``target`` in order of name: stored, dateless, one permission for all."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(sizes):
            info = zipfile.ZipInfo(name, DATE)
            info.create_system, info.external_attr, info.file_size = 3, 0o644 << 16, sizes[name]
            with opener(name) as source, archive.open(info, "w") as sink:
                shutil.copyfileobj(source, sink, CHUNK)


def read(source: Source, name: str) -> bytes:
    """All bytes of a file; ``IntegrityFailed`` when it is missing or unreadable."""
    try:
        with source.open(name) as stream:
            return stream.read()
    except BROKEN as error:
        raise IntegrityFailed(f"{name} is missing or unreadable") from error


def digest(source: Source, name: str) -> str:
    """Hex SHA-256 of a file, streamed; errors as ``read``."""
    try:
        with source.open(name) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]  # any readable stream will do
    except BROKEN as error:
        raise IntegrityFailed(f"{name} is missing or unreadable") from error
