"""Fixtures of the command-line tests."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.process import Child
from tests.cli.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture
def until() -> Callable[..., None]:
    """Wait for a condition; fails the test after 30 seconds."""

    def wait(condition: Callable[[], object], seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "the awaited condition did not come true"
            time.sleep(0.02)

    return wait


@pytest.fixture
def alive() -> Callable[[int], bool]:
    """Whether a process runs; a zombie does not."""

    def check(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        status = Path(f"/proc/{pid}/stat")
        return not (status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z")

    return check


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restarts without the waiting that production wants."""
    monkeypatch.setattr(Child, "FIRST_WAIT", 0.02)


@pytest.fixture
def said() -> list[str]:
    """Lines a component said; pass `said.append`."""
    return []
