"""The processes an installation consists of, as data: broker, model workers, light worker with beat, web."""

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cli.paths import ROOT

# Services start in this order and stop in the reverse one.
BROKER, WORKERS, WEB = 1, 2, 3


@dataclass(frozen=True)
class Service:
    """One supervised process.

    stage: BROKER, WORKERS or WEB. ready: polled after the start until it is true, at most ready_seconds.
    stop_seconds: how long an orderly stop may take before the process is killed.
    """

    name: str
    command: Sequence[str]
    stage: int
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] | None = None
    ready_seconds: float = 30.0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0


def model_worker_count() -> int:
    """ASSAY_GPU_WORKERS, else two, or one on a single core. Raises ValueError naming the variable when it is no number from 1 to 64."""
    given = os.environ.get("ASSAY_GPU_WORKERS", "")
    if not given:
        return min(2, os.cpu_count() or 1)
    if not given.isdecimal() or not 1 <= int(given) <= 64:
        raise ValueError(f"ASSAY_GPU_WORKERS is {given!r}; give a number from 1 to 64")
    return int(given)


def worker_services(broker_url: str, var: Path) -> list[Service]:
    """Model workers on queue `gpu`, and one light worker on the other queues that also runs the schedule."""
    environment = {"BROKER_URL": broker_url}
    # One thread per model worker: results must not depend on the number of cores, and two pools of all cores slow each other down.
    # A warm stop lets the running step end; past stop_seconds it is killed, and its lease makes another worker take it up.
    model = environment | {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"), "OMP_WAIT_POLICY": "PASSIVE"}
    workers = [
        Service(f"model-worker-{number}", celery(f"model-{number}", "gpu", "--prefetch-multiplier=1"), WORKERS, model)
        for number in range(1, model_worker_count() + 1)
    ]
    schedule = ("-B", "--schedule", str(var / "run" / "schedule"))
    return [*workers, Service("light-worker", celery("light", "cpu,reports,webhooks", *schedule), WORKERS, environment)]


def celery(name: str, queues: str, *options: str) -> list[str]:
    """Command of one Celery worker: prefork, one child, so that a step can be limited, terminated and asked for a sign of life."""
    pool = ["--pool", "prefork", "--concurrency", "1", "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
    return [sys.executable, "-P", "-m", "celery", "-A", "config", "worker", "-n", f"{name}@%h", "-Q", queues, *pool, *options]


def web_service(broker_url: str, port: int, var: Path, ready: Callable[[], bool]) -> Service:
    """gunicorn with threads, so that a slow client blocks nobody; never --preload, because a fork after torch or vl-convert hangs."""
    options = ["--worker-class", "gthread", "--workers", "2", "--threads", "4", "--graceful-timeout", "8", "--no-control-socket"]
    settings = ["--config", str(ROOT / "config" / "gunicorn.py")]
    command = [sys.executable, "-P", "-m", "gunicorn", "config.wsgi:application", *settings, "--bind", f"127.0.0.1:{port}", *options]
    # Ready means that the workers have shown a sign of life too, and they read large libraries first.
    return Service("web", command, WEB, {"BROKER_URL": broker_url, "ASSAY_VAR": str(var)}, ready, ready_seconds=120.0)
