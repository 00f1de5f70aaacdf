"""How far an instrument may be believed under given conditions: the record that counts, or why none does and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from assessments.conditions import Conditions, why_not_current
from assessments.models import Qualification

LOOKED_AT = 20
"""Newest records of an instrument among which one for the same machine is looked for."""


@dataclass(frozen=True)
class Standing:
    """``record`` is the one that was asked, current or not; ``reasons`` say why it does not carry a reading and what to do, empty when it does."""

    record: Qualification | None
    reasons: tuple[str, ...]

    @property
    def qualified(self) -> bool:
        """Whether a reading may be cited as it stands."""
        return self.record is not None and not self.reasons


def standing_of(here: Conditions, moment: datetime) -> Standing:
    """The newest record that holds for ``here`` at ``moment``; where there is none, the newest of all with what it lacks."""
    rows = Qualification.objects.filter(instrument=here.instrument).select_related("attestation__entry", "result_artifact")[:LOOKED_AT]
    return chosen(here.instrument, [(row, lapses(row, here, moment)) for row in rows])


def lapses(row: Qualification, here: Conditions, moment: datetime) -> list[str]:
    """Why the record does not hold for ``here`` at ``moment``; empty when it does."""
    return why_not_current(row.conditions, here, row.valid_until, moment)


def chosen(instrument: str, rows: Sequence[tuple[Qualification, list[str]]]) -> Standing:
    """The record that counts among those of an instrument, newest first, each with what it has lost."""
    if not rows:
        return Standing(None, ("This installation has no calibration record of the instrument.", remedy(instrument)))
    for row, lost in rows:
        if not lost:
            return Standing(row, _insufficient(row))
    return Standing(rows[0][0], (*rows[0][1], remedy(instrument)))


def remedy(instrument: str) -> str:
    """What to do where a current record is missing."""
    return f"Run “./assay calibrate {instrument}”, or use “Calibrate” on the instrument's page, then run the assessment again."


def _insufficient(row: Qualification) -> tuple[str, ...]:
    if not row.shortfalls:
        return ()
    advice = f"To run “./assay calibrate {row.instrument}” again helps only after the instrument or its test models were improved."
    return (*row.shortfalls, advice)
