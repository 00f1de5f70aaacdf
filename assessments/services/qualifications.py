"""Calibrations: asked for, claimed by lease, filled trial by trial, and in the end recorded as attested evidence."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from accounts.models import User
from accounts.permissions import require
from assessments.conditions import LASTS
from assessments.contracts import Reading
from assessments.models import Calibration, CalibrationTrial, Qualification, RunState
from assessments.qualification import FALSE_POSITIVES, NOT_COVERED, POWER, SENSITIVITY, Record, TrialResult, record_of, shortfalls_of
from assessments.registry import instrument as instrument_named
from assessments.registry import source_digest
from core import clock
from core.errors import Conflict, InvalidInput
from evidence import ledger, statements
from evidence.services import StoredFile, evidence_record

SCHEMA = "urn:assay:qualification:v1"
MOST_SEEDS = 20
READINGS = ("reading", "least", "most")
QUEUED, RUNNING = RunState.QUEUED, RunState.RUNNING


@transaction.atomic
def calibration_request(*, actor: User, instrument: str, family: str = "", seeds: int = 2) -> Calibration:
    """Ask for a calibration; ``Conflict`` while one of this instrument is under way, ``Refused`` for an unknown instrument."""
    require(actor, "instrument.calibrate")
    instrument_named(instrument)
    if not 1 <= seeds <= MOST_SEEDS:
        raise InvalidInput("seeds", f"the number of seeds must be from 1 to {MOST_SEEDS}")
    if Calibration.objects.filter(instrument=instrument, state__in=[QUEUED, RUNNING]).exists():
        raise Conflict(f"{instrument} is being calibrated at this moment; wait until that has ended.")
    row = Calibration.objects.create(instrument=instrument, family=family, seeds=seeds, requested_by=actor)
    payload = {"instrument": instrument, "family": family, "seeds": seeds}
    ledger.append(actor=actor, action="assessments.calibration.requested", subject=row.subject, payload=payload)
    return row


@transaction.atomic
def calibration_claim(*, actor: User, calibration_id: uuid.UUID) -> Calibration | None:
    """Lease a queued calibration, or one whose lease ran out, and begin it anew; None when somebody else has it or it has ended."""
    require(actor, "run.execute")
    moment = clock.now()
    free = Q(state=QUEUED) | Q(state=RUNNING, lease_until__lt=moment)
    taken = Calibration.objects.filter(free, pk=calibration_id, attempts_made__lt=settings.ASSAY_MAX_ATTEMPTS).update(
        state=RUNNING, lease_token=uuid.uuid4(), lease_until=moment + _lease(), attempts_made=F("attempts_made") + 1,
        started_at=moment, fraction=0, stage="starting", error="",
    )  # fmt: skip
    if not taken:
        return None
    CalibrationTrial.objects.filter(calibration_id=calibration_id).delete()
    return Calibration.objects.select_related("requested_by").get(pk=calibration_id)


def calibration_renew(*, actor: User, calibration: Calibration) -> bool:
    """Extend the lease; False when it is not ours any more."""
    return bool(_held(calibration).update(lease_until=clock.now() + _lease()))


def calibration_report(*, actor: User, calibration: Calibration, fraction: float, stage: str) -> bool:
    """Say how far it is; False when the lease is not ours any more."""
    return bool(_held(calibration).update(fraction=min(max(fraction, 0.0), 1.0), stage=stage[:200]))


@transaction.atomic
def trial_add(*, actor: User, calibration: Calibration, position: int, result: TrialResult) -> bool:
    """Keep the result of one trial, errors included; False when the lease is not ours any more."""
    require(actor, "run.execute")
    if not _held(calibration).select_for_update(of=("self",)).exists():
        return False
    CalibrationTrial.objects.create(calibration=calibration, position=position, **_plain(result))
    return True


def calibration_document(
    calibration: Calibration, results: Sequence[TrialResult], organisms: Sequence[Mapping[str, Any]], environment: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything the record rests on, as it is hashed: conditions, organisms by digest, every trial, the figures and the rule."""
    card, record = instrument_named(calibration.instrument).card, record_of(results)
    return {
        "schema": SCHEMA,
        "instrument": {"slug": card.slug, "version": card.version, "source_digest": source_digest(card.slug)},
        "environment": dict(environment),
        "seeds": calibration.seeds,
        "organisms": [dict(row) for row in organisms],
        "trials": [_plain(row) for row in results],
        "figures": asdict(record),
        "rule": {"sensitivity": SENSITIVITY, "false_positives": FALSE_POSITIVES, "power": POWER},
        "shortfalls": shortfalls_of(results),
        "does_not_cover": NOT_COVERED,
    }


