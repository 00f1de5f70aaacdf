"""`assay demo` around its steps: output, exit status, own or borrowed workers."""

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli import demo
from cli.broker import Broker
from cli.demo import main, settled_holder, workers_of_serve
from cli.failures import DemoFailed, ServicesFailed, SetupFailed
from cli.installation import borrowed_workers, lock_path
from cli.lock import Holder, InstallationLock
from cli.paths import ROOT
from core.errors import InvalidInput


@dataclass(frozen=True)
class Result:
    """The shape of what the steps return."""

    report: Path
    findings: list
    seconds: float = 0.0


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("ASSAY_CALLER_DIR", str(tmp_path))
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield tmp_path / "var"
    for number, handler in before.items():
        signal.signal(number, handler)


def ends_with(monkeypatch, outcome):
    def run(out, var, progress):
        if isinstance(outcome, BaseException):
            raise outcome
        return Result(out / "report.pdf", [{"instrument": "x", "value": 1.5}])

    monkeypatch.setattr(demo, "demo", run)


def test_last_line_names_the_report(state, monkeypatch, capsys, tmp_path):
    ends_with(monkeypatch, None)
    assert main(["--out", "results"]) == 0
    assert capsys.readouterr().out == f"report: {tmp_path}/results/report.pdf\n"


def test_json_is_one_line_with_the_time_it_took(state, monkeypatch, capsys):
    ends_with(monkeypatch, None)
    assert main(["--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["report"] == str(state / "demo" / "report.pdf")
    assert json.loads(line)["findings"] == [{"instrument": "x", "value": 1.5}]
    assert json.loads(line)["seconds"] >= 0


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (DemoFailed("step two failed"), 1),
        (ServicesFailed("model-worker-1 ended"), 1),
        (InvalidInput("label", "is taken"), 1),
        (SetupFailed("no disk"), 2),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_end_has_its_status_and_its_reason(state, monkeypatch, capsys, outcome, status):
    ends_with(monkeypatch, outcome)
    assert main(["--json"]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert str(outcome) in err


@pytest.fixture
def lock(state):
    return InstallationLock(lock_path(state))


class Silent:
    """Progress nobody sees."""

    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


def test_second_demo_is_refused(lock):
    with lock:
        lock.acquire("demo", "url")
        with pytest.raises(ServicesFailed, match=r"`assay demo` \(process \d+\) is using this installation"):
            settled_holder(InstallationLock(lock.path))


def test_workers_of_a_ready_serve_are_borrowed(lock):
    with lock:
        lock.acquire("serve", "redis+socket:///there")
        lock.note(Holder(os.getpid(), "serve", "redis+socket:///there", ready=True))
        workers = workers_of_serve(InstallationLock(lock.path), Silent())
        assert workers.broker_url == "redis+socket:///there"
        workers.check()
    with pytest.raises(ServicesFailed, match=r"whose workers were in use, has ended"):
        workers.check()


def test_borrowed_workers_are_gone_when_another_took_the_lock(lock):
    with lock:
        lock.acquire("serve", "url")
        workers = borrowed_workers(lock, Holder(1, "serve", "url", ready=True))
        with pytest.raises(ServicesFailed):
            workers.check()


def test_demo_waits_until_serve_is_ready(lock):
    with lock:
        lock.acquire("serve", "url")
        ready = Holder(os.getpid(), "serve", "url", ready=True)
        threading.Timer(0.4, lock.note, [ready]).start()
        progress = Silent()
        assert workers_of_serve(InstallationLock(lock.path), progress).broker_url == "url"
        assert "using the workers of `assay serve`" in progress.notes[0]


def test_demo_does_not_wait_for_ever(lock, monkeypatch):
    monkeypatch.setattr(demo, "READY_SECONDS", 0.3)
    with lock:
        lock.acquire("serve", "url")
        with pytest.raises(ServicesFailed, match="did not get ready"):
            workers_of_serve(InstallationLock(lock.path), Silent())


@pytest.fixture
def own_workers(state, stage, monkeypatch):
    """The demo with a dummy worker in place of ours, and a step function that the test gives."""
    started = []
    monkeypatch.setattr(demo, "choose_broker", lambda var: Broker("memory://", "none"))
    monkeypatch.setattr(demo, "start_django", lambda var, url: started.append(url))
    monkeypatch.setattr(demo, "prepare_installation", lambda say, web: started.append("web" if web else "no web"))
    monkeypatch.setattr("cli.installation.worker_services", lambda url, var: [stage.service("worker", 2, ready=lambda: bool(stage.pids("worker")))])

    def run(steps):
        monkeypatch.setattr(demo, "import_string", lambda name: steps)
        return main([])

    run.started = started
    return run


def test_own_workers_run_during_the_steps_and_not_after(own_workers, stage, alive, tmp_path):
    seen = []

    def steps(out, tell):
        tell(0.5, "half")
        seen.extend(alive(pid) for pid in stage.pids("worker"))
        return Result(out / "r.pdf", [])

    assert own_workers(steps) == 0
    assert seen == [True]
    assert not alive(stage.pids("worker")[0])
    assert own_workers.started == ["memory://", "no web"]


def test_steps_learn_that_the_workers_cannot_be_kept_running(own_workers, stage, monkeypatch, impatient, capsys):
    monkeypatch.setattr("cli.installation.worker_services", lambda url, var: [stage.service("worker", 2, "fail")])

    def steps(out, tell):
        while True:
            tell(0.1, "waiting for a worker")

    assert own_workers(steps) == 1
    assert "worker ended 5 times in a row" in capsys.readouterr().err


@pytest.mark.kill
def test_sigterm_stops_the_workers_in_order(own_workers, stage, alive, capsys):
    def steps(out, tell):
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(30)

    assert own_workers(steps) == 130
    assert [what for what, _, _ in stage.events()] == ["start", "stop"]
    assert "interrupted" in capsys.readouterr().err


def test_help_says_the_options():
    done = subprocess.run([sys.executable, "-m", "cli.demo", "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "--out" in done.stdout
    assert "--json" in done.stdout
