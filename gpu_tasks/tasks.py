"""The Celery shell: ids in, services called, failures turned into states. The only place with a blanket except."""

import uuid
from collections.abc import Callable
from functools import partial

import structlog
from celery import shared_task

from assessments.models import Step
from assessments.services.qualifications import calibration_claim, calibration_reap
from gpu_tasks import calibration, dispatch, intakes, leases, pilots, worker
from inventory.services import intake_claim, intake_reap

logger = structlog.get_logger(__name__)


@shared_task(name="gpu_tasks.tasks.execute_step")
def execute_step(step_id: str) -> str:
    """Run one step to its end, whatever that end is; returns the outcome for the log."""
    actor = worker.service_actor()
    lease = leases.claim(actor=actor, step_id=uuid.UUID(step_id), worker=worker.worker_name())
    if lease is None:
        return "not free"
    run_id = Step.objects.values_list("run_id", flat=True).get(pk=lease.step_id)
    work, fail = (partial(carry, actor=actor, lease=lease) for carry in (worker.run_leased, worker.fail))
    return _to_its_end("step", work, fail, step=step_id, run=str(run_id))


@shared_task(name="gpu_tasks.tasks.reap_steps")
def reap_steps() -> int:
    """Re-queue steps, intakes and calibrations whose worker was lost and ring for those that nobody heard."""
    actor = worker.service_actor()
    silent, waiting, untried = leases.reap(actor=actor), intake_reap(actor=actor), calibration_reap(actor=actor)
    dispatch.ring_all(silent)
    intakes.ring_all(waiting)
    calibration.ring_all(untried)
    return len(silent) + len(waiting) + len(untried)


@shared_task(name="gpu_tasks.tasks.tend_pilots")
def tend_pilots() -> int:
    """Start the runs of pilots that are due, end and close what is over; how many runs were started."""
    return pilots.pilots_tend(actor=worker.service_actor())


@shared_task(name="gpu_tasks.tasks.take_in")
def take_in(intake_id: str) -> str:
    """Inspect weights and register them as a version, or say why not; returns the outcome for the log."""
    actor = worker.service_actor()
    intake = intake_claim(actor=actor, intake_id=uuid.UUID(intake_id))
    if intake is None:
        return "not free"
    work, fail = (partial(carry, actor=actor, intake=intake) for carry in (intakes.inspect_claimed, intakes.fail))
    return _to_its_end("intake", work, fail, intake=intake_id)


@shared_task(name="gpu_tasks.tasks.calibrate")
def calibrate(calibration_id: str) -> str:
    """Run an instrument on every organism that has a trial for it and attest the record; returns the outcome for the log."""
    actor = worker.service_actor()
    row = calibration_claim(actor=actor, calibration_id=uuid.UUID(calibration_id))
    if row is None:
        return "not free"
    work, fail = (partial(carry, actor=actor, calibration=row) for carry in (calibration.calibrate_claimed, calibration.fail))
    return _to_its_end("calibration", work, fail, calibration=calibration_id, instrument=row.instrument)


def _to_its_end(what: str, work: Callable[[], str], fail: Callable[..., str], **context: str) -> str:
    """Do ``work`` under ``context`` in the log; whatever breaks in it is handed to ``fail`` as ``error``. Returns the outcome."""
    with structlog.contextvars.bound_contextvars(**context):
        logger.info(f"{what} started")
        try:
            outcome = work()
        except Exception as error:
            logger.exception(f"{what} failed")
            outcome = fail(error=error)
        logger.info(f"{what} ended", outcome=outcome)
    return outcome
