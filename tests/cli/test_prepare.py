"""Set-up without services, and the containers' health check."""

import http.server
import threading

import pytest

from cli import healthcheck, prepare
from cli.failures import SetupFailed
from cli.installation import lock_path
from cli.lock import InstallationLock


@pytest.fixture
def prepared(monkeypatch, tmp_path):
    record = []
    monkeypatch.setenv("ASSAY_VAR", str(tmp_path))
    monkeypatch.setenv("BROKER_URL", "amqp://there")
    monkeypatch.setattr(prepare, "start_django", lambda var, url: record.append((var, url)))
    monkeypatch.setattr(prepare, "prepare_installation", lambda say, web: record.append(web))
    return record


def test_everything_is_prepared_with_the_configured_broker(prepared, tmp_path):
    assert prepare.main() == 0
    assert prepared == [(tmp_path, "amqp://there"), True]
    assert InstallationLock(lock_path(tmp_path)).holder() is None


def test_installation_in_use_is_left_alone(prepared, tmp_path, capsys):
    with InstallationLock(lock_path(tmp_path)) as lock:
        lock.acquire("serve", "url")
        assert prepare.main() == 2
    assert "in use" in capsys.readouterr().err
    assert prepared == []


def test_failure_is_one_message(prepared, monkeypatch, capsys):
    def fail(say, web):
        raise SetupFailed("the database cannot be reached")

    monkeypatch.setattr(prepare, "prepare_installation", fail)
    assert prepare.main() == 2
    assert capsys.readouterr().err == "assay: the database cannot be reached\n"


@pytest.mark.enable_socket
@pytest.mark.parametrize(("status", "expected"), [(200, 0), (404, 1), (500, 1)])
def test_health_check_passes_only_without_an_error(status, expected):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        assert healthcheck.main([address]) == expected
        server.shutdown()
    assert healthcheck.main([address]) == 1
