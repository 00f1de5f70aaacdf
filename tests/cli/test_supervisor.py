"""Supervisor with real processes and real signals."""

import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

from cli.failures import ServicesFailed
from cli.paths import ROOT
from cli.services import BROKER, WEB, WORKERS
from cli.supervisor import Supervisor

pytestmark = pytest.mark.kill


def test_services_start_in_order_and_stop_in_reverse(stage, tmp_path, until, said):
    def started(name):
        return lambda: bool(stage.pids(name))

    services = [
        stage.service("web", WEB, ready=started("web")),
        stage.service("broker", BROKER, ready=started("broker")),
        stage.service("worker", WORKERS, ready=started("worker")),
    ]
    with Supervisor(services, tmp_path / "log", said.append) as supervisor:
        assert set(supervisor.pids()) == {"broker", "worker", "web"}
    order = [(what, name) for what, name, _ in stage.events()]
    assert order == [("start", "broker"), ("start", "worker"), ("start", "web"), ("stop", "web"), ("stop", "worker"), ("stop", "broker")]
    assert said[-1] == "broker stopped (exit status 0)"


def test_next_stage_waits_until_the_one_before_is_ready(stage, tmp_path):
    seen = []

    def ready():
        seen.append(bool(stage.pids("worker")))
        return len(seen) > 5

    services = [stage.service("broker", BROKER, ready=ready), stage.service("worker", WORKERS, ready=lambda: bool(stage.pids("worker")))]
    with Supervisor(services, tmp_path / "log", print):
        pass
    assert seen == [False] * 6


def test_dead_child_is_restarted_after_sigkill(stage, tmp_path, until, alive, impatient, said):
    services = [stage.service("worker", WORKERS), stage.service("other", WORKERS)]
    with Supervisor(services, tmp_path / "log", said.append) as supervisor:
        until(lambda: stage.pids("worker") and stage.pids("other"))
        first = supervisor.pids()
        os.kill(first["worker"], signal.SIGKILL)
        until(lambda: len(stage.pids("worker")) == 2)
        assert supervisor.pids()["worker"] == stage.pids("worker")[1] != first["worker"]
        assert supervisor.pids()["other"] == first["other"]
    assert any("worker ended unexpectedly" in line for line in said)
    assert not any(alive(pid) for pid in stage.pids("worker") + stage.pids("other"))


def test_children_of_a_killed_child_are_gone_before_the_restart(stage, tmp_path, until, alive, impatient):
    with Supervisor([stage.service("worker", WORKERS, "child")], tmp_path / "log", print):
        until(lambda: stage.pids("worker"))
        orphan = stage.pids("worker-child")[0]
        assert alive(orphan)
        os.kill(stage.pids("worker")[0], signal.SIGKILL)
        until(lambda: len(stage.pids("worker")) == 2)
        until(lambda: not alive(orphan))
        assert alive(stage.pids("worker-child")[1])


def test_gives_up_with_the_log_after_quick_deaths(stage, tmp_path, until, alive, impatient):
    supervisor = Supervisor([stage.service("good", BROKER), stage.service("bad", WORKERS, "fail")], tmp_path / "log", print)
    with pytest.raises(ServicesFailed, match=r"bad ended 5 times in a row.*bad\.log\n(.*\n)*.*the reason of the failure"), supervisor:
        supervisor.wait()
    assert len(stage.pids("bad")) == 5
    assert not alive(stage.pids("good")[0])


def test_missing_program_fails_the_start_and_stops_the_rest(stage, tmp_path, alive):
    broken = stage.service("broken", WORKERS)
    object.__setattr__(broken, "command", [str(tmp_path / "no-such-program")])
    good = stage.service("good", BROKER, ready=lambda: bool(stage.pids("good")))
    with pytest.raises(ServicesFailed, match="no-such-program"), Supervisor([good, broken], tmp_path / "log", print):
        pytest.fail("entered without a service")
    assert not alive(stage.pids("good")[0])


def test_service_that_never_gets_ready_is_named(stage, tmp_path, alive):
    service = stage.service("broker", BROKER, ready=lambda: False)
    object.__setattr__(service, "ready_seconds", 0.5)
    supervisor = Supervisor([service], tmp_path / "log", print)
    with pytest.raises(ServicesFailed, match=r"broker did not become ready within 0 s; its log is .*broker\.log"), supervisor:
        pytest.fail("entered without being ready")
    assert not any(alive(pid) for pid in stage.pids("broker"))


