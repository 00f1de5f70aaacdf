"""Intakes of weights: asked for by a person, rung for like a step, inspected by a worker because only it may load torch."""

import functools
import uuid
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from accounts.models import User
from core import clock
from core.errors import AssayError, InvalidInput
from gpu_tasks.heartbeat import beating
from gpu_tasks.inspection import version_inspect
from inventory import services
from inventory.models import AIModel, Intake, IntakeState, ModelVersion, Source
from inventory.weights import local_path

PACKAGES = Path(__file__).parent / "runtime" / "packages.yaml"


@functools.cache
def packages() -> Mapping[str, Mapping[str, Any]]:
    """The pinned registry packages by locator, read without the runtime, which would bring torch."""
    rows: Mapping[str, Mapping[str, Any]] = yaml.safe_load(PACKAGES.read_text(encoding="utf-8"))
    return rows


@transaction.atomic
def intake_start(*, actor: User, model: AIModel, label: str, access: str, source: str, locator: str, parent: ModelVersion | None = None) -> Intake:
    """Ask for weights to be registered and ring for a worker once that is committed; only pinned packages and files in the folder for models."""
    if source == Source.PACKAGE and locator not in packages():
        raise InvalidInput("weights", f"“{locator}” is not a package pinned here; choose from the list")
    intake = services.intake_request(actor=actor, model=model, label=label, access=access, source=source, locator=locator, parent=parent)
    transaction.on_commit(partial(ring, intake.id))
    return intake


@transaction.atomic
def intake_restart(*, actor: User, intake: Intake) -> Intake:
    """Queue a failed intake again."""
    row = services.intake_retry(actor=actor, intake=intake)
    transaction.on_commit(partial(ring, row.id))
    return row


def ring_all(intake_ids: Iterable[uuid.UUID]) -> None:
    """Ring for each intake until the broker does not answer; the reaper rings again."""
    for intake_id in intake_ids:
        if not ring(intake_id):
            return


def ring(intake_id: uuid.UUID) -> bool:
    """Tell the workers that an intake waits; whether the broker took the message. A broker that is away is no error."""
    try:
        current_app.send_task("gpu_tasks.tasks.take_in", args=[str(intake_id)], queue="gpu", retry=False)
    except OperationalError:
        return False
    Intake.objects.filter(pk=intake_id, state=IntakeState.QUEUED).update(rung_at=clock.now())
    return True


def inspect_claimed(*, actor: User, intake: Intake) -> str:
    """Inspect the weights of a claimed intake and register them; returns the outcome."""
    # Looked at again: what lies in the folder may have changed since it was asked for.
    locator = intake.locator if intake.source == Source.PACKAGE else str(local_path(intake.locator))

    def say(stage: str) -> None:
        services.intake_report(actor=actor, intake=intake, stage=stage)

    with beating(partial(services.intake_renew, actor=actor, intake=intake)):
        facts = version_inspect(source=intake.source, locator=locator, say=say)
        say("entering the version in the register")
        version = services.intake_finish(actor=actor, intake=intake, facts=facts)
    return "lost" if version is None else "done"


def fail(*, actor: User, intake: Intake, error: Exception) -> str:
    """End the intake as failed with a message a person can act on."""
    message = getattr(error, "message", str(error)) if isinstance(error, AssayError) else ""
    message = message or f"{type(error).__name__}: {error}. This is a fault of the program; the worker's log has the details."
    return "failed" if services.intake_fail(actor=actor, intake=intake, error=message) else "lost"
