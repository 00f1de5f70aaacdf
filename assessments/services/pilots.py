"""Pilots: opened with a plan sealed at once, carried on a day at a time, ended, and closed with an attested report."""

from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User
from accounts.permissions import allowed, require
from assessments import pilot_report
from assessments.drift import Rule
from assessments.models import Pilot, PilotDay, Run
from assessments.pilot_models import DayState, PilotState
from assessments.pilot_readings import DAY, runs_open
from assessments.services.plans import PlanItem, plan_create, plan_seal
from assessments.services.runs import run_create_asked
from core import clock
from core.canonical import canonical_json
from core.errors import AssayError, Conflict, InvalidInput, InvalidState
from evidence import ledger
from evidence.models import Artifact
from evidence.services import StoredFile, evidence_record
from evidence.storage import blob_put_bytes
from inventory.models import ModelVersion, Source

INSTRUMENT = "behaviour_gap"
LATEST_START = timedelta(hours=12)
"""How long after its hour a day may still begin; the run needs the rest of the day to end in."""
CLAIM = "Asked the same questions every day, the model answers alike whether or not a request says that it is an evaluation, and goes on doing so."
NO_BEAT = "Nothing was there to start it: the scheduler or the database was away."
NOT_ALLOWED = "The person who opened the pilot may no longer start runs."
BUSY = "The run of an earlier day had not ended."


@transaction.atomic
def pilot_open(*, actor: User, version: ModelVersion, rule: Rule, seed: int = 7) -> Pilot:
    """Draft and seal the plan that every day runs, and enter the days; the first is the next ``rule.hour`` o'clock UTC."""
    require(actor, "run.start", version)
    if version.source != Source.ENDPOINT:
        raise InvalidInput("version", "a pilot asks a model over the network every day; choose a version whose source is an endpoint")
    ModelVersion.objects.select_for_update(of=("self",)).get(pk=version.pk)
    if Pilot.objects.filter(version=version, state=PilotState.OPEN).exists():
        raise Conflict(f"A pilot of {version} is running already. End it first.")
    title = f"Pilot of {version}"[:200]
    items = [PlanItem(INSTRUMENT)]
    plan = plan_create(actor=actor, version=version, title=title, claim=CLAIM, items=items, seed=seed, pilot=rule.document())
    plan = plan_seal(actor=actor, plan=plan)
    first = next_hour(clock.now(), rule.hour)
    row = Pilot.objects.create(version=version, plan=plan, days_planned=rule.days, hour=rule.hour, started_at=clock.now(), opened_by=actor)
    PilotDay.objects.bulk_create(PilotDay(pilot=row, number=number, due_at=first + (number - 1) * DAY) for number in range(1, rule.days + 1))
    _log(actor, row, "opened", {"plan": str(plan.id), "digest": plan.sealed_digest, "days": rule.days, "first": clock.iso(first)})
    return row


@transaction.atomic
def pilot_end(*, actor: User, pilot: Pilot, reason: str) -> Pilot:
    """End a pilot before its last day; a run that is under way goes on to its end, days to come are dropped."""
    require(actor, "run.cancel", pilot)
    if not 0 < len(reason.strip()) <= 500:
        raise InvalidInput("reason", "say in at most 500 characters why it ends early; the closing report repeats it, so name no person")
    row = _locked(pilot)
    if row.state != PilotState.OPEN:
        raise InvalidState(f"This pilot has ended on {row.ended_at:%d %B %Y}.")
    dropped = row.days.filter(state=DayState.WAITING).update(state=DayState.DROPPED)
    _end(actor, row, PilotState.STOPPED, reason.strip(), {"dropped": dropped})
    return row


