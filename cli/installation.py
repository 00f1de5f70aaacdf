"""What `serve` and `demo` share: who runs the services, on which broker, with everything prepared first."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

import django
from django.core import checks
from django.db import connections
from django.utils.module_loading import import_string

from cli.broker import Broker, clear_leftover
from cli.failures import ServicesFailed, SetupFailed
from cli.lock import Holder, InstallationLock
from cli.paths import socket_path
from cli.secret_files import create_secret_files
from cli.services import Service, worker_services
from cli.supervisor import Supervisor

Say = Callable[[str], None]


@dataclass(frozen=True)
class Workers:
    """Workers somebody keeps running. check: raises ServicesFailed once that is no longer so."""

    broker_url: str
    check: Callable[[], None]


def lock_path(var: Path) -> Path:
    """The lock of the installation whose state is in `var`."""
    return var / "run" / "assay.lock"


def start_django(var: Path, broker_url: str) -> None:
    """Make the secrets settings read, then load settings and models, which cannot be imported earlier."""
    create_secret_files(var)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ["BROKER_URL"] = broker_url
    django.setup()


def prepare_installation(say: Say, *, web: bool) -> None:
    """Run `cli.setup.prepare`, found by name because it imports models and so exists only after `start_django`."""
    look_over_settings(say)
    import_string("cli.setup.prepare")(say, web=web)
    # The supervisor needs no database, and an open connection would keep an old one from being replaced.
    connections.close_all()


def look_over_settings(say: Say) -> None:
    """Say what is unwise in the settings. Raises SetupFailed for what is wrong."""
    found = [row for row in checks.run_checks(tags=[checks.Tags.security]) if str(row.id).startswith("assay.")]
    for row in found:
        if not row.is_serious():
            say(f"settings: {row.msg} {row.hint} ({row.id})")
    if wrong := [f"{row.msg} {row.hint} ({row.id})" for row in found if row.is_serious()]:
        raise SetupFailed("settings: " + " ".join(wrong))


def build_supervisor(broker: Broker, var: Path, say: Say, web: Service | None = None) -> Supervisor:
    """Supervisor of broker, workers and (where given) web, not yet started; clears away a broker left by an earlier start.

    The caller holds the installation's lock. Raises SetupFailed for a wrong ASSAY_GPU_WORKERS.
    """
    if broker.service:
        pid = clear_leftover(socket_path(var))
        if pid:
            say(f"stopped a broker left over from an earlier start (process {pid})")
    try:
        services = [broker.service, *worker_services(broker.url, var), web]
    except ValueError as error:
        raise SetupFailed(str(error)) from error
    say(f"broker: {broker.description}")
    return Supervisor([service for service in services if service], var / "log", say)


def note_ready(lock: InstallationLock) -> None:
    """Say in the lock's note that the workers take work."""
    holder = lock.holder()
    if holder:
        lock.note(replace(holder, ready=True))


@contextmanager
def signals_to(stop: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C, SIGTERM and a closed terminal call `stop` for the time of the block, and nothing else."""

    def handle(number: int, frame: FrameType | None) -> None:
        stop()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def borrowed_workers(lock: InstallationLock, holder: Holder) -> Workers:
    """The workers of a running `serve`."""

    def check() -> None:
        now = lock.holder()
        if now is None or now.pid != holder.pid:
            raise ServicesFailed(f"`assay serve` (process {holder.pid}), whose workers were in use, has ended; start again")

    return Workers(holder.broker_url, check)
