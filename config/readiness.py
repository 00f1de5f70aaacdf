"""Whether this installation can do its work: each check is made, none is assumed, and a failed one says why."""

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from kombu.exceptions import OperationalError

from core import clock
from core.errors import AssayError
from evidence import keys
from evidence.storage import blobs
from gpu_tasks import liveness

BROKER_PATIENCE = 2
KEEP_SECONDS = 2.0


@dataclass(frozen=True)
class Result:
    """What one check found; ``reason`` says what is wrong and what to do, or what is well."""

    name: str
    ok: bool
    reason: str


def database() -> str:
    """The database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return f"{connection.vendor} answers"


def migrations() -> str:
    """Every migration that this program brings has been applied."""
    loader = MigrationLoader(connection)
    missing = sorted(set(loader.graph.nodes) - set(loader.applied_migrations))
    if missing:
        raise AssayError(f"{len(missing)} not applied, first {'.'.join(missing[0])}; run python manage.py migrate")
    return f"{len(loader.applied_migrations)} applied"


def broker() -> str:
    """The message broker takes a connection."""
    with current_app.connection_for_write(connect_timeout=BROKER_PATIENCE) as link:
        link.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_PATIENCE)
        return f"{link.transport_cls} answers"


def workers() -> str:
    """A worker of each queue has been alive lately."""
    seen, now = liveness.last_seen(), clock.now()
    silent = [_silence(queue, seen.get(queue)) for queue in liveness.QUEUES if queue not in seen or now - seen[queue] > liveness.ALIVE]
    if silent:
        raise AssayError("; ".join(silent) + "; start the workers or look at their log")
    return f"alive on {', '.join(liveness.QUEUES)}"


def _silence(queue: str, seen: datetime | None) -> str:
    return f"queue {queue}: no worker" if seen is None else f"queue {queue}: no sign of life since {seen:%Y-%m-%d %H:%M:%S} UTC"


def signing_keys() -> str:
    """The keys can be opened, and their files are still where they were."""
    folder = Path(settings.ASSAY_KEYS_DIR)
    for name in (keys.STATEMENTS, keys.CHECKPOINTS, keys.REPORT, keys.TRUSTED_ROOT):
        with (folder / name).open("rb") as file:
            file.read(1)
    return f"log {keys.installed().origin}"


def storage() -> str:
    """The store of evidence takes bytes."""
    blobs().check()
    return "takes bytes"


def disk() -> str:
    """There is room for state and evidence."""
    free, least = shutil.disk_usage(settings.ASSAY_VAR).free // 1_000_000, settings.ASSAY_MIN_FREE_MB
    if free < least:
        raise AssayError(f"{free} MB free in {settings.ASSAY_VAR}, at least {least} are needed; make room")
    return f"{free} MB free"


CHECKS: tuple[tuple[str, Callable[[], str]], ...] = (
    ("database", database),
    ("migrations", migrations),
    ("broker", broker),
    ("workers", workers),
    ("keys", signing_keys),
    ("storage", storage),
    ("disk", disk),
)
EXPECTED = (AssayError, DatabaseError, OperationalError, OSError, ClientError, BotoCoreError)


def results() -> list[Result]:
    """All checks, made now."""
    return [_made(name, check) for name, check in CHECKS]


def _made(name: str, check: Callable[[], str]) -> Result:
    try:
        return Result(name, True, check())
    except EXPECTED as error:
        first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
        return Result(name, False, first_line)


class Recent:
    """Results at most two seconds old: strangers may ask as often as they like without keeping the machine busy."""

    def __init__(self) -> None:
        self._lock, self._made, self._kept = threading.Lock(), 0.0, list[Result]()

    def __call__(self) -> list[Result]:
        """The kept results, or new ones."""
        with self._lock:
            if not self._kept or time.monotonic() - self._made > KEEP_SECONDS:
                self._kept, self._made = results(), time.monotonic()
            return self._kept


recent = Recent()
