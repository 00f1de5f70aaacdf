"""Calibrations: rung for like a step, then the instrument is tried on organisms and the record attested."""

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from accounts.models import User
from assessments.contracts import StepSpec
from assessments.models import Calibration, RunState
from assessments.qualification import TrialResult
from assessments.services import qualifications as services
from core import clock
from core.canonical import canonical_json
from core.errors import AssayError
from evidence.services import StoredFile
from evidence.storage import blob_put_bytes
from gpu_tasks.heartbeat import beating
from gpu_tasks.leases import LeaseLost
from gpu_tasks.trials import Job, jobs_of, organism_rows, own_check, trial_make, trials_check
from gpu_tasks.worker import REPORT_EVERY

Tell = Callable[[float, str], None]
"""Called with the finished fraction of a calibration and what is being done."""


@dataclass
class Watch:
    """Progress of a calibration into its row, at most twice a second; stops the work when the lease is lost."""

    actor: User
    calibration: Calibration
    lost: threading.Event
    total: int
    tell: Tell | None = None
    done: int = 0
    name: str = ""
    reported: float = field(default=0.0)

    def __call__(self, fraction: float, stage: str, tokens: int = 0) -> None:
        """``fraction`` of the present trial; ``LeaseLost`` when somebody else has taken over."""
        if self.lost.is_set():
            raise LeaseLost(str(self.calibration.pk))
        if time.monotonic() - self.reported < REPORT_EVERY:
            return
        self.reported = time.monotonic()
        stage = f"trial {self.done + 1} of {self.total}: {self.name}: {stage}"
        fraction = (self.done + fraction) / self.total
        if self.tell is not None:
            self.tell(fraction, stage)
        if not services.calibration_report(actor=self.actor, calibration=self.calibration, fraction=fraction, stage=stage):
            raise LeaseLost(str(self.calibration.pk))


@transaction.atomic
def calibration_start(*, actor: User, instrument: str, family: str = "", seeds: int = 2) -> Calibration:
    """Ask for a calibration and ring for a worker once that is committed; ``InvalidInput`` when no organism has a trial for the instrument."""
    trials_check(instrument, family)
    row = services.calibration_request(actor=actor, instrument=instrument, family=family, seeds=seeds)
    transaction.on_commit(partial(ring, row.id))
    return row


def ring_all(calibration_ids: Iterable[uuid.UUID]) -> None:
    """Ring for each calibration until the broker does not answer; the reaper rings again."""
    for calibration_id in calibration_ids:
        if not ring(calibration_id):
            return


def ring(calibration_id: uuid.UUID) -> bool:
    """Tell the workers that a calibration waits; whether the broker took the message. A broker that is away is no error."""
    try:
        current_app.send_task("gpu_tasks.tasks.calibrate", args=[str(calibration_id)], queue="gpu", retry=False)
    except OperationalError:
        return False
    Calibration.objects.filter(pk=calibration_id, state=RunState.QUEUED).update(rung_at=clock.now())
    return True


def calibrate_claimed(*, actor: User, calibration: Calibration, tell: Tell | None = None) -> str:
    """Make every trial of a claimed calibration and attest the record; returns the outcome. ``tell`` hears how far it is."""
    jobs = jobs_of(calibration.instrument, calibration.family, calibration.seeds)
    try:
        with beating(partial(services.calibration_renew, actor=actor, calibration=calibration)) as lost:
            own_check(jobs)
            watch = Watch(actor, calibration, lost, len(jobs), tell)
            results = list(_results(jobs, watch))
            return _finish(actor, calibration, jobs, results)
    except LeaseLost:
        return "lost"


def _results(jobs: Sequence[Job], watch: Watch) -> Iterator[TrialResult]:
    for position, job in enumerate(jobs):
        watch.done, watch.name = position, job.name
        result = trial_make(job, watch.calibration.instrument, watch)
        if not services.trial_add(actor=watch.actor, calibration=watch.calibration, position=position, result=result):
            raise LeaseLost(str(watch.calibration.pk))
        yield result


def _finish(actor: User, calibration: Calibration, jobs: Sequence[Job], results: Sequence[TrialResult]) -> str:
    if calibration.family:
        return "done" if services.calibration_close(actor=actor, calibration=calibration) else "lost"
    document = services.calibration_document(calibration, results, organism_rows(jobs), environment())
    blob = blob_put_bytes(canonical_json(document))
    name = f"qualification.{calibration.instrument}.{str(calibration.id)[:8]}.json"
    file = StoredFile(blob, name, "application/json", "qualification", f"Calibration record of {calibration.instrument}")
    services.calibration_record(actor=actor, calibration=calibration, document=document, file=file)
    return "done"


def environment() -> dict[str, Any]:
    """Libraries, device and numerical policies as every run on this machine attests them."""
    from gpu_tasks.runtime.environment import describe, settle

    return describe(settle(1), 1, StepSpec.max_batch)


def fail(*, actor: User, calibration: Calibration, error: BaseException) -> str:
    """End the calibration as failed with a message a person can act on."""
    message = str(error) if isinstance(error, AssayError) else ""
    message = message or f"{type(error).__name__}: {error}. This is a fault of the program; the worker's log has the details."
    return "failed" if services.calibration_fail(actor=actor, calibration=calibration, error=message) else "lost"
