"""Progress of a long command on standard error: a bar with remaining time on a terminal, plain lines elsewhere."""

import re
import time
from collections import deque
from collections.abc import Callable
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

Clock = Callable[[], float]

WINDOW_SECONDS = 60.0
LINE_EVERY_SECONDS = 15.0
LINE_EVERY_SHARE = 0.1


class Pace:
    """How fast a fraction has grown over the last minute, and so how long the rest will take."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self.clock = clock
        self.seen: deque[tuple[float, float]] = deque()

    def remaining(self, fraction: float) -> str:
        """`about 40 s left`, or an empty string while nothing can be said."""
        now = self.clock()
        self.seen.append((now, fraction))
        while len(self.seen) > 2 and now - self.seen[1][0] >= WINDOW_SECONDS:
            self.seen.popleft()
        then, before = self.seen[0]
        if fraction >= 1 or fraction <= before or now <= then:
            return ""
        seconds = (1 - fraction) * (now - then) / (fraction - before)
        return f"about {seconds:.0f} s left" if seconds < 90 else f"about {seconds / 60:.0f} min left"


class TerminalProgress:
    """One bar, for people."""

    def __init__(self, stream: TextIO) -> None:
        columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[left]}"), TextColumn("{task.description}", markup=False))
        self.bar = Progress(*columns, console=Console(file=stream))
        self.pace = Pace()

    def __enter__(self) -> Self:
        self.bar.start()
        self.task = self.bar.add_task("starting", total=1.0, left="")
        return self

    def __exit__(self, *failure: object) -> None:
        self.bar.stop()

    def tell(self, fraction: float, text: str) -> None:
        """Move the bar to `fraction` (0 to 1) and say what is being done."""
        self.bar.update(self.task, completed=fraction, description=text, left=self.pace.remaining(fraction))

    def note(self, text: str) -> None:
        """A line above the bar."""
        self.bar.console.print(text, markup=False, highlight=False)


class PlainProgress:
    """Lines with the elapsed seconds, for log files: when the work changes, every tenth of the way, and every 15 seconds."""

    def __init__(self, stream: TextIO, clock: Clock = time.monotonic) -> None:
        self.stream, self.clock, self.begun = stream, clock, clock()
        self.pace = Pace(clock)
        self.work, self.share, self.time = "", 0.0, self.begun

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        pass

    def tell(self, fraction: float, text: str) -> None:
        """Say how far it is, now and then."""
        now, left = self.clock(), self.pace.remaining(fraction)
        # What stands in brackets, such as the pace of a step, changes all the time and is no news.
        work = re.sub(r"\([^)]*\)", "", text)
        if work == self.work and fraction - self.share < LINE_EVERY_SHARE and now - self.time < LINE_EVERY_SECONDS:
            return
        self.work, self.share, self.time = work, fraction, now
        self.note(", ".join(part for part in (f"{fraction:4.0%}", left, text) if part))

    def note(self, text: str) -> None:
        """One line."""
        print(f"[{self.clock() - self.begun:5.0f} s] {text}", file=self.stream, flush=True)


def progress_on(stream: TextIO) -> TerminalProgress | PlainProgress:
    """The progress that fits the stream."""
    return TerminalProgress(stream) if stream.isatty() else PlainProgress(stream)


def watched(tell: Callable[[float, str], None], check: Callable[[], None]) -> Callable[[float, str], None]:
    """`tell` that first calls `check`, so that nobody waits for workers that are gone."""

    def checked(fraction: float, text: str) -> None:
        check()
        tell(fraction, text)

    return checked
