"""One supervised process and the watchdog that outlives the supervisor."""

import subprocess
import sys
import time
from pathlib import Path
from signal import SIGKILL, Signals

from cli import watchdog
from cli.paths import ROOT
from cli.services import Service

LARGEST_LOG = 10_000_000


class Watchdog:
    """Handle on the watchdog process; started again, with the groups it must know, when it died."""

    def __init__(self) -> None:
        self.groups: set[int] = set()
        self.process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        # In a session of its own, so that nothing sent to the supervisor's group reaches it.
        command = [sys.executable, "-I", "-S", watchdog.__file__]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, bufsize=1, start_new_session=True)

    def watch(self, group: int) -> None:
        """From now on `group` must not outlive the supervisor."""
        self.groups.add(group)
        self._tell(f"+{group}")

    def forget(self, group: int) -> None:
        """`group` has ended."""
        self.groups.discard(group)
        self._tell(f"-{group}")

    def revive(self) -> None:
        """Start it again if it died."""
        if self.process.poll() is not None:
            self.process = self._start()
            for group in self.groups:
                self._tell(f"+{group}")

    def close(self) -> None:
        """End it; groups still watched are killed by it."""
        if self.process.stdin:
            self.process.stdin.close()
        self.process.wait()

    def _tell(self, line: str) -> None:
        try:
            if self.process.stdin:
                self.process.stdin.write(line + "\n")
        except BrokenPipeError:
            self.revive()


class Child:
    """A service's current process and the count of its quick deaths.

    A death is quick when the process lived less than QUICK_SECONDS. The wait before the next start doubles with each one.
    """

    QUICK_SECONDS = 30.0
    FIRST_WAIT = 0.5
    LONGEST_WAIT = 15.0

    def __init__(self, service: Service, log_dir: Path, guard: Watchdog) -> None:
        self.service, self.guard = service, guard
        self.log = log_dir / f"{service.name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.started = self.due = 0.0
        self.quick_deaths = 0

    @property
    def was_started(self) -> bool:
        """Whether its turn has come: a service of a later stage is not dead, only not born yet."""
        return self.started > 0

    @property
    def pid(self) -> int | None:
        """Process id, None while it is not running."""
        return self.process.pid if self.process else None

    def start(self, environment: dict[str, str]) -> None:
        """Start the process in its own session, output appended to its log. Raises OSError when it cannot be run."""
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.service.command, env={**environment, **self.service.environment}, cwd=ROOT, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self.guard.watch(self.process.pid)
        self.started = time.monotonic()

    def has_ended(self) -> bool:
        """Whether a started process has ended; what it left behind in its group is killed, so a restart finds no double."""
        if self.process is None or self.process.poll() is None:
            return False
        self.clear()
        return True

    def note_death(self) -> float:
        """Count this death and return the seconds to wait before the next start."""
        lived = time.monotonic() - self.started
        self.quick_deaths = self.quick_deaths + 1 if lived < self.QUICK_SECONDS else 0
        wait = min(self.LONGEST_WAIT, self.FIRST_WAIT * 2.0 ** max(0, self.quick_deaths - 1))
        self.due = time.monotonic() + wait
        return wait

    def ask_to_stop(self, number: Signals) -> None:
        """Send a signal to the process itself; it tells its own children."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)

    def clear(self) -> int | None:
        """Kill whatever is left of the process and its group, and forget it. Returns its exit status."""
        if self.process is None:
            return None
        watchdog.signal_group(self.process.pid, SIGKILL)
        status = self.process.wait()
        self.guard.forget(self.process.pid)
        self.process = None
        return status

    def last_lines(self, count: int = 5) -> str:
        """The end of the log, for a message about its death."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 4000))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-count:])
