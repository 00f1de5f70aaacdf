"""The containers' health check: true only for an answer without an error, with the reason on standard error."""

import http.server
import threading

import pytest

from cli import healthcheck

pytestmark = pytest.mark.enable_socket


@pytest.mark.parametrize(("status", "expected"), [(200, 0), (404, 1), (503, 1)])
def test_status_decides(status, expected, capsys):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"workers: none")

        def log_message(self, *arguments):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        assert healthcheck.main([f"http://127.0.0.1:{server.server_port}/readyz"]) == expected
        server.shutdown()
    assert ("workers: none" in capsys.readouterr().err) is bool(expected)


def test_nobody_there_is_unhealthy():
    assert healthcheck.main(["http://127.0.0.1:1/readyz"]) == 1
