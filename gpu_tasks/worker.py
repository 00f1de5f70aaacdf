"""What a worker does with a leased step: heartbeat, execute, store, attest."""

import os
import shutil
import socket
import tempfile
import threading
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from accounts.models import User
from assessments.contracts import Cancelled, Figure, OutputFile, StepOutput, StepSpec
from assessments.models import RunState, Step
from assessments.services.plans import plan_check_seal
from assessments.services.steps import result_document, run_specs, step_end, step_finish, step_spec
from assessments.shelf import shelf_fill
from core.canonical import canonical_json
from core.errors import AssayError
from evidence.services import StoredFile
from evidence.storage import blob_put_bytes, blob_put_file
from gpu_tasks import leases
from gpu_tasks.dumped import execute as dumped
from gpu_tasks.heartbeat import beating
from gpu_tasks.models import Outcome
from gpu_tasks.remote.execute import SOURCE, execute_remote
from gpu_tasks.remote.wire import Policy

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


def heartbeat(actor: User, lease: leases.Lease) -> AbstractContextManager[threading.Event]:
    """Renew the lease from a thread while the body runs; the event is set once the lease is lost."""

    def renew() -> bool:
        try:
            leases.renew(actor=actor, lease=lease)
        except leases.LeaseLost:
            return False
        return True

    return beating(renew)


def run_leased(*, actor: User, lease: leases.Lease) -> str:
    """Execute a leased step and write its evidence; returns the outcome."""
    step = Step.objects.select_related("run__plan__version", "run__plan__sealed_entry").get(pk=lease.step_id)
    plan_check_seal(step.run.plan)
    spec = step_spec(step)
    shelf_fill(spec.probe_sets)
    workdir = Path(tempfile.mkdtemp(prefix="step-", dir=_work_root()))
    try:
        with heartbeat(actor, lease) as lost:
            output, read = _execute(step, spec, workdir, RowProgress(actor, lease, lost))
            artifacts = store_output(spec, output, workdir)
        step_finish(actor=actor, step=step, token=lease.token, output=output, artifacts=artifacts, tokens_read=read)
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


def _execute(step: Step, spec: StepSpec, workdir: Path, progress: RowProgress) -> tuple[StepOutput, int]:
    """The output, and how many of its tokens an earlier step of the run had put through the model.

    The torch runtime is imported only here, in the child that runs the step: torch must not be loaded before the fork.
    """
    if spec.subject.source == SOURCE:
        return execute_remote(spec, workdir, progress, remote_policy()), 0
    if spec.subject.source == dumped.SOURCE:
        return dumped.execute_dumped(spec, workdir, progress, settings.ASSAY_MODELS_DIR), 0
    from gpu_tasks.runtime.execute import Sharing, execute, tokens_shared

    output = execute(spec, workdir, progress, settings.ASSAY_CACHE, sharing=Sharing(str(step.run_id), run_specs(step.run)))
    return output, tokens_shared()


def remote_policy() -> Policy:
    """Where requests may go from this installation, with which keys and how often."""
    return Policy(tuple(settings.ASSAY_ENDPOINT_NETWORKS), settings.ASSAY_ENDPOINT_KEYS, settings.ASSAY_ENDPOINT_PER_MINUTE)


def store_output(spec: StepSpec, output: StepOutput, workdir: Path) -> list[StoredFile]:
    """Put the result document, the figures and the files of a step into the store; the result comes first."""
    blob = blob_put_bytes(canonical_json(result_document(spec, output)))
    result = StoredFile(blob, f"{spec.key}/result.json", "application/json", "result", f"{spec.key}: result")
    return [result, *(_figure(spec, figure) for figure in output.figures), *(_file(spec, row, workdir) for row in output.files)]


def figure_bytes(figure: Figure) -> bytes:
    """A figure as it is stored: canonical JSON."""
    return canonical_json(dict(figure.spec))


def figure_name(spec: StepSpec, figure: Figure) -> str:
    """The name by which the step's statement calls a figure."""
    return f"{spec.key}/{figure.name}.vl.json"


def file_name(spec: StepSpec, row: OutputFile) -> str:
    """The name by which the step's statement calls a file."""
    return f"{spec.key}/{row.path}"


def _figure(spec: StepSpec, figure: Figure) -> StoredFile:
    return StoredFile(
        blob_put_bytes(figure_bytes(figure)), figure_name(spec, figure), "application/vnd.vegalite.v6+json", "figure", f"{spec.key}: {figure.title}"
    )


def _file(spec: StepSpec, row: OutputFile, workdir: Path) -> StoredFile:
    path = (workdir / row.path).resolve()
    if not path.is_relative_to(workdir.resolve()):
        raise AssayError(f"{spec.instrument} named a file outside its work folder: {row.path}")
    return StoredFile(blob_put_file(path), file_name(spec, row), row.media_type, row.kind, f"{spec.key}: {row.title}")


def fail(*, actor: User, lease: leases.Lease, error: Exception) -> str:
    """End the step as failed with a message a person can act on."""
    known = isinstance(error, AssayError)
    message = str(error) if known else f"{type(error).__name__}: {error}. This is a fault of the program; the worker's log has the details."
    step = Step.objects.select_related("run__plan__version").get(pk=lease.step_id)
    step_end(actor=actor, step=step, token=lease.token, state=RunState.FAILED, error=message)
    leases.close(actor=actor, lease=lease, outcome=Outcome.FAILED, error=message)
    return Outcome.FAILED.value
