"""What a worker does with a leased step: heartbeat, execute, store, attest."""

import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection

from accounts.models import User
from assessments.contracts import Cancelled, Figure, OutputFile, StepOutput, StepSpec
from assessments.models import RunState, Step
from assessments.services.plans import plan_check_seal
from assessments.services.steps import result_document, step_end, step_finish, step_spec
from core.canonical import canonical_json
from core.errors import AssayError
from evidence.services import StoredFile
from evidence.storage import blob_put_bytes, blob_put_file
from gpu_tasks import leases
from gpu_tasks.models import Outcome

SERVICE_ACCOUNT = "assay-worker"
REPORT_EVERY = 0.5


def service_actor() -> User:
    """The account in whose name workers write."""
    return User.objects.get(username=SERVICE_ACCOUNT, is_service=True)


def worker_name() -> str:
    """Host and process, for the attempt's record."""
    return f"{socket.gethostname()}:{os.getpid()}"


@dataclass
class RowProgress:
    """Progress of one step into its row, at most twice a second; stops the work when asked or when the lease is lost."""

    actor: User
    lease: leases.Lease
    lost: threading.Event
    tokens: int = 0
    begun: float = field(default_factory=time.monotonic)
    reported: float = 0.0

    def __call__(self, fraction: float, stage: str, tokens: int = 0) -> None:
        """Count tokens, write the row, raise ``Cancelled`` or ``LeaseLost``."""
        self.tokens += tokens
        if self.lost.is_set():
            raise leases.LeaseLost(str(self.lease.step_id))
        if time.monotonic() - self.reported < REPORT_EVERY:
            return
        self.reported = time.monotonic()
        speed = self.tokens / max(self.reported - self.begun, 1e-6)
        if leases.report(actor=self.actor, lease=self.lease, fraction=fraction, stage=stage, tokens=self.tokens, speed=speed):
            raise Cancelled(stage)


@contextmanager
def heartbeat(actor: User, lease: leases.Lease) -> Iterator[threading.Event]:
    """Renew the lease from a thread while the body runs; the event is set once the lease is lost."""
    stop, lost = threading.Event(), threading.Event()

    def beat() -> None:
        while not stop.wait(settings.ASSAY_LEASE_SECONDS / 4):
            try:
                leases.renew(actor=actor, lease=lease)
            except leases.LeaseLost:
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


def run_leased(*, actor: User, lease: leases.Lease) -> str:
    """Execute a leased step and write its evidence; returns the outcome."""
    step = Step.objects.select_related("run__plan__version", "run__plan__sealed_entry").get(pk=lease.step_id)
    plan_check_seal(step.run.plan)
    spec = step_spec(step)
    workdir = Path(tempfile.mkdtemp(prefix="step-", dir=_work_root()))
    try:
        with heartbeat(actor, lease) as lost:
            output = _execute(spec, workdir, RowProgress(actor, lease, lost))
            artifacts = store_output(spec, output, workdir)
        step_finish(actor=actor, step=step, token=lease.token, output=output, artifacts=artifacts)
        leases.close(actor=actor, lease=lease, outcome=Outcome.DONE, device=str(output.environment.get("device", "")))
        return Outcome.DONE.value
    except Cancelled:
        step_end(actor=actor, step=step, token=lease.token, state=RunState.CANCELLED, error="cancelled by request")
        leases.close(actor=actor, lease=lease, outcome=Outcome.CANCELLED)
        return Outcome.CANCELLED.value
    except leases.LeaseLost:
        return Outcome.LOST.value
    finally:
        shutil.rmtree(workdir, ignore_errors=True)


def _work_root() -> Path:
    root: Path = settings.ASSAY_VAR / "work"
    root.mkdir(parents=True, exist_ok=True)
    return root


def _execute(spec: StepSpec, workdir: Path, progress: RowProgress) -> StepOutput:
    """Import the torch runtime only here, in the child that runs the step: torch must not be loaded before the fork."""
    from gpu_tasks.runtime.execute import execute

    return execute(spec, workdir, progress, settings.ASSAY_CACHE)


def store_output(spec: StepSpec, output: StepOutput, workdir: Path) -> list[StoredFile]:
    """Put the result document, the figures and the files of a step into the store; the result comes first."""
    blob = blob_put_bytes(canonical_json(result_document(spec, output)))
    result = StoredFile(blob, f"{spec.key}/result.json", "application/json", "result", f"{spec.key}: result")
    return [result, *(_figure(spec, figure) for figure in output.figures), *(_file(spec, row, workdir) for row in output.files)]


def _figure(spec: StepSpec, figure: Figure) -> StoredFile:
    blob = blob_put_bytes(canonical_json(dict(figure.spec)))
    return StoredFile(blob, f"{spec.key}/{figure.name}.vl.json", "application/vnd.vegalite.v6+json", "figure", f"{spec.key}: {figure.title}")


def _file(spec: StepSpec, row: OutputFile, workdir: Path) -> StoredFile:
    path = (workdir / row.path).resolve()
    if not path.is_relative_to(workdir.resolve()):
        raise AssayError(f"{spec.instrument} named a file outside its work folder: {row.path}")
    return StoredFile(blob_put_file(path), f"{spec.key}/{row.path}", row.media_type, row.kind, f"{spec.key}: {row.title}")


def fail(*, actor: User, lease: leases.Lease, error: Exception) -> str:
    """End the step as failed with a message a person can act on."""
    known = isinstance(error, AssayError)
    message = str(error) if known else f"{type(error).__name__}: {error}. This is a fault of the program; the worker's log has the details."
    step = Step.objects.select_related("run__plan__version").get(pk=lease.step_id)
    step_end(actor=actor, step=step, token=lease.token, state=RunState.FAILED, error=message)
    leases.close(actor=actor, lease=lease, outcome=Outcome.FAILED, error=message)
    return Outcome.FAILED.value
