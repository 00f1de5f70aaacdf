"""The cache folder: one writer at a time, finished folders only, and plain words when the disk says no."""

import errno
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from safetensors import SafetensorError

from assessments.contracts import Refused

logger = logging.getLogger(__name__)

DISK_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}
SPARE = 64 * 2**20


def default_cache() -> Path:
    """``ASSAY_CACHE`` when set, else ``~/.cache/assay``."""
    named = os.environ.get("ASSAY_CACHE")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "assay"


@contextmanager
def exclusive(final: Path) -> Iterator[Path]:
    """Sole right to write into ``final``'s folder, among processes too; yields the name of a sibling to write.

    The sibling is gone afterwards unless ``publish`` moved it. What a killed process left is removed by the next one.
    """
    draft = final.with_name(f".{final.name}.part")
    with disk_errors(final):
        final.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(final.with_name(".lock")):
            remove(draft)
            try:
                yield draft
            finally:
                remove(draft)


def publish(draft: Path, final: Path) -> None:
    """Move a finished file or folder into place in one step."""
    remove(final)
    draft.rename(final)


def remove(path: Path) -> None:
    """Delete a file or folder if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def require_space(folder: Path, needed: int) -> None:
    """Refuse before writing when ``folder``'s disk has less than ``needed`` bytes and a little spare."""
    free = shutil.disk_usage(folder).free
    if free < needed + SPARE:
        raise Refused(
            f"not enough disk space in {folder}: {megabytes(needed + SPARE)} needed, {megabytes(free)} free. "
            "Free some space, or set ASSAY_CACHE to a folder on a larger disk."
        )


@contextmanager
def disk_errors(final: Path) -> Iterator[None]:
    """Turn a failed write below ``final``'s folder into ``Refused``; the safetensors library reports a full disk in its own error class."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        code = error.errno if isinstance(error, OSError) else errno.ENOSPC
        full = code in DISK_FULL or "No space left" in str(error) or "File too large" in str(error)
        cause = "the disk is full" if full else str(error)
        raise Refused(
            f"{final.name} could not be written to {final.parent}: {cause}. Nothing half-written was kept. "
            "Free some space, or set ASSAY_CACHE to a writable folder on a larger disk."
        ) from error


def megabytes(size: int) -> str:
    """``size`` bytes in whole megabytes, rounded up."""
    return f"{-(-size // 10**6):,} MB"
