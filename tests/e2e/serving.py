"""A fresh installation under the real `./assay serve`, as a newcomer starts it."""

import contextlib
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.kill.processes import database_of_its_own, free_port, kill_session

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 180


@dataclass(frozen=True)
class Installation:
    """Where it answers and who may sign in first."""

    url: str
    var: Path

    def first_login(self) -> tuple[str, str]:
        """User name and password that set-up left for the first administrator."""
        lines = (self.var / "first-login").read_text(encoding="utf-8").splitlines()
        values = dict(line.split(": ", 1) for line in lines if ": " in line)
        return values["username"], values["password"]


@contextlib.contextmanager
def fresh_serve(folder: Path) -> Iterator[Installation]:
    """`./assay serve` on a state folder of its own, ended as Ctrl-C would."""
    port, var = free_port(), folder / "var"
    with database_of_its_own() as database:
        kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "BROKER_URL", "DJANGO_SETTINGS_MODULE"}}
        environment = {**kept, "ASSAY_VAR": str(var), **({"DATABASE_URL": database} if database else {})}
        with (folder / "serve.log").open("wb") as log:
            command = [str(ROOT / "assay"), "serve", "--port", str(port)]
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
            try:
                wait_ready(process, f"http://127.0.0.1:{port}/readyz", folder / "serve.log")
                yield Installation(f"http://127.0.0.1:{port}", var)
            finally:
                process.send_signal(signal.SIGINT)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(60)
                kill_session(process.pid)


def wait_ready(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Until the installation calls itself ready."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError, urllib.error.HTTPError), urllib.request.urlopen(address, timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(0.5)
    raise AssertionError(f"serve did not become ready: {log.read_text(errors='replace')[-3000:]}")
