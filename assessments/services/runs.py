"""Runs: created from a sealed plan, ended when their steps have ended."""

from django.db import transaction
from django.db.models import Max

from accounts.models import User
from accounts.permissions import require
from assessments.models import Plan, Run, RunState, Step
from assessments.services.plans import plan_check_seal
from core import clock
from core.errors import InvalidState
from evidence import ledger


@transaction.atomic
def run_create(*, actor: User, plan: Plan) -> Run:
    """A queued run with one step per instrument of the sealed plan."""
    require(actor, "run.start", plan)
    return _queued(actor, plan, actor)


@transaction.atomic
def run_create_asked(*, actor: User, plan: Plan, asked_by: User) -> Run:
    """A run that a program starts on its day because ``asked_by`` wanted it; the person must still be allowed to start runs."""
    require(actor, "run.execute", plan)
    require(asked_by, "run.start", plan)
    return _queued(actor, plan, asked_by)


def _queued(actor: User, plan: Plan, asked_by: User) -> Run:
    locked = Plan.objects.select_for_update(of=("self",)).select_related("sealed_entry").get(pk=plan.pk)
    plan_check_seal(locked)
    if locked.for_vendor and locked.received_from is None:
        raise InvalidState("The vendor runs this plan, on weights that are not here. Hand it over, and take in the case that the vendor sends back.")
    run = Run.objects.create(plan=locked, number=next_number(), requested_by=asked_by)
    items = locked.document["items"]
    Step.objects.bulk_create(Step(run=run, position=place, key=item["key"], instrument=item["instrument"]) for place, item in enumerate(items))
    ledger.append(
        actor=actor,
        action="assessments.run.started",
        subject=run.subject,
        payload={"plan": str(plan.id), "digest": locked.sealed_digest, "number": run.number} | ({} if asked_by == actor else {"asked_by": str(asked_by.pk)}),
        organisation_id=plan.organisation_id,
    )
    return run


def next_number() -> int:
    """The number of the next run; call inside a transaction."""
    return (Run.objects.aggregate(highest=Max("number"))["highest"] or 0) + 1


@transaction.atomic
def run_cancel(*, actor: User, run: Run) -> Run:
    """Ask a run to stop: queued steps end at once, running ones at their next batch."""
    require(actor, "run.cancel", run)
    row = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if row.ended:
        raise InvalidState(f"{row} is {row.get_state_display().lower()} already; there is nothing to cancel.")
    row.cancel_requested = True
    row.save(update_fields=["cancel_requested"])
    row.steps.filter(state=RunState.QUEUED).update(state=RunState.CANCELLED, finished_at=clock.now(), stage="cancelled before it began")
    payload = {"number": row.number}
    ledger.append(actor=actor, action="assessments.run.cancel_requested", subject=row.subject, payload=payload, organisation_id=row.organisation_id)
    run_settle(actor=actor, run=row)
    return row


@transaction.atomic
def run_retry(*, actor: User, run: Run) -> list[Step]:
    """Queue the failed and cancelled steps again; finished ones keep their results. Returns the steps queued."""
    require(actor, "run.retry", run)
    row = Run.objects.select_for_update(of=("self",)).select_related("plan__sealed_entry").get(pk=run.pk)
    plan_check_seal(row.plan)
    if row.received_id is not None:
        raise InvalidState(f"{row} was made by the vendor; what is missing can only come from the vendor, in another case.")
    steps = list(row.steps.filter(state__in=[RunState.FAILED, RunState.CANCELLED]))
    if not row.ended or not steps:
        raise InvalidState(f"{row} is {row.get_state_display().lower()}; only failed or cancelled steps of an ended run can be retried.")
    keys = [step.key for step in steps]
    row.steps.filter(key__in=keys).update(
        state=RunState.QUEUED, attempts_made=0, error="", stage="", fraction=0, started_at=None, finished_at=None, lease_token=None, lease_until=None
    )
    row.state, row.cancel_requested, row.finished_at = RunState.QUEUED, False, None
    row.save(update_fields=["state", "cancel_requested", "finished_at"])
    ledger.append(actor=actor, action="assessments.run.retried", subject=row.subject, payload={"steps": keys}, organisation_id=row.organisation_id)
    return steps


def run_settle(*, actor: User, run: Run) -> None:
    """Bring the run's state into line with its steps; when the last one ended, enter that in the log. Call inside a transaction that holds the run's lock."""
    states = set(run.steps.values_list("state", flat=True))
    if states & {RunState.QUEUED, RunState.RUNNING}:
        if run.state == RunState.QUEUED and states != {RunState.QUEUED}:
            run.state = RunState.RUNNING
            run.save(update_fields=["state"])
        return
    run.state = next(state for state in (RunState.FAILED, RunState.CANCELLED, RunState.DONE) if state in states)
    run.finished_at = clock.now()
    counts = {state: run.steps.filter(state=state).count() for state in sorted(states)}
    payload = {"number": run.number, "steps": counts}
    entry = ledger.append(actor=actor, action=f"assessments.run.{run.state}", subject=run.subject, payload=payload, organisation_id=run.organisation_id)
    if run.state == RunState.DONE:
        run.finished_entry = entry
    run.save(update_fields=["state", "finished_at", "finished_entry"])
