"""Progress on a terminal and in a log file."""

import io

import pytest

from cli.failures import ServicesFailed
from cli.progress import Pace, PlainProgress, TerminalProgress, progress_on, watched


class Clock:
    """A clock the test moves."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


def test_pace_is_unknown_at_the_start_and_known_later(clock):
    pace = Pace(clock)
    assert pace.remaining(0.0) == ""
    clock.now += 10
    assert pace.remaining(0.25) == "about 30 s left"
    clock.now += 10
    assert pace.remaining(1.0) == ""


def test_long_waits_are_told_in_minutes(clock):
    pace = Pace(clock)
    pace.remaining(0.0)
    clock.now += 50
    assert pace.remaining(0.1) == "about 8 min left"


def test_pace_forgets_what_is_older_than_its_window(clock):
    pace = Pace(clock)
    pace.remaining(0.0)
    clock.now += 600
    pace.remaining(0.05)
    clock.now += 60
    # 5 % took ten minutes, the next 45 % one: the old pace would say 22 minutes.
    assert pace.remaining(0.5) == "about 67 s left"


def test_stalled_work_gets_no_estimate(clock):
    pace = Pace(clock)
    pace.remaining(0.5)
    clock.now += 30
    assert pace.remaining(0.5) == ""


def test_plain_lines_come_when_the_work_changes(clock):
    stream = io.StringIO()
    progress = PlainProgress(stream, clock)
    progress.tell(0.0, "sealing")
    clock.now += 5
    progress.tell(0.05, "step: load (12 tokens/s)")
    progress.tell(0.06, "step: load (13 tokens/s)")
    assert stream.getvalue().splitlines() == ["[    0 s]   0%, sealing", "[    5 s]   5%, about 95 s left, step: load (12 tokens/s)".replace("95 s", "2 min")]


def test_plain_lines_come_every_tenth_and_every_fifteen_seconds(clock):
    stream = io.StringIO()
    progress = PlainProgress(stream, clock)
    for fraction, seconds in ((0.0, 0), (0.09, 1), (0.1, 1), (0.15, 14), (0.16, 1), (0.17, 1)):
        clock.now += seconds
        progress.tell(fraction, "work")
    assert [line[10:14] for line in stream.getvalue().splitlines()] == ["  0%", " 10%", " 16%"]


def test_terminal_shows_bar_text_and_notes():
    stream = Terminal()
    with TerminalProgress(stream) as progress:
        progress.note("broker started [process 7]")
        progress.tell(0.42, "measuring [layer 3]")
    shown = stream.getvalue()
    assert "broker started [process 7]" in shown
    assert "42%" in shown
    assert "measuring [layer 3]" in shown


def test_the_stream_decides():
    assert isinstance(progress_on(Terminal()), TerminalProgress)
    assert isinstance(progress_on(io.StringIO()), PlainProgress)


def test_watched_progress_fails_when_the_workers_are_gone():
    told, gone = [], []

    def check():
        if gone:
            raise ServicesFailed("the workers are gone")

    tell = watched(lambda fraction, text: told.append((fraction, text)), check)
    tell(0.1, "a")
    gone.append(True)
    with pytest.raises(ServicesFailed):
        tell(0.2, "b")
    assert told == [(0.1, "a")]
