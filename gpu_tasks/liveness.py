"""Signs of life: every worker process touches its row while it is connected to the broker and its loop turns."""

import logging
import os
import socket
from datetime import datetime, timedelta
from typing import Any

from celery import bootsteps
from django.db import DatabaseError, connection

from core import clock
from gpu_tasks.models import WorkerBeat

logger = logging.getLogger(__name__)

EVERY = 5.0
"""Seconds between two signs of life."""
ALIVE = timedelta(seconds=30)
"""How old the last sign may be: several were missed by then, and it is well within a minute."""
FORGET = timedelta(days=1)
QUEUES = ("gpu", "cpu", "reports")
"""Every queue that must have a worker."""


def touch(*, name: str, queues: list[str]) -> None:
    """Note that the worker ``name`` lives and takes work from ``queues``."""
    facts = {"queues": queues, "host": socket.gethostname(), "pid": os.getpid(), "seen_at": clock.now()}
    WorkerBeat.objects.update_or_create(name=name, defaults=facts)


def retire(*, name: str) -> None:
    """Forget a worker that ends in order, and those that nobody has seen for a day."""
    WorkerBeat.objects.filter(name=name).delete()
    WorkerBeat.objects.filter(seen_at__lt=clock.now() - FORGET).delete()


def last_seen() -> dict[str, datetime]:
    """When a worker of each queue was last alive; queues that never had one are missing."""
    found: dict[str, datetime] = {}
    for queues, seen in WorkerBeat.objects.values_list("queues", "seen_at"):
        found |= {queue: max(seen, found.get(queue, seen)) for queue in queues}
    return found


class Beat(bootsteps.StartStopStep):
    """Part of a Celery consumer: starts once tasks are consumed, stops when the connection to the broker is lost.

    It runs in the worker's main process from the same loop that takes messages, so it shows that this loop turns.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **options: Any) -> None:
        self.timer: Any = None
        super().__init__(parent, **options)

    def start(self, parent: Any) -> None:
        """Touch the row now and then again and again."""
        self.touch(parent)
        self.timer = parent.timer.call_repeatedly(EVERY, self.touch, (parent,))

    def stop(self, parent: Any) -> None:
        """No more signs of life."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def shutdown(self, parent: Any) -> None:
        """The worker ends in order: its row goes."""
        self.stop(parent)
        self._write(lambda: retire(name=parent.hostname))

    def touch(self, parent: Any) -> None:
        """One sign of life."""
        queues = sorted(queue.name for queue in parent.task_consumer.queues)
        self._write(lambda: touch(name=parent.hostname, queues=queues))

    def _write(self, change: Any) -> None:
        try:
            change()
        except DatabaseError as error:
            # A database that is away must not end the worker; the missing sign of life says enough.
            logger.warning("sign of life not written: %s", error)
        finally:
            # The pool's children are forked from this process and must not inherit a connection.
            connection.close()
