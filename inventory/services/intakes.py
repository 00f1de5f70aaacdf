"""Writes to intakes. The row is the truth: claim, renew, finish and fail are conditional on the lease's token."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from accounts.models import User
from accounts.permissions import require
from core import clock
from core.errors import InvalidInput, InvalidState
from inventory.models import WITHOUT_WEIGHTS, AIModel, Intake, IntakeState, ModelVersion, Source
from inventory.rows import row_check, row_insert, row_log
from inventory.services.models import VersionFacts, version_register
from inventory.weights import local_path

RUNNING, QUEUED, FAILED = IntakeState.RUNNING, IntakeState.QUEUED, IntakeState.FAILED


@transaction.atomic
def intake_request(*, actor: User, model: AIModel, label: str, access: str, source: str, locator: str, parent: ModelVersion | None = None) -> Intake:
    """Ask for weights to be inspected and registered; ``InvalidInput`` for a place outside the folder, or a label that is taken."""
    require(actor, "inventory.write", model)
    if parent is not None and parent.organisation_id != model.organisation_id:
        raise InvalidInput("parent", "the parent version belongs to another organisation's register")
    intake = Intake(model=model, label=label, access=access, source=source, locator=locator, parent=parent, requested_by=actor)
    row_check(intake)
    if source in WITHOUT_WEIGHTS:
        raise InvalidInput("source", "an intake reads weights that are here; a version without weights is declared instead")
    if source != Source.PACKAGE:
        local_path(locator)
    _check_label(intake)
    row_insert(intake)
    payload = {"model": str(model.id), "label": label, "access": access, "source": source, "locator": locator}
    row_log(actor, "inventory.intake.requested", intake, payload)
    return intake


def _check_label(intake: Intake) -> None:
    if ModelVersion.objects.filter(model=intake.model_id, label=intake.label).exists():
        raise InvalidInput("label", f"“{intake.label}” is registered already; a version's weights never change, so choose another label")
    if Intake.objects.filter(model=intake.model_id, label=intake.label, state__in=[QUEUED, RUNNING]).exclude(pk=intake.pk).exists():
        raise InvalidInput("label", f"“{intake.label}” is being taken in at this moment; wait for it, or choose another label")


@transaction.atomic
def intake_retry(*, actor: User, intake: Intake) -> Intake:
    """Queue a failed intake again, in the name of whoever asks now."""
    require(actor, "inventory.write", intake)
    row = Intake.objects.select_for_update(of=("self",)).get(pk=intake.pk)
    if row.state != FAILED:
        raise InvalidState(f"This intake is {row.get_state_display().lower()}; only a failed one can be tried again.")
    _check_label(row)
    row.state, row.error, row.stage, row.attempts_made, row.rung_at = QUEUED, "", "", 0, None
    row.started_at, row.finished_at, row.requested_by = None, None, actor
    row.save(update_fields=["state", "error", "stage", "attempts_made", "rung_at", "started_at", "finished_at", "requested_by"])
    row_log(actor, "inventory.intake.retried", row, {"label": row.label})
    return row


@transaction.atomic
def intake_claim(*, actor: User, intake_id: uuid.UUID) -> Intake | None:
    """Lease a queued intake, or one whose lease ran out; None when somebody else has it or it has ended."""
    moment = clock.now()
    free = Q(state=QUEUED) | Q(state=RUNNING, lease_until__lt=moment)
    taken = Intake.objects.filter(free, pk=intake_id, attempts_made__lt=settings.ASSAY_MAX_ATTEMPTS).update(
        state=RUNNING, lease_token=uuid.uuid4(), lease_until=moment + _lease(), attempts_made=F("attempts_made") + 1,
        started_at=moment, stage="starting", error="",
    )  # fmt: skip
    if not taken:
        return None
    row = Intake.objects.select_related("model__vendor", "parent", "requested_by").get(pk=intake_id)
    require(actor, "run.execute", row)
    return row


def intake_renew(*, actor: User, intake: Intake) -> bool:
    """Extend the lease; False when it is not ours any more."""
    return bool(_held(intake).update(lease_until=clock.now() + _lease()))


def intake_report(*, actor: User, intake: Intake, stage: str) -> bool:
    """Say what is being done; False when the lease is not ours any more."""
    return bool(_held(intake).update(stage=stage[:200]))


@transaction.atomic
def intake_finish(*, actor: User, intake: Intake, facts: VersionFacts) -> ModelVersion | None:
    """Enter the version in the requester's name; None when the lease was lost and somebody else does it."""
    require(actor, "run.execute", intake)
    if not _held(intake).select_for_update(of=("self",)).exists():
        return None
    version = version_register(actor=intake.requested_by, model=intake.model, label=intake.label, access=intake.access, facts=facts, parent=intake.parent)
    _held(intake).update(state=IntakeState.DONE, stage="", version=version, finished_at=clock.now(), lease_token=None, lease_until=None)
    return version


@transaction.atomic
def intake_fail(*, actor: User, intake: Intake, error: str) -> bool:
    """End the intake with a message a person can act on; False when the lease was lost."""
    require(actor, "run.execute", intake)
    ended = _held(intake).update(state=FAILED, error=error, finished_at=clock.now(), lease_token=None, lease_until=None)
    if ended:
        row_log(actor, "inventory.intake.failed", intake, {"label": intake.label, "source": intake.source, "error": error})
    return bool(ended)


@transaction.atomic
def intake_reap(*, actor: User) -> list[uuid.UUID]:
    """Queue intakes whose worker was lost again, or fail them at the attempt cap; returns those whose doorbell must ring (again)."""
    moment = clock.now()
    for row in Intake.objects.select_related("model__vendor").filter(state=RUNNING, lease_until__lt=moment):
        _reap_one(actor, row)
    silent = Intake.objects.filter(Q(rung_at__isnull=True) | Q(rung_at__lt=moment - _lease()), state=QUEUED)
    return list(silent.values_list("id", flat=True))


def _reap_one(actor: User, row: Intake) -> None:
    if row.attempts_made >= settings.ASSAY_MAX_ATTEMPTS:
        intake_fail(actor=actor, intake=row, error=f"worker lost {row.attempts_made} times; see the worker's log for memory or crashes, then try again")
    else:
        _held(row).update(state=QUEUED, stage="worker lost, queued again", lease_token=None, lease_until=None, rung_at=None)


def _held(intake: Intake) -> QuerySet[Intake]:
    return Intake.objects.filter(pk=intake.pk, state=RUNNING, lease_token=intake.lease_token)


def _lease() -> timedelta:
    return timedelta(seconds=settings.ASSAY_LEASE_SECONDS)
