"""The work of `assay calibrate`, in this process: one calibration after the other, each in the name of the first administrator."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from django.db import transaction

from accounts.models import User
from assessments.models import Calibration
from assessments.qualification import Record, Share, percent
from assessments.registry import METHODS, instrument
from assessments.services.qualifications import calibration_claim, calibration_request, figures_of, shortfalls_now
from cli.calibrate_table import table
from cli.setup import first_administrator
from core.errors import AssayError, Conflict, InvalidInput
from gpu_tasks import calibration
from gpu_tasks.trials import families_of, trials_check
from gpu_tasks.worker import service_actor


class Progress(Protocol):
    """Where it is said how far the work is."""

    def tell(self, fraction: float, text: str) -> None:
        """Finished share and what is being done."""

    def note(self, text: str) -> None:
        """A line of its own."""


def run_calibrations(slugs: Sequence[str], family: str, seeds: int, progress: Progress) -> list[dict[str, Any]]:
    """Calibrate ``slugs``, or every instrument that has trials; one row of figures each. What is unknown is refused before anything is run."""
    tried = {method.card.slug: families_of(method.card.slug) for method in METHODS}
    chosen = list(slugs) or [slug for slug, families in tried.items() if (family in families if family else families)]
    if not chosen:
        raise InvalidInput("instrument", "no organism has a trial for any instrument; build them with “python -m assessments.organisms build”")
    for slug in chosen:
        instrument(slug)
        trials_check(slug, family)
    actor = first_administrator()
    return [_one(actor, slug, (family, seeds), (place, len(chosen)), progress) for place, slug in enumerate(chosen)]


def _one(actor: User, slug: str, wish: tuple[str, int], place: tuple[int, int], progress: Progress) -> dict[str, Any]:
    def tell(fraction: float, text: str) -> None:
        progress.tell((place[0] + fraction) / place[1], f"{slug}: {text}")

    row = _claimed(actor, slug, *wish)
    try:
        outcome = calibration.calibrate_claimed(actor=service_actor(), calibration=row, tell=tell)
    except KeyboardInterrupt:
        calibration.fail(actor=service_actor(), calibration=row, error=AssayError("interrupted at the terminal; calibrate again"))
        raise
    except AssayError as error:
        outcome = calibration.fail(actor=service_actor(), calibration=row, error=error)
        progress.note(f"{slug}: {error}")
    return _figures(row, outcome)


def table_of(rows: Sequence[Mapping[str, Any]], seeds: int) -> str:
    """The figures as Markdown, with the libraries they were made with."""
    return table(rows, seeds, calibration.environment())


@transaction.atomic
def _claimed(actor: User, slug: str, family: str, seeds: int) -> Calibration:
    """Asked for and claimed at once, so that no worker takes it before this process does."""
    asked = calibration_request(actor=actor, instrument=slug, family=family, seeds=seeds)
    row = calibration_claim(actor=service_actor(), calibration_id=asked.pk)
    if row is None:
        raise Conflict(f"the calibration of {slug} was taken by somebody else; look at the instrument's page")
    return row


def _figures(row: Calibration, outcome: str) -> dict[str, Any]:
    record = figures_of(row)
    found = {"instrument": row.instrument, "outcome": outcome, "recorded": outcome == "done" and not row.family}
    lacks = shortfalls_now(row)
    return {**found, "figures": asdict(record), "shortfalls": lacks, "text": _text(row, record, outcome, lacks)}


def _text(row: Calibration, record: Record, outcome: str, lacks: Sequence[str]) -> str:
    if outcome != "done":
        return f"{row.instrument}: {outcome}"
    limit = f"strength {record.limit.strength:g}" if record.limit else "none"
    lines = [
        f"{row.instrument}: {record.trials} trials on {record.organisms} organisms{_own(record)}, {record.errored} with an error",
        f"  found when planted    {_share(record.sensitivity)}",
        f"  claimed when absent   {_share(record.false_positives)}",
        f"  weakest found         {limit}",
    ]
    ending = f"only family {row.family}: no record was made" if row.family else " ".join(lacks) or "qualified; recorded and entered in the log"
    return "\n".join([*lines, f"  {ending}"])


def _own(record: Record) -> str:
    return f" ({record.own} registered here)" if record.own else ""


def _share(share: Share | None) -> str:
    if share is None:
        return "not measured"
    return f"{percent(share.value)} ({share.hits} of {share.n}; 95 % interval {percent(share.low)} to {percent(share.high)})"