def test_death_is_noticed_while_a_later_service_gets_ready(stage, tmp_path, impatient):
    services = [stage.service("bad", WORKERS, "fail"), stage.service("web", WEB, ready=lambda: len(stage.pids("bad")) > 2)]
    supervisor = Supervisor(services, tmp_path / "log", print)
    with pytest.raises(ServicesFailed, match="bad ended 5 times"), supervisor:
        supervisor.wait()
    assert len(stage.pids("web")) == 1


def test_child_that_ignores_the_stop_is_killed_when_its_time_is_over(stage, tmp_path, until, alive, said):
    with Supervisor([stage.service("worker", WORKERS, "stubborn child", stop_seconds=0.3)], tmp_path / "log", said.append):
        until(lambda: stage.pids("worker"))
    assert said[-1] == "worker did not end in time and was killed"
    until(lambda: not any(alive(pid) for _, _, pid in stage.events()))


def test_second_stop_kills_at_once(stage, tmp_path, until, alive, said):
    # An hour of patience: only the second call can end this test.
    supervisor = Supervisor([stage.service("worker", WORKERS, "stubborn", stop_seconds=3600)], tmp_path / "log", said.append)
    with supervisor:
        until(lambda: stage.pids("worker"))
        supervisor.stop()
        threading.Timer(0.3, supervisor.stop).start()
        supervisor.wait()
    assert said[-1] == "worker did not end in time and was killed"
    assert not alive(stage.pids("worker")[0])


def test_failure_in_the_block_still_stops_everything(stage, tmp_path, until, alive):
    def fail():
        until(lambda: stage.pids("worker"))
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"), Supervisor([stage.service("worker", WORKERS)], tmp_path / "log", print):
        fail()
    assert not alive(stage.pids("worker")[0])


def test_child_output_is_appended_to_its_log(stage, tmp_path, until, impatient):
    log = tmp_path / "log" / "bad.log"
    log.parent.mkdir()
    log.write_text("from the day before\n")
    supervisor = Supervisor([stage.service("bad", WORKERS, "fail")], tmp_path / "log", print)
    with pytest.raises(ServicesFailed), supervisor:
        supervisor.wait()
    assert log.read_text() == "from the day before\n" + "the reason of the failure\n" * 5


def test_large_log_is_put_aside_at_the_start(stage, tmp_path, until, monkeypatch):
    monkeypatch.setattr("cli.process.LARGEST_LOG", 10)
    log = tmp_path / "log" / "worker.log"
    log.parent.mkdir()
    log.write_text("more than ten bytes")
    with Supervisor([stage.service("worker", WORKERS)], tmp_path / "log", print):
        until(lambda: stage.pids("worker"))
    assert log.read_text() == ""
    assert log.with_suffix(".log.1").read_text() == "more than ten bytes"


SUPERVISING = """
from pathlib import Path
from tests.cli.stage import Stage
from cli.services import WORKERS
from cli.supervisor import Supervisor
stage = Stage(Path({folder!r}))
with Supervisor([stage.service("worker", WORKERS, "child stubborn")], stage.folder / "log", print) as supervisor:
    supervisor.wait()
"""


@pytest.fixture
def supervising(stage):
    """A supervisor in a process of its own."""
    script = textwrap.dedent(SUPERVISING).format(folder=str(stage.folder))
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.DEVNULL)
    yield process
    process.kill()
    process.wait()


def watchdogs_of(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-ww", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(line.split()[0]) for line in listed.splitlines() if "watchdog.py" in line]


def test_no_process_survives_the_supervisors_sigkill(stage, supervising, until, alive):
    until(lambda: stage.pids("worker"))
    supervising.kill()
    supervising.wait()
    until(lambda: not any(alive(pid) for _, _, pid in stage.events()))


def test_no_process_survives_when_the_watchdog_was_killed_before(stage, supervising, until, alive):
    until(lambda: stage.pids("worker"))
    (first,) = watchdogs_of(supervising.pid)
    os.kill(first, signal.SIGKILL)
    until(lambda: watchdogs_of(supervising.pid) not in ([], [first]))
    supervising.kill()
    supervising.wait()
    until(lambda: not any(alive(pid) for _, _, pid in stage.events()))
