"""The Celery shell: ids in, services called, failures turned into states. The only place with a blanket except."""

import logging
import uuid

from celery import shared_task

from gpu_tasks import dispatch, leases, worker

logger = logging.getLogger(__name__)


@shared_task(name="gpu_tasks.tasks.execute_step")
def execute_step(step_id: str) -> str:
    """Run one step to its end, whatever that end is; returns the outcome for the log."""
    actor = worker.service_actor()
    lease = leases.claim(actor=actor, step_id=uuid.UUID(step_id), worker=worker.worker_name())
    if lease is None:
        return "not free"
    try:
        outcome = worker.run_leased(actor=actor, lease=lease)
    except Exception as error:
        logger.exception("step %s failed", step_id)
        outcome = worker.fail(actor=actor, lease=lease, error=error)
    return outcome


@shared_task(name="gpu_tasks.tasks.reap_steps")
def reap_steps() -> int:
    """Re-queue steps whose worker was lost and ring for steps that nobody heard."""
    silent = leases.reap(actor=worker.service_actor())
    dispatch.ring_all(silent)
    return len(silent)
