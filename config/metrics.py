"""Numbers for Prometheus: requests as they happen, and the state of runs, queues, workers and log read from the database when asked."""

import os
from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Min
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from assessments.models import Run, RunState, Step
from core import clock
from evidence.models import Checkpoint, LogHead
from gpu_tasks import liveness
from reports.models import Report, ReportState

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
own = CollectorRegistry()
LABELS = ("page", "method", "status")
REQUESTS = Histogram("assay_request_seconds", "Requests by page, method and status: how many, and how long.", LABELS, buckets=BUCKETS, registry=own)


def count_request(page: str, method: str, status: int, seconds: float) -> None:
    """One request more; a method that HTTP does not know must not make a new series."""
    REQUESTS.labels(page, method if method in METHODS else "other", str(status)).observe(seconds)


def exposition() -> bytes:
    """All numbers in Prometheus' text format; with several web processes those of all of them, gathered from their files."""
    registry = own
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    state = CollectorRegistry()
    state.register(State())
    return generate_latest(registry) + generate_latest(state)


class State(Collector):
    """What the database says at this moment."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One family after the other, six queries in all."""
        now = clock.now()
        yield _by_state("assay_runs", "Runs by state.", RunState.values, _counts(Run))
        yield _by_state("assay_reports", "Reports by state.", ReportState.values, _counts(Report))
        waiting = Step.objects.filter(state=RunState.QUEUED).aggregate(n=Count("pk"), since=Min("created_at"))
        yield GaugeMetricFamily("assay_steps_waiting", "Steps that wait for a worker.", value=waiting["n"])
        yield GaugeMetricFamily("assay_oldest_waiting_seconds", "Age of the step that waits longest, 0 when none waits.", value=_age(now, waiting["since"]))
        yield from _log(now)
        yield _workers(now)


def _counts(model: type[Run] | type[Report]) -> dict[str, int]:
    return dict(model.objects.order_by().values_list("state").annotate(n=Count("pk")))


def _by_state(name: str, text: str, states: list[str], found: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=["state"])
    for state in states:
        family.add_metric([state], found.get(state, 0))
    return family


def _log(now: datetime) -> Iterator[GaugeMetricFamily]:
    size = LogHead.objects.values_list("size", flat=True).first() or 0
    newest = Checkpoint.objects.order_by("-tree_size").values_list("at", flat=True).first()
    yield GaugeMetricFamily("assay_log_entries", "Entries in the log.", value=size)
    yield GaugeMetricFamily("assay_checkpoint_age_seconds", "Time since the log's head was last signed.", value=_age(now, newest))


def _workers(now: datetime) -> GaugeMetricFamily:
    family = GaugeMetricFamily("assay_worker_silence_seconds", "Time since a worker of the queue last said that it lives; -1: never.", labels=["queue"])
    seen = liveness.last_seen()
    for queue in liveness.QUEUES:
        family.add_metric([queue], _age(now, seen[queue]) if queue in seen else -1)
    return family


def _age(now: datetime, since: datetime | None) -> float:
    return max((now - since).total_seconds(), 0.0) if since else 0.0
