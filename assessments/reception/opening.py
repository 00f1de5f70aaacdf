"""Opens a received file: is it a whole case, whose key signed it, and does all of it hold against the keys pinned for the vendor?"""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from assessments.reception.report import Report, listed
from core.errors import IntegrityFailed
from core.hashing import sha256_bytes
from evidence.archive import BROKEN, Zip, read
from evidence.trust import TrustedRoot
from evidence.verify import case as layout
from evidence.verify.case import Case, verify_case
from evidence.verify.result import Result

LARGEST = 512 << 20
MOST_FILES = 20_000
"""Limits on a received file: bytes, and files in it."""
LOG_THINGS = (layout.CHECKPOINT, layout.ENTRIES, layout.CONSISTENCY, "log entry")


class Pinned(Protocol):
    """A pinned key file, as the table has it."""

    fingerprint: str
    trusted_root: str
    statement_keys: Any


@dataclass(frozen=True)
class Head:
    """An earlier head of the vendor's log as an accepted case showed it; ``opener`` gives that case's ZIP."""

    size: int
    root: str
    opener: Any


@dataclass(frozen=True)
class Opened:
    """A case of which every byte was checked against ``key``."""

    source: Zip
    case: Case
    key: Any

    def root_at(self, size: int) -> str:
        """Hex root of the vendor's log when it had ``size`` entries; ``size`` at most one more than the lines in the case."""
        seal = self.case.seal
        return seal.head.root.hex() if size == seal.head.size else root_in(read(self.source, layout.ENTRIES), size)


def root_in(lines: bytes, size: int) -> str:
    """Hex root at ``size`` entries from the verified lines of a case."""
    return str(json.loads(lines.splitlines()[size - 1])["root"])


def opened(path: Path, keys: Sequence[Pinned], report: Report) -> Opened | None:
    """The checked case at ``path``, or None after ``report`` says what failed. ``keys``: those pinned for the vendor and not withdrawn."""
    try:
        _guard(path)
        source = Zip(path)
        signer, fingerprint = _signer(source)
    except IntegrityFailed as error:
        report.failed("file", f"This is not a case as the program exports it: {error}.")
        return None
    key = next((row for row in keys if signer in row.statement_keys), None)
    if key is None:
        report.failed("key", _unknown(signer, fingerprint, keys))
        return None
    return _verified(source, key, report)


def _unknown(signer: str, fingerprint: str, keys: Sequence[Pinned]) -> str:
    held = "None is pinned for this vendor yet." if not keys else f"{len(keys)} {'is' if len(keys) == 1 else 'are'} pinned, and it is none of them."
    return (
        f"The key that signed the case ({signer[:16]}…) is not known. {held} The key file in the case has the fingerprint {fingerprint}. "
        "Ask the vendor for its fingerprint by another way, such as by telephone; if it is this one, pin the key and take the case in again."
    )


def _verified(source: Zip, key: Any, report: Report) -> Opened | None:
    result = Result("the case")
    case = Case(source, TrustedRoot.parse(key.trusted_root.encode()), result)
    with result.check("the case"):
        case = verify_case(source, case.trust, result)
    bad_log = [f"{thing}: {reason}" for thing, reason in result.problems if thing.startswith(LOG_THINGS)]
    bad_file = [f"{thing}: {reason}" for thing, reason in result.problems if not thing.startswith(LOG_THINGS)]
    if bad_file:
        report.failed("file", f"Something was changed, added or left out. {listed(bad_file)}.")
    if bad_log:
        report.failed("log", f"The vendor's log does not hold together. {listed(bad_log)}.")
    if result.problems:
        return None
    report.passed("file", f"All {len(case.rows)} files have the digests that the signed list gives.")
    report.passed("key", f"Signed with the pinned key file {key.fingerprint[:16]}….")
    report.passed("log", f"{len(case.statements)} statements are proven against a signed head of {case.head.size} entries of {case.head.origin}.")
    return Opened(source, case, key)


def _guard(path: Path) -> None:
    """Refuse what would cost much to read, before it is read."""
    size = path.stat().st_size
    if size > LARGEST:
        raise IntegrityFailed(f"it has {size >> 20} MiB, the limit is {LARGEST >> 20} MiB")
    try:
        with zipfile.ZipFile(path) as archive:
            count = len(archive.infolist())
    except BROKEN as error:
        raise IntegrityFailed("it is no ZIP file, or it was cut off on the way; ask the vendor to send it again") from error
    if count > MOST_FILES:
        raise IntegrityFailed(f"it holds {count} files, the limit is {MOST_FILES}")


def _signer(source: Zip) -> tuple[str, str]:
    """Which key the case says signed it, and the fingerprint of the key file inside: hints only, nothing is trusted because of them."""
    seal = read(source, layout.SEAL)
    try:
        signer = str(json.loads(seal)["dsseEnvelope"]["signatures"][0]["keyid"])
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise IntegrityFailed(f"{layout.SEAL} is not a signed statement") from error
    return signer[:64], sha256_bytes(read(source, layout.TRUSTED_ROOT))


def history_check(here: Opened, before: Head | None, report: Report) -> None:
    """Hold the log of the case against its longest head seen before: one of them must be the beginning of the other."""
    now = here.case.seal.head.size
    if before is None:
        report.passed("history", "This is the first case from this log, so there is nothing to compare with. The next one will be held against it.")
        return
    if before.size <= now:
        same = here.root_at(before.size) == before.root
    else:
        with before.opener() as stream:
            same = root_in(_entries(stream), now) == here.case.seal.head.root.hex()
    if same:
        report.passed("history", f"Its first {min(before.size, now)} entries are the same as in the case that was accepted before.")
    else:
        report.failed("history", "The vendor's log was rewritten since the case that was accepted before: its earlier entries are no longer the same. Ask why.")


def _entries(stream: BinaryIO) -> bytes:
    with zipfile.ZipFile(stream) as archive:
        return archive.read(layout.ENTRIES)