@transaction.atomic
def calibration_record(*, actor: User, calibration: Calibration, document: Mapping[str, Any], file: StoredFile) -> Qualification:
    """Attest ``document``, stored as ``file``, and keep it as the instrument's newest record; ``Conflict`` when the lease was lost."""
    require(actor, "run.execute")
    if calibration.family:
        raise InvalidInput("family", "a record needs every family of organisms; a calibration on one family is only a look")
    if not _held(calibration).select_for_update(of=("self",)).exists():
        raise Conflict(f"{calibration} is no longer leased to this worker; its result is discarded.")
    method, moment = document["instrument"], clock.now()
    until = moment + LASTS
    said = {name: document[name] for name in ("instrument", "environment", "seeds", "figures", "rule", "shortfalls", "does_not_cover")}
    attestation = evidence_record(
        actor=actor,
        action="assessments.calibration.recorded",
        subject=calibration.subject,
        predicate_type=statements.QUALIFICATION,
        predicate={**said, "made_at": clock.iso(moment), "valid_until": clock.iso(until)},
        blobs=[file],
        payload={"instrument": method["slug"], "version": method["version"], "record": file.blob.sha256, "qualified": not document["shortfalls"]},
    )
    row = Qualification.objects.create(
        calibration=calibration,
        instrument=method["slug"],
        version=method["version"],
        source_digest=method["source_digest"],
        environment=dict(document["environment"]),
        figures=dict(document["figures"]),
        shortfalls=list(document["shortfalls"]),
        result_artifact=attestation.artifacts.get(),
        attestation=attestation,
        made_at=moment,
        valid_until=until,
    )
    _end(calibration, RunState.DONE)
    return row


@transaction.atomic
def calibration_close(*, actor: User, calibration: Calibration) -> bool:
    """End a calibration on one family, which makes no record; False when the lease was lost."""
    require(actor, "run.execute")
    ended = _end(calibration, RunState.DONE)
    if ended:
        payload = {"instrument": calibration.instrument, "family": calibration.family, "trials": calibration.trials.count()}
        ledger.append(actor=actor, action="assessments.calibration.looked", subject=calibration.subject, payload=payload)
    return ended


@transaction.atomic
def calibration_fail(*, actor: User, calibration: Calibration, error: str) -> bool:
    """End the calibration as failed with a message a person can act on; False when the lease was lost."""
    require(actor, "run.execute")
    ended = _end(calibration, RunState.FAILED, error)
    if ended:
        payload = {"instrument": calibration.instrument, "error": error}
        ledger.append(actor=actor, action="assessments.calibration.failed", subject=calibration.subject, payload=payload)
    return ended


@transaction.atomic
def calibration_reap(*, actor: User) -> list[uuid.UUID]:
    """Queue calibrations whose worker was lost again, or fail them at the attempt cap; returns those whose doorbell must ring (again)."""
    moment = clock.now()
    for row in Calibration.objects.filter(state=RUNNING, lease_until__lt=moment):
        if row.attempts_made >= settings.ASSAY_MAX_ATTEMPTS:
            error = f"worker lost {row.attempts_made} times; see the worker's log for memory or crashes, then calibrate again"
            calibration_fail(actor=actor, calibration=row, error=error)
        else:
            _held(row).update(state=QUEUED, stage="worker lost, queued again", lease_token=None, lease_until=None, rung_at=None)
    silent = Calibration.objects.filter(Q(rung_at__isnull=True) | Q(rung_at__lt=moment - _lease()), state=QUEUED)
    return list(silent.values_list("id", flat=True))


def figures_of(calibration: Calibration) -> Record:
    """The figures of a calibration's trials as they stand in the table."""
    return record_of([result_of(row) for row in calibration.trials.all()])


def shortfalls_now(calibration: Calibration) -> list[str]:
    """Why the trials of a calibration, as they stand in the table, do not qualify the instrument."""
    return shortfalls_of([result_of(row) for row in calibration.trials.all()])


def result_of(row: CalibrationTrial) -> TrialResult:
    """A stored trial as the statistics take it."""
    values = {name: getattr(row, name) for name in TrialResult.__dataclass_fields__}
    return TrialResult(**values | {name: Reading(values[name]) if values[name] else None for name in READINGS})


def _plain(result: TrialResult) -> dict[str, Any]:
    values = asdict(result)
    return values | {name: values[name].value if values[name] else None for name in READINGS}


def _end(calibration: Calibration, state: RunState, error: str = "") -> bool:
    done = 1.0 if state == RunState.DONE else F("fraction")
    return bool(_held(calibration).update(state=state, error=error, fraction=done, stage="", finished_at=clock.now(), lease_token=None, lease_until=None))


def _held(calibration: Calibration) -> QuerySet[Calibration]:
    return Calibration.objects.filter(pk=calibration.pk, state=RUNNING, lease_token=calibration.lease_token)


def _lease() -> timedelta:
    return timedelta(seconds=settings.ASSAY_LEASE_SECONDS)
