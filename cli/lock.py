"""The lock that lets one supervisor at a time run an installation, with a note of who holds it."""

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

RETRY_SECONDS = 0.5


@dataclass(frozen=True)
class Holder:
    """Who runs the installation. mode: serve or demo. ready: whether its workers take work already."""

    pid: int
    mode: str
    broker_url: str
    address: str = ""
    ready: bool = False


class InstallationLock:
    """flock on a file below var/run; the system releases it when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor: int | None = None

    def acquire(self, mode: str, broker_url: str, address: str = "") -> bool:
        """Take the lock and leave a note; False when another process holds it."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # `holder` of another process may test the lock just now, for an instant.
        deadline = time.monotonic() + RETRY_SECONDS
        while not self._try(descriptor, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                os.close(descriptor)
                return False
            time.sleep(0.02)
        self._descriptor = descriptor
        self.note(Holder(os.getpid(), mode, broker_url, address))
        return True

    def note(self, holder: Holder) -> None:
        """Replace the note; only for the process that holds the lock."""
        if self._descriptor is None:
            raise RuntimeError("the note belongs to the holder of the lock")
        text = json.dumps(asdict(holder)).encode()
        os.pwrite(self._descriptor, text, 0)
        os.ftruncate(self._descriptor, len(text))

    def holder(self) -> Holder | None:
        """Who holds the lock, None when nobody does; a note left by a dead process does not count."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            if self._try(descriptor, fcntl.LOCK_SH):
                return None
            return Holder(**json.loads(os.pread(descriptor, 4096, 0) or b"null"))
        except (ValueError, TypeError):
            # Taken this instant, its note not yet written.
            return Holder(0, "unknown", "")
        finally:
            os.close(descriptor)

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.release()

    @staticmethod
    def _try(descriptor: int, kind: int) -> bool:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