@transaction.atomic
def pilot_advance(*, actor: User, pilot: Pilot) -> Run | None:
    """Enter what was missed, create the run that is due, end the pilot after its last day. Asked twice, it does nothing the second time."""
    require(actor, "run.execute", pilot)
    row = _locked(pilot)
    if row.state != PilotState.OPEN:
        return None
    now = clock.now()
    waiting = list(row.days.filter(state=DayState.WAITING, due_at__lte=now))
    open_runs = runs_open(row)
    run = None
    for day in waiting:
        if now >= day.due_at + LATEST_START:
            _miss(actor, row, day, BUSY if open_runs else NO_BEAT)
        elif not allowed(row.opened_by, "run.start", row):
            _miss(actor, row, day, NOT_ALLOWED)
        elif not open_runs:
            run = _begun_or_missed(actor, row, day)
    if run is None and not row.days.filter(state=DayState.WAITING).exists() and not _last_day_open(row, now, open_runs):
        _end(actor, row, PilotState.ENDED, "", {})
    return run


@transaction.atomic
def pilot_close(*, actor: User, pilot: Pilot) -> Artifact | None:
    """Attest the closing report of an ended pilot, once; None while a run of it has not ended."""
    require(actor, "run.execute", pilot)
    row = _locked(pilot)
    if row.report is not None:
        return row.report
    if row.state == PilotState.OPEN or runs_open(row):
        return None
    document = pilot_report.report_document(row)
    blob = blob_put_bytes(canonical_json(document))
    attestation = evidence_record(
        actor=actor,
        action="assessments.pilot.closed",
        subject=row.subject,
        predicate_type=pilot_report.PREDICATE,
        predicate={"pilot": str(row.id), "plan": row.plan.sealed_digest, "report": blob.sha256, "state": row.state},
        blobs=[StoredFile(blob, "pilot-report.json", "application/json", "pilot_report", f"Closing report: {row}"[:200])],
        payload={"report": blob.sha256},
        organisation_id=row.organisation_id,
    )
    row.report = attestation.artifacts.get()
    row.save(update_fields=["report"])
    return row.report


def next_hour(now: datetime, hour: int) -> datetime:
    """The first ``hour`` o'clock (UTC) after ``now``."""
    today = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today > now else today + DAY


def _locked(pilot: Pilot) -> Pilot:
    related = ("version__model__vendor", "plan__sealed_entry", "opened_by", "report")
    return Pilot.objects.select_for_update(of=("self",)).select_related(*related).get(pk=pilot.pk)


def _begun_or_missed(actor: User, row: Pilot, day: PilotDay) -> Run | None:
    try:
        with transaction.atomic():
            return _begin(actor, row, day)
    except AssayError as error:
        # Such as a plan that is no longer what was sealed: the day must say so, and the days after it go on.
        _miss(actor, row, day, str(error)[:300])
        return None


def _begin(actor: User, row: Pilot, day: PilotDay) -> Run:
    run = run_create_asked(actor=actor, plan=row.plan, asked_by=row.opened_by)
    day.state, day.run = DayState.STARTED, run
    day.save(update_fields=["state", "run"])
    _log(actor, row, "day_started", {"day": day.number, "run": str(run.id)})
    return run


def _miss(actor: User, row: Pilot, day: PilotDay, reason: str) -> None:
    day.state, day.reason = DayState.MISSED, reason
    day.save(update_fields=["state", "reason"])
    _log(actor, row, "day_missed", {"day": day.number, "reason": reason})


def _last_day_open(row: Pilot, now: datetime, open_runs: bool) -> bool:
    last = row.days.order_by("-number")[0]
    return open_runs and now < last.due_at + DAY


def _end(actor: User, row: Pilot, state: PilotState, reason: str, more: dict[str, int]) -> None:
    row.state, row.ended_at, row.reason = state, clock.now(), reason
    row.save(update_fields=["state", "ended_at", "reason"])
    _log(actor, row, state.value, {"reason": reason, **more})


def _log(actor: User, row: Pilot, what: str, payload: dict[str, object]) -> None:
    ledger.append(actor=actor, action=f"assessments.pilot.{what}", subject=row.subject, payload=payload, organisation_id=row.organisation_id)
