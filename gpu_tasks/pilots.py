"""Carrying pilots on: start the run of the day, end and close what is over. Asked by the schedule, as often as it likes."""

import structlog
from django.db import transaction
from django.db.models import Q

from accounts.models import User
from assessments.models import Pilot, Run
from assessments.pilot_models import PilotState
from assessments.services.pilots import pilot_advance, pilot_close
from core.errors import AssayError
from gpu_tasks.dispatch import ring_on_commit

logger = structlog.get_logger(__name__)


@transaction.atomic
def pilot_day_start(*, actor: User, pilot: Pilot) -> Run | None:
    """Carry ``pilot`` on and ring for the steps of the run that this created, once that is committed."""
    run = pilot_advance(actor=actor, pilot=pilot)
    if run is not None:
        ring_on_commit(run.steps.values_list("id", flat=True))
    return run


def pilots_tend(*, actor: User) -> int:
    """Carry on every open pilot and close every ended one; how many runs were started. A pilot that cannot go on does not keep the others waiting."""
    started = 0
    for pilot in Pilot.objects.visible_to(actor).filter(Q(state=PilotState.OPEN) | Q(report=None)):
        try:
            started += pilot_day_start(actor=actor, pilot=pilot) is not None
            pilot_close(actor=actor, pilot=pilot)
        except AssayError as error:
            logger.warning("pilot not carried on", pilot=str(pilot.id), error=str(error))
    return started
