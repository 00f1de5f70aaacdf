"""`assay serve`: what it refuses, what it says, when it is ready."""

import http.server
import json
import socket
import threading

import pytest

from cli import serve
from cli.failures import ServicesFailed, SetupFailed
from cli.installation import lock_path
from cli.lock import Holder, InstallationLock
from cli.serve import Readiness, already_running, main, require_free_port, welcome

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def taken_port(monkeypatch):
    monkeypatch.setattr(serve, "PORT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_taken_port_is_refused_with_another_proposal(taken_port):
    with pytest.raises(SetupFailed, match=rf"port {taken_port} is in use by another program; choose another: ./assay serve --port {taken_port % 65535 + 1}"):
        require_free_port(taken_port)


def test_free_port_passes(taken_port):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    require_free_port(port)


def test_port_of_a_web_that_is_just_being_ended_is_waited_for():
    server = socket.create_server(("127.0.0.1", 0))
    threading.Timer(0.5, server.close).start()
    require_free_port(server.getsockname()[1])


@pytest.mark.parametrize("wrong", ["0", "65536", "web", "-1"])
def test_impossible_port_is_refused_by_the_parser(wrong, capsys):
    with pytest.raises(SystemExit, match="2"):
        main([f"--port={wrong}"])
    assert "give a number from 1 to 65535" in capsys.readouterr().err


def test_second_serve_says_where_the_first_is(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ASSAY_VAR", str(tmp_path))
    with InstallationLock(lock_path(tmp_path)) as lock:
        lock.acquire("serve", "url", "http://127.0.0.1:8000/")
        assert main([]) == 2
    assert "already running at http://127.0.0.1:8000/ (process " in capsys.readouterr().err


def test_taken_port_is_noticed_before_anything_is_made(tmp_path, monkeypatch, capsys, taken_port):
    monkeypatch.setenv("ASSAY_VAR", str(tmp_path))
    assert main(["--port", str(taken_port)]) == 2
    assert f"port {taken_port} is in use" in capsys.readouterr().err
    assert not (tmp_path / "secret_key").exists()


@pytest.mark.parametrize(
    ("holder", "words"),
    [
        (Holder(7, "demo", "url"), r"`assay demo` is running on this installation \(process 7\)"),
        (Holder(0, "unknown", ""), "try again in a moment"),
        (None, "try again in a moment"),
    ],
)
def test_message_says_who_is_in_the_way(holder, words):
    with pytest.raises(SetupFailed, match=words):
        raise SetupFailed(already_running(holder))


def test_failed_service_ends_with_status_one(monkeypatch, capsys):
    def fail(port, var):
        raise ServicesFailed("web ended 5 times")

    monkeypatch.setattr(serve, "serve", fail)
    assert main([]) == 1
    assert capsys.readouterr().err == "web ended 5 times\n"


def test_welcome_names_the_credentials_only_while_they_are_there(tmp_path, capsys):
    welcome("http://127.0.0.1:8000/", tmp_path)
    assert "First login" not in capsys.readouterr().err
    (tmp_path / "first-login").touch()
    welcome("http://127.0.0.1:8000/", tmp_path)
    assert f"First login: see {tmp_path}/first-login" in capsys.readouterr().err


READY = {"status": "ready", "checks": {"database": {"ok": True, "reason": "sqlite answers"}}}
UNREADY = {"status": "not ready", "checks": {"disk": {"ok": False, "reason": "3 MB free"}, "database": {"ok": True, "reason": "fine"}}}


@pytest.mark.parametrize(
    ("status", "body", "missing"),
    [(200, READY, ""), (503, UNREADY, "disk: 3 MB free"), (503, {"status": "not ready"}, "it answers with an error"), (302, {}, "it answers with an error")],
)
def test_web_is_ready_when_every_check_passed_and_else_says_which_did_not(status, body, missing):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *arguments):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        ready = Readiness(server.server_port)
        assert ready() is (status == 200)
        assert ready.missing == missing
        server.shutdown()


def test_web_is_not_ready_while_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    ready = Readiness(port)
    assert ready() is False
    assert "does not answer" in ready.missing
