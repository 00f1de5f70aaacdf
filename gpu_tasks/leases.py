"""Leases: the step's row is the truth. Claim, renew, report, reap: every write is conditional on the lease's token."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from accounts.models import User
from assessments.models import Run, RunState, Step
from assessments.services.runs import run_settle
from core import clock
from gpu_tasks.models import Attempt, Outcome


class LeaseLost(Exception):
    """Another worker or the reaper took the step; whatever this worker found is discarded."""


@dataclass(frozen=True)
class Lease:
    """Proof that this worker may write to the step."""

    step_id: uuid.UUID
    token: uuid.UUID


def lease_end() -> timedelta:
    """How long a lease lasts without a heartbeat."""
    return timedelta(seconds=settings.ASSAY_LEASE_SECONDS)


@transaction.atomic
def claim(*, actor: User, step_id: uuid.UUID, worker: str) -> Lease | None:
    """Lease a queued step, or one whose lease ran out; None when somebody else has it or it has ended."""
    moment, token = clock.now(), uuid.uuid4()
    if Run.objects.filter(steps=step_id, cancel_requested=True).exists():
        return None
    # Columns of the step only: with a join the update works through a subquery, which PostgreSQL does not check again after waiting for the row.
    free = Q(state=RunState.QUEUED) | Q(state=RunState.RUNNING, lease_until__lt=moment)
    taken = Step.objects.filter(free, pk=step_id, attempts_made__lt=settings.ASSAY_MAX_ATTEMPTS).update(
        state=RunState.RUNNING, lease_token=token, lease_until=moment + lease_end(), attempts_made=F("attempts_made") + 1,
        started_at=moment, fraction=0, stage="starting", tokens=0, tokens_per_second=0, error="",
    )  # fmt: skip
    if not taken:
        return None
    Attempt.objects.filter(step_id=step_id, outcome=Outcome.OPEN).update(outcome=Outcome.LOST, ended_at=moment)
    Attempt.objects.create(step_id=step_id, token=token, worker=worker, heartbeat_at=moment)
    Run.objects.filter(steps=step_id, state=RunState.QUEUED).update(state=RunState.RUNNING)
    return Lease(step_id, token)


def renew(*, actor: User, lease: Lease) -> None:
    """Extend the lease; ``LeaseLost`` when it is not ours any more."""
    moment = clock.now()
    kept = Step.objects.filter(pk=lease.step_id, state=RunState.RUNNING, lease_token=lease.token).update(lease_until=moment + lease_end())
    if not kept:
        raise LeaseLost(f"step {lease.step_id}")
    Attempt.objects.filter(token=lease.token).update(heartbeat_at=moment)


def report(*, actor: User, lease: Lease, fraction: float, stage: str, tokens: int, speed: float) -> bool:
    """Write progress; returns whether a person asked to stop. ``LeaseLost`` when the step is not ours any more."""
    kept = Step.objects.filter(pk=lease.step_id, state=RunState.RUNNING, lease_token=lease.token).update(
        fraction=min(max(fraction, 0.0), 1.0), stage=stage[:200], tokens=tokens, tokens_per_second=speed
    )
    if not kept:
        raise LeaseLost(f"step {lease.step_id}")
    return Run.objects.filter(steps=lease.step_id, cancel_requested=True).exists()


def close(*, actor: User, lease: Lease, outcome: str, device: str = "", error: str = "") -> None:
    """Record how the attempt ended."""
    Attempt.objects.filter(token=lease.token, outcome=Outcome.OPEN).update(outcome=outcome, ended_at=clock.now(), device=device[:60], error=error)


@transaction.atomic
def reap(*, actor: User) -> list[uuid.UUID]:
    """Put steps whose lease ran out back in the queue, or fail them at the attempt cap; returns the steps whose doorbell must ring (again)."""
    moment = clock.now()
    for step in Step.objects.select_related("run").filter(state=RunState.RUNNING, lease_until__lt=moment):
        _reap_one(actor, step)
    quiet = moment - lease_end()
    silent = Step.objects.filter(Q(rung_at__isnull=True) | Q(rung_at__lt=quiet), state=RunState.QUEUED)
    return list(silent.values_list("id", flat=True))


def _reap_one(actor: User, step: Step) -> None:
    if step.lease_token is None:
        return
    run = Run.objects.select_for_update(of=("self",)).get(pk=step.run_id)
    spent = step.attempts_made >= settings.ASSAY_MAX_ATTEMPTS
    if run.cancel_requested:
        state, error = RunState.CANCELLED, "cancelled while its worker was lost"
    elif spent:
        state, error = RunState.FAILED, f"worker lost {step.attempts_made} times; see the worker's log for memory or crashes, then retry"
    else:
        state, error = RunState.QUEUED, ""
    changed = Step.objects.filter(pk=step.pk, state=RunState.RUNNING, lease_token=step.lease_token).update(
        state=state, error=error, stage="worker lost, queued again" if not error else "", lease_token=None, lease_until=None, rung_at=None,
        finished_at=clock.now() if error else None,
    )  # fmt: skip
    if changed:
        Attempt.objects.filter(token=step.lease_token, outcome=Outcome.OPEN).update(outcome=Outcome.LOST, ended_at=clock.now())
        run_settle(actor=actor, run=run)
