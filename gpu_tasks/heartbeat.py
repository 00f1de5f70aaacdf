"""A thread that keeps a lease alive while work goes on."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import DatabaseError, connection


@contextmanager
def beating(renew: Callable[[], bool]) -> Iterator[threading.Event]:
    """Call ``renew`` four times per lease while the body runs; the event is set once it answers that the lease is lost."""
    stop, lost = threading.Event(), threading.Event()

    def beat() -> None:
        while not stop.wait(settings.ASSAY_LEASE_SECONDS / 4):
            try:
                if not renew():
                    lost.set()
                    break
            except DatabaseError:
                # A database that is away for a moment must not end the heartbeat; if it stays away the lease runs out.
                connection.close()
        connection.close()

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        stop.set()
        thread.join()
