"""Starting and retrying runs: the row is written first, the broker only rings."""

import uuid
from collections.abc import Iterable
from functools import partial

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from accounts.models import User
from assessments.models import Plan, Run, RunState, Step
from assessments.services import runs
from core import clock


@transaction.atomic
def run_start(*, actor: User, plan: Plan) -> Run:
    """Create a run of a sealed plan and ring for its steps once that is committed."""
    run = runs.run_create(actor=actor, plan=plan)
    ring_on_commit(run.steps.values_list("id", flat=True))
    return run


@transaction.atomic
def run_retry(*, actor: User, run: Run) -> list[Step]:
    """Queue failed and cancelled steps again."""
    steps = runs.run_retry(actor=actor, run=run)
    ring_on_commit([step.id for step in steps])
    return steps


def ring_on_commit(step_ids: Iterable[uuid.UUID]) -> None:
    """Ring for each step once the transaction is committed."""
    transaction.on_commit(partial(ring_all, list(step_ids)))


def ring_all(step_ids: Iterable[uuid.UUID]) -> None:
    """Ring for each step until the broker does not answer: every further try would keep the caller waiting, and the reaper rings again."""
    for step_id in step_ids:
        if not ring(step_id):
            return


def ring(step_id: uuid.UUID) -> bool:
    """Tell the workers that a step waits; whether the broker took the message. A broker that is away is no error."""
    try:
        current_app.send_task("gpu_tasks.tasks.execute_step", args=[str(step_id)], queue="gpu", retry=False)
    except OperationalError:
        return False
    Step.objects.filter(pk=step_id, state=RunState.QUEUED).update(rung_at=clock.now())
    return True
