"""`assay serve`: web, workers and broker in the foreground, until Ctrl-C."""

import argparse
import errno
import http.client
import json
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from cli.broker import choose_broker
from cli.failures import ServicesFailed, SetupFailed
from cli.installation import build_supervisor, lock_path, note_ready, prepare_installation, signals_to, start_django
from cli.lock import Holder, InstallationLock
from cli.paths import var_dir
from cli.services import web_service
from core.errors import AssayError

Say = Callable[[str], None]
PORT_SECONDS = 4.0


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 stopped on request, 1 a service failed, 2 could not start."""
    parser = argparse.ArgumentParser(prog="assay serve", description="The web application, its workers and its broker, in the foreground.")
    parser.add_argument("--port", type=port_number, default=8000, help="port on 127.0.0.1 (default 8000)")
    options = parser.parse_args(arguments)
    try:
        return serve(options.port, var_dir())
    except ServicesFailed as error:
        say(str(error))
        return 1
    except (AssayError, PermissionError) as error:
        say(str(error))
        return 2
    except KeyboardInterrupt:
        return 130


def say(text: str) -> None:
    """One line for the person at the terminal."""
    print(text, file=sys.stderr, flush=True)


def port_number(text: str) -> int:
    """A TCP port from 1 to 65535. Raises ArgumentTypeError, which argparse shows."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; give a number from 1 to 65535")
    return int(text)


def serve(port: int, var: Path) -> int:
    """Prepare, run all services until a signal, stop them in order. Raises SetupFailed or ServicesFailed."""
    address = f"http://127.0.0.1:{port}/"
    broker = choose_broker(var)
    with InstallationLock(lock_path(var)) as lock:
        if not lock.acquire("serve", broker.url, address):
            raise SetupFailed(already_running(lock.holder()))
        require_free_port(port)
        start_django(var, broker.url)
        prepare_installation(say, web=True)
        ready = Readiness(port)
        supervisor = build_supervisor(broker, var, say, web_service(broker.url, port, var, ready))
        try:
            with signals_to(supervisor.stop), supervisor:
                note_ready(lock)
                if not supervisor.stopping:
                    welcome(address, var)
                supervisor.wait()
        except ServicesFailed as error:
            raise ServicesFailed(f"{error}\nnot ready: {ready.missing}" if ready.missing else str(error)) from error
    say("stopped")
    return 0


def welcome(address: str, var: Path) -> None:
    """Where to go, who to be, how to end it."""
    say(f"\nAssay is at {address}")
    credentials = var / "first-login"
    if credentials.exists():
        say(f"First login: see {credentials} (it goes away once you have chosen a password of your own)")
    say(f"Logs: {var / 'log'}. Ctrl-C stops everything.\n")


def already_running(holder: Holder | None) -> str:
    """Message for a second start."""
    if holder is None or not holder.pid:
        return "this installation is being started by another process; try again in a moment"
    if holder.mode == "serve":
        return f"already running at {holder.address} (process {holder.pid})"
    return f"`assay {holder.mode}` is running on this installation (process {holder.pid}); start again when it is done"


def require_free_port(port: int) -> None:
    """Raise SetupFailed when the port cannot be listened on, before anything else is started.

    After a `serve` that was killed, its watchdog needs a moment to end the old web; so a taken port is asked again.
    """
    deadline = time.monotonic() + PORT_SECONDS
    while error := bind_error(port):
        if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
            reason = "is in use by another program" if error.errno == errno.EADDRINUSE else f"cannot be used ({os.strerror(error.errno or 0)})"
            raise SetupFailed(f"port {port} {reason}; choose another: ./assay serve --port {8000 if port < 1024 else port % 65535 + 1}") from error
        time.sleep(0.1)


def bind_error(port: int) -> OSError | None:
    """What hinders listening on the port of this machine, None when nothing does."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError as error:
            return error
    return None


class Readiness:
    """Asks the web application whether everything it needs works; remembers what it said was missing."""

    def __init__(self, port: int) -> None:
        self.port, self.missing = port, "it does not answer"

    def __call__(self) -> bool:
        """Whether `/readyz` says so."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            self.missing = "" if answer.status == 200 else missing(answer.read())
        except (OSError, http.client.HTTPException) as error:
            self.missing = f"it does not answer ({error})"
        finally:
            connection.close()
        return not self.missing


def missing(body: bytes) -> str:
    """The failed checks in the body of `/readyz`, in words."""
    try:
        checks = json.loads(body)["checks"]
    except (ValueError, KeyError, TypeError):
        return "it answers with an error"
    return "; ".join(f"{name}: {check['reason']}" for name, check in checks.items() if not check["ok"])


if __name__ == "__main__":
    sys.exit(main())
