"""The business part of `assay replay`; imports models, so it exists only once settings are loaded."""

from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from assessments.models import Step
from assessments.replay import Comparison
from assessments.services.replays import replay_record
from core.errors import NotFound
from evidence.models import LedgerEntry
from gpu_tasks.replays import recorded_in_case, recorded_in_log, run_again
from gpu_tasks.worker import service_actor

Tell = Callable[[float, str], None]


def replay(statement: str, folder: Path, trusted_root: Path | None, tell: Tell) -> Comparison:
    """Run the step of ``statement`` (a file below ``folder``, or a log index) again; an own step's outcome is attested and logged."""

    def progress(fraction: float, stage: str, tokens: int = 0) -> None:
        tell(fraction, stage)

    if not statement.isdecimal():
        return run_again(recorded_in_case(folder / statement, trusted_root), progress, settings.ASSAY_CACHE).comparison
    entry = LedgerEntry.objects.select_related("attestation").filter(index=int(statement)).first()
    if entry is None:
        raise NotFound(f"the log has no entry {statement}; the page of the log lists them")
    done = run_again(recorded_in_log(entry), progress, settings.ASSAY_CACHE)
    step = Step.objects.get(attestation=entry.attestation)
    replay_record(actor=service_actor(), step=step, comparison=done.comparison, result=done.result)
    return done.comparison
