"""An installation of its own for a measurement: a fresh database, keys, an organisation with a token, many rows, and gunicorn in front."""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 180.0
WORKERS, THREADS = 2, 4


@contextlib.contextmanager
def database(server: str) -> Iterator[str]:
    """URL of a new PostgreSQL database on ``server`` (a URL whose role may create databases); dropped at the end."""
    import psycopg

    name = f"assay_bench_{uuid.uuid4().hex[:10]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[arg-type]
        try:
            yield f"{server.rsplit('/', 1)[0]}/{name}"
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')  # type: ignore[arg-type]


@contextlib.contextmanager
def environment(url: str) -> Iterator[None]:
    """Settings of the measurement in this process's environment, before anything of the application is imported."""
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": url,
            "ASSAY_VAR": folder,
            "ASSAY_KEY_PASSPHRASE": "only for this measurement",
            "SECRET_KEY": uuid.uuid4().hex * 2,
            "BROKER_URL": "memory://",
            "ASSAY_API_CALLS_PER_MINUTE": str(10**9),
        }
        yield


@dataclass(frozen=True)
class Server:
    """A running gunicorn; ``pid`` is the process that starts the web processes."""

    pid: int
    port: int

    def web_processes(self) -> list[int]:
        """The processes that answer requests."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def cpu_seconds(self) -> float:
        """CPU time that the web processes have used so far, in user and system mode."""
        ticks = [Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13] for pid in self.web_processes()]
        return sum(int(user) + int(system) for user, system in ticks) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def served() -> Iterator[Server]:
    """gunicorn with two processes of four threads, as `serve` starts it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    options = ["--worker-class", "gthread", "--workers", str(WORKERS), "--threads", str(THREADS), "--no-control-socket", "--keep-alive", "60"]
    command = [sys.executable, "-P", "-m", "gunicorn", "config.wsgi:application", "--config", "config/gunicorn.py", "--bind", f"127.0.0.1:{port}", *options]
    with open(Path(os.environ["ASSAY_VAR"]) / "web.log", "wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        wait_for(port)
        yield Server(process.pid, port)
    finally:
        process.terminate()
        process.wait(30)


def wait_for(port: int) -> None:
    """Until a page is answered. Raises TimeoutError."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        connection.close()
        time.sleep(0.2)
    raise TimeoutError(f"the web application did not answer within {PATIENCE:.0f} s")


def server_of(url: str) -> str:
    """Host and port of a database address, without user and password, for the record of a measurement."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 5432}"
