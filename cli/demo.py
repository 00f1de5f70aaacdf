"""`assay demo`: the whole way on a real model, from the register to a signed report."""

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from django.utils.module_loading import import_string

from cli.broker import choose_broker
from cli.failures import ServicesFailed, SetupFailed
from cli.installation import Workers, borrowed_workers, build_supervisor, lock_path, note_ready, prepare_installation, start_django
from cli.lock import Holder, InstallationLock
from cli.paths import caller_dir, var_dir
from cli.progress import PlainProgress, TerminalProgress, progress_on, watched
from core.errors import AssayError

if TYPE_CHECKING:
    from cli.demo_steps import DemoResult

Progress = TerminalProgress | PlainProgress

READY_SECONDS = 120.0


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 done, 1 failed, 2 could not start, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="assay demo", description="Assess a real language model from start to end and write a signed report.")
    parser.add_argument("--out", type=Path, default=var_dir() / "demo", help="folder for report and case (default: demo in the state folder)")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    options = parser.parse_args(arguments)
    begun = time.monotonic()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        with progress_on(sys.stderr) as progress:
            result = demo(caller_dir() / options.out, var_dir(), progress)
    except AssayError as error:
        print(f"assay demo: {error}", file=sys.stderr)
        return 2 if isinstance(error, SetupFailed) else 1
    except KeyboardInterrupt:
        print("assay demo: interrupted", file=sys.stderr)
        return 130
    result = replace(result, seconds=round(time.monotonic() - begun, 1))
    print(json.dumps(asdict(result), allow_nan=False, default=str) if options.json else f"report: {result.report}")
    return 0


def interrupt(number: int, frame: FrameType | None) -> None:
    """SIGTERM and a closed terminal end the demo as Ctrl-C does: services stop in order."""
    raise KeyboardInterrupt


def demo(out: Path, var: Path, progress: Progress) -> "DemoResult":
    """From the register to the signed report."""
    result: DemoResult = on_workers("demo", var, progress, partial(run_steps, "cli.demo_steps.run_demo", out, None))
    return result


def on_workers(mode: str, var: Path, progress: Progress, work: Callable[[Progress, Workers], Any]) -> Any:
    """Do ``work`` with the workers of a running `serve`, else with workers of our own for as long as it takes."""
    os.environ.setdefault("ASSAY_ORGANISATION", "Demonstration organisation")
    broker = choose_broker(var)
    with InstallationLock(lock_path(var)) as lock:
        if not lock.acquire(mode, broker.url):
            workers = workers_of_serve(lock, progress)
            start_django(var, workers.broker_url)
            return work(progress, workers)
        start_django(var, broker.url)
        prepare_installation(progress.note, web=False)
        with build_supervisor(broker, var, progress.note) as supervisor:
            note_ready(lock)
            return work(progress, Workers(broker.url, supervisor.check))


def run_steps(name: str, out: Path, wanted: Sequence[str] | None, progress: Progress, workers: Workers) -> Any:
    """The business part, found by ``name`` because it imports models and so exists only after `start_django`; ``wanted`` is handed on where given."""
    out.mkdir(parents=True, exist_ok=True)
    return import_string(name)(out, *([] if wanted is None else [wanted]), watched(progress.tell, workers.check))


def workers_of_serve(lock: InstallationLock, progress: Progress) -> Workers:
    """Wait until the `serve` that holds the lock is ready. Raises ServicesFailed when it is no `serve`, or does not get ready."""
    deadline = time.monotonic() + READY_SECONDS
    holder = settled_holder(lock)
    progress.note(f"using the workers of `assay serve` (process {holder.pid})")
    while not holder.ready:
        if time.monotonic() > deadline:
            raise ServicesFailed(f"`assay serve` (process {holder.pid}) did not get ready within {READY_SECONDS:.0f} s; see its terminal")
        time.sleep(0.2)
        holder = settled_holder(lock)
    return borrowed_workers(lock, holder)


def settled_holder(lock: InstallationLock) -> Holder:
    """Who holds the lock, which must be a `serve`."""
    holder = lock.holder()
    if holder is None or holder.mode != "serve":
        who = f"`assay {holder.mode}` (process {holder.pid})" if holder and holder.pid else "another process"
        raise ServicesFailed(f"{who} is using this installation; start again when it is done")
    return holder


if __name__ == "__main__":
    sys.exit(main())
