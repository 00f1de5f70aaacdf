"""Real signals to real processes: worker, broker and web are killed in the middle of a step; the run still ends once, the log whole."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kill import processes
from tests.tiny_models import build_tiny

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.kill, pytest.mark.timeout(300)]
PATIENCE = 150.0


def wait_for(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """The first true value of ``condition``; fails naming ``what`` was waited for."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.2)
    raise AssertionError(f"waited {patience:.0f} s in vain for {what}")


class Installation:
    """A whole installation of its own in a folder: supervised services, and a window into its database from outside."""

    def __init__(self, folder: Path, model: Path, database: str) -> None:
        self.folder, self.model, self.port = folder, model, processes.free_port()
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("ASSAY_", "DJANGO_", "PYTEST"))},
            "ASSAY_VAR": str(folder / "var"),
            "ASSAY_LEASE_SECONDS": "4",
            "ASSAY_REAP_SECONDS": "1",
            "ASSAY_MAX_ATTEMPTS": "6",
            "ASSAY_GPU_WORKERS": "1",
        }
        if database:
            self.environment["DATABASE_URL"] = database
        self.server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        log = (self.folder / "serve.log").open("ab")
        command = [sys.executable, "-m", "cli.serve", "--port", str(self.port)]
        self.server = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True)
        wait_for(self.answers, f"the web to answer; log:\n{(self.folder / 'serve.log').read_text()}", 180)

    def ensure(self) -> None:
        """Start again after a test that ended the server."""
        if self.server is None or self.server.poll() is not None:
            self.start()

    def stop(self) -> None:
        if self.server and self.server.poll() is None:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait(60)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/login/", timeout=2) as reply:
                return bool(reply.status == 200)
        except OSError:
            return False

    def ask(self, command: str, *more: str) -> dict[str, Any]:
        """Run ``tests/kill/inside.py COMMAND`` against this installation and parse what it prints."""
        line = [sys.executable, "-m", "tests.kill.inside", command, str(self.model), *more]
        done = subprocess.run(line, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer

    def run_and_kill(self, *markers: str) -> tuple[int, list[int]]:
        """Start a run and SIGKILL the matching processes in the middle of a step; the number of steps and who was killed."""
        assert self.server is not None
        begun = self.ask("start", str(self.server.pid), *markers)
        assert begun["midway"], self.ask("state")
        assert len(begun["killed"]) >= len(markers)
        return int(begun["steps"]), begun["killed"]

    def pids(self, marker: str) -> list[int]:
        assert self.server is not None
        return processes.descendants(self.server.pid, marker)


@pytest.fixture(scope="module")
def place(migrated_database: Path | None) -> Iterator[Installation]:
    folder = Path(tempfile.mkdtemp(prefix="assay-kill-"))
    if migrated_database:
        (folder / "var").mkdir(mode=0o700)
        shutil.copyfile(migrated_database, folder / "var" / "assay.sqlite3")
    with processes.database_of_its_own() as database:
        place = Installation(folder, build_tiny(folder / "model", "llama"), database)
        try:
            place.start()
            yield place
        finally:
            place.stop()
            if place.server:
                processes.kill_session(place.server.pid)
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def installation(place: Installation) -> Installation:
    """The installation of this module, running: setting one up takes longer than most of what is done to it."""
    place.ensure()
    return place


def finished_whole(place: Installation, steps: int) -> dict[str, Any]:
    """The run is done; each step exactly once; the log has no gap and verifies. The state that showed it."""
    state = place.ask("ended", str(PATIENCE))
    assert state["run"] == "done", f"waited {PATIENCE:.0f} s in vain for the run to end"
    assert state["steps_done"] == steps
    assert state["findings"] == steps
    assert state["done_entries"] == steps, "one log entry per step, none twice"
    assert state["indexes"] == list(range(len(state["indexes"])))
    assert state["log_verifies"] is True
    assert state["leftovers"] == [], "no half-written blob stays in the store"
    return state


def test_worker_killed_in_mid_step_costs_the_step_not_the_run(installation: Installation) -> None:
    steps, _ = installation.run_and_kill("model-1")
    assert finished_whole(installation, steps)["lost_attempts"] >= 1


@pytest.mark.walk
def test_broker_and_web_killed_in_mid_step_come_back_and_the_run_ends(installation: Installation) -> None:
    broker = [] if "BROKER_URL" in installation.environment else ["valkey"]
    steps, killed = installation.run_and_kill(*broker, "gunicorn")
    wait_for(lambda: not any(processes.alive(pid) for pid in killed), "the killed processes to be gone", 20)
    wait_for(installation.answers, "the web to answer again")
    finished_whole(installation, steps)


@pytest.mark.walk
def test_everything_killed_at_once_goes_on_after_a_restart(installation: Installation) -> None:
    steps, killed = installation.run_and_kill("")
    wait_for(lambda: not any(processes.alive(pid) for pid in killed), "all processes to be gone", 20)
    installation.start()
    assert finished_whole(installation, steps)["lost_attempts"] >= 1


def test_one_stop_signal_ends_everything_in_order(installation: Installation) -> None:
    assert installation.server is not None
    everyone = installation.pids("")
    installation.server.send_signal(signal.SIGINT)
    assert installation.server.wait(60) == 0
    assert not [pid for pid in everyone if processes.alive(pid)]


def readiness(place: Installation) -> dict[str, Any]:
    """What `/readyz` says: its status, and the checks that failed."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{place.port}/readyz", timeout=10) as reply:
            status, body = reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        status, body = error.code, json.load(error)
    return {"status": status, "failed": {name: check["reason"] for name, check in body["checks"].items() if not check["ok"]}}


def shortened(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer without the times in its reasons."""
    return answer | {"failed": {name: reason.split(" since ")[0] + " since" for name, reason in answer["failed"].items()}}


@pytest.mark.walk
def test_a_worker_that_hangs_makes_the_installation_unready_and_its_successor_ready_again(installation: Installation) -> None:
    """SIGSTOP first: a process that exists and does nothing is what a check of process ids would take for alive."""
    wait_for(lambda: readiness(installation) == {"status": 200, "failed": {}}, "every worker to show a sign of life", 60)
    hanging = installation.pids("model-1@")
    for pid in hanging:
        os.kill(pid, signal.SIGSTOP)
    # Each web process keeps its results for two seconds, so two answers in a row may differ: ask for the whole answer at once.
    silence = {"status": 503, "failed": {"workers": "queue gpu: no sign of life since"}}
    wait_for(lambda: shortened(readiness(installation)) == silence, "the silence to be noticed", 60)
    for pid in hanging:
        processes.kill_quietly(pid)
    wait_for(lambda: readiness(installation)["status"] == 200, "the restarted worker to show a sign of life", 90)
