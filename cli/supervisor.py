"""Starts the services in order, restarts the ones that die, stops them in the reverse order and leaves no orphan."""

import os
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Self

from cli.failures import ServicesFailed
from cli.process import Child, Watchdog
from cli.services import Service

Say = Callable[[str], None]
POLL_SECONDS = 0.1
QUICK_DEATHS_ALLOWED = 5


class Supervisor:
    """A context manager: on entry every service runs (and is ready, where it can say so), on exit none does.

    All children are started, watched and stopped by one thread, so the caller's thread is free for work.
    `stop` may be called from a signal handler; called twice, it kills instead of waiting.
    """

    def __init__(self, services: Iterable[Service], log_dir: Path, say: Say, environment: dict[str, str] | None = None) -> None:
        self.services = sorted(services, key=lambda service: service.stage)
        self.log_dir, self.say = log_dir, say
        self.environment = dict(os.environ if environment is None else environment)
        self.children: list[Child] = []
        self.failure: str | None = None
        self._started, self._stopping, self._hurry = threading.Event(), threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor")

    def __enter__(self) -> Self:
        self.log_dir.mkdir(parents=True, exist_ok=True)
        with ExitStack() as on_failure:
            on_failure.callback(self._end)
            self._thread.start()
            while not self._started.wait(POLL_SECONDS) and self._thread.is_alive():
                pass
            self.check()
            on_failure.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._end()

    def check(self) -> None:
        """Raise ServicesFailed when a service could not be kept running."""
        if self.failure:
            raise ServicesFailed(self.failure)

    def stop(self) -> None:
        """Ask for an orderly stop; asked again, kill at once."""
        if self._stopping.is_set():
            self._hurry.set()
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for."""
        return self._stopping.is_set()

    def wait(self) -> None:
        """Block until stopped. Raises ServicesFailed when that was not asked for."""
        while self._thread.is_alive():
            self._thread.join(POLL_SECONDS)
        self.check()

    def pids(self) -> dict[str, int]:
        """Process id of every running service."""
        return {child.service.name: child.pid for child in self.children if child.pid is not None}

    def _end(self) -> None:
        self._stopping.set()
        while self._thread.is_alive():
            try:
                self._thread.join(POLL_SECONDS)
            except KeyboardInterrupt:
                self._hurry.set()

    def _run(self) -> None:
        guard = Watchdog()
        self.children = [Child(service, self.log_dir, guard) for service in self.services]
        try:
            self._start_all()
            self._started.set()
            while not self._stopping.wait(POLL_SECONDS):
                guard.revive()
                self._attend_all()
        except (ServicesFailed, OSError) as error:
            self.failure = str(error)
        finally:
            if not self._stopping.is_set():
                self.failure = self.failure or "the supervisor stopped because of an error of its own, shown above"
            self._stop_all()
            guard.close()

    def _start_all(self) -> None:
        for _, stage in groupby(self.children, key=lambda child: child.service.stage):
            together = list(stage)
            for child in together:
                child.start(self.environment)
                self.say(f"{child.service.name} started (process {child.pid})")
            for child in together:
                self._await_ready(child)

    def _await_ready(self, child: Child) -> None:
        service = child.service
        deadline = time.monotonic() + service.ready_seconds
        while service.ready and not self._stopping.is_set() and not service.ready():
            self._attend_all()
            if time.monotonic() > deadline:
                raise ServicesFailed(f"{service.name} did not become ready within {service.ready_seconds:.0f} s; its log is {child.log}\n{child.last_lines()}")
            time.sleep(POLL_SECONDS)

    def _attend_all(self) -> None:
        for child in self.children:
            if child.was_started:
                self._attend(child)

    def _attend(self, child: Child) -> None:
        """Restart `child` if it is dead and its waiting time is over."""
        if child.process is None:
            if time.monotonic() >= child.due:
                child.start(self.environment)
                self.say(f"{child.service.name} restarted (process {child.pid})")
        elif child.has_ended():
            wait = child.note_death()
            if child.quick_deaths >= QUICK_DEATHS_ALLOWED:
                raise ServicesFailed(
                    f"{child.service.name} ended {child.quick_deaths} times in a row within seconds of its start; its log is {child.log}\n{child.last_lines()}"
                )
            self.say(f"{child.service.name} ended unexpectedly; starting it again in {wait:g} s (log: {child.log})")

    def _stop_all(self) -> None:
        for _, stage in groupby(reversed(self.children), key=lambda child: child.service.stage):
            self._stop_together([child for child in stage if child.process is not None])

    def _stop_together(self, children: list[Child]) -> None:
        for child in children:
            child.ask_to_stop(child.service.stop_signal)
        asked = time.monotonic()
        for child in children:
            while child.process and child.process.poll() is None and not self._out_of_patience(child, asked):
                time.sleep(POLL_SECONDS / 2)
            was_killed = child.process is not None and child.process.poll() is None
            status = child.clear()
            self.say(f"{child.service.name} {'did not end in time and was killed' if was_killed else f'stopped (exit status {status})'}")

    def _out_of_patience(self, child: Child, asked: float) -> bool:
        return self._hurry.is_set() or time.monotonic() - asked > child.service.stop_seconds
