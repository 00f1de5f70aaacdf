"""Typed conditions of a gate: read from a policy, said in words, and held against the facts. No tables, no reading of the time."""

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from assessments.pipeline import name_of
from core.errors import InvalidInput
from decisions.gate_vocabulary import COMPARISONS, KINDS, LADDER, SEVERITIES, TIERS, Standing


@dataclass(frozen=True)
class Condition:
    """One thing a gate asks for. ``required`` ones decide about go or no go; the others only lead to conditions. Fields of other kinds stay empty.

    finding: ``instrument``, ``axis``, ``tier``, and ``metric``, ``op``, ``value`` for a threshold on a reading; coverage: ``framework``, ``value``
    (per cent) and ``day`` (ISO, empty for the day of looking); incidents: ``severity`` from which on; rollback_drill: ``value`` (days back);
    questionnaire: ``name``, ``value`` (least confirmed per cent) and ``no_flags`` (no exposure may be open).
    """

    key: str
    kind: str
    required: bool = True
    instrument: str = ""
    axis: str = ""
    tier: str = ""
    metric: str = ""
    op: str = ""
    value: float | None = None
    framework: str = ""
    day: str = ""
    severity: str = ""
    name: str = ""
    no_flags: bool = False

    @property
    def document(self) -> dict[str, Any]:
        """As it is stored and hashed: without what is empty."""
        # A wish that is not made is left out, so that policies written before it keep their digest.
        return {name: value for name, value in asdict(self).items() if value not in ("", None) and (name, value) != ("no_flags", False)}


@dataclass(frozen=True)
class FindingFact:
    """A finding as far as a gate looks at it; ``entry`` is the log index of its statement, ``artifact`` the SHA-256 of its result."""

    key: str
    version: str
    instrument: str
    axes: frozenset[str]
    verdict: str
    headline: str
    readings: Mapping[str, float]
    failed_controls: tuple[str, ...]
    artifact: str
    entry: int

    @property
    def evidence(self) -> dict[str, Any]:
        """How a result points to it."""
        return {"finding": self.key, "artifact": self.artifact, "entry": self.entry, "says": self.headline, "verdict": self.verdict}


@dataclass(frozen=True)
class CoverageFact:
    """How many requirements of a framework bind the subject on a day, how many are covered, and the accepted links that count."""

    applying: int
    covered: int
    links: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class IncidentFact:
    """An incident whose end is not entered."""

    key: str
    reference: str
    severity: str


@dataclass(frozen=True)
class DrillFact:
    """A rollback drill of one version."""

    key: str
    version: str
    held_on: datetime.date
    succeeded: bool
    entry: int


@dataclass(frozen=True)
class QuestionnaireFact:
    """The vendor's newest answers to a questionnaire that are about ``version``, as they count today.

    ``state`` is where the request stands, ``submission`` the SHA-256 of what was submitted, ``confirmed`` and ``claimed`` per cent without stale
    answers, ``stale`` what no longer holds as a whole, ``outdated`` how many single answers do not, ``flags`` titles of open exposures.
    """

    key: str
    name: str
    version: str
    vendor: str
    state: str
    reviewed: bool
    submission: str = ""
    claimed: float | None = None
    confirmed: float | None = None
    valid_until: datetime.date | None = None
    flags: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    outdated: int = 0


@dataclass(frozen=True)
class Facts:
    """What the record says about the subject on ``today``. ``versions``: names by key; ``findings`` newest first; ``coverage`` by framework and day."""

    today: datetime.date
    versions: Mapping[str, str] = field(default_factory=dict)
    findings: Sequence[FindingFact] = ()
    coverage: Mapping[tuple[str, str], CoverageFact] = field(default_factory=dict)
    incidents: Sequence[IncidentFact] = ()
    drills: Sequence[DrillFact] = ()
    questionnaires: Sequence[QuestionnaireFact] = ()


@dataclass(frozen=True)
class Result:
    """What a condition came to, why in a sentence, and the evidence it rests on."""

    condition: Condition
    standing: Standing
    reason: str
    evidence: tuple[Mapping[str, Any], ...] = ()


def parse(rows: Sequence[Mapping[str, Any]]) -> tuple[Condition, ...]:
    """Conditions from their stored form; ``InvalidInput`` says which one is wrong and how to mend it."""
    found = tuple(_parse(row) for row in rows)
    keys = [row.key for row in found]
    if len(set(keys)) != len(keys):
        raise InvalidInput("conditions", "two conditions have the same key; give each its own")
    return found


def _parse(row: Mapping[str, Any]) -> Condition:
    try:
        condition = Condition(**row)
    except TypeError as error:
        raise InvalidInput("conditions", f"a condition has a field it should not have: {error}") from error
    check(condition)
    return condition


def check(row: Condition) -> None:
    """``InvalidInput`` at the first field that its kind cannot work with."""
    if row.kind not in KINDS:
        raise InvalidInput("kind", f"choose one of {', '.join(KINDS)}")
    CHECKS[row.kind](row)


def _check_finding(row: Condition) -> None:
    _need(bool(row.instrument), "instrument", "choose the instrument whose finding is asked for")
    _need(row.tier in TIERS, "tier", f"choose one of {', '.join(name for name in TIERS if name)}")
    if row.metric or row.op or row.value is not None:
        _need(bool(row.metric), "metric", "name the reading that the threshold is on, or leave comparison and value empty")
        _need(row.op in COMPARISONS, "op", "choose how the reading is compared with the value")
        _need(row.value is not None, "value", "enter the value that the reading is compared with")


def _check_coverage(row: Condition) -> None:
    _need(bool(row.framework), "framework", "choose the framework whose requirements must be covered")
    _need(row.value is not None and 0 < row.value <= 100, "value", "enter a share in per cent, from 1 to 100")
    if row.day:
        try:
            datetime.date.fromisoformat(row.day)
        except ValueError as error:
            raise InvalidInput("day", "write the day as 2027-12-31, or leave it empty") from error


def _check_incidents(row: Condition) -> None:
    _need(row.severity in SEVERITIES, "severity", f"choose from which severity on: {', '.join(SEVERITIES)}")


def _check_drill(row: Condition) -> None:
    _need(row.value is not None and 1 <= row.value <= 3650, "value", "enter how many days ago the drill may have been, from 1 to 3650")


def _check_questionnaire(row: Condition) -> None:
    _need(bool(row.name.strip()), "name", "name the questionnaire")
    _need(row.value is None or 0 <= row.value <= 100, "value", "enter a share in per cent, from 0 to 100, or leave it empty")


def _need(holds: bool, name: str, message: str) -> None:
    if not holds:
        raise InvalidInput(name, message)


CHECKS: dict[str, Callable[[Condition], None]] = {
    "finding": _check_finding, "coverage": _check_coverage, "incidents": _check_incidents, "rollback_drill": _check_drill,
    "questionnaire": _check_questionnaire,
}  # fmt: skip


def words(row: Condition) -> str:
    """The condition as a person says it."""
    return WORDS[row.kind](row)


def _finding_words(row: Condition) -> str:
    axis = f" on the axis “{name_of(row.axis)}”" if row.axis else ""
    tier = f"is {TIERS[row.tier].lower()}" if row.tier else "concludes something"
    limit = f", with “{row.metric}” {COMPARISONS[row.op]} {row.value:g}" if row.metric else ""
    return f"The newest finding of {row.instrument.replace('_', ' ')}{axis} {tier}{limit}."


def _coverage_words(row: Condition) -> str:
    day = f"on {row.day}" if row.day else "on the day of the decision"
    return f"At least {row.value:g} % of the requirements of “{row.framework}” that apply {day} are covered by accepted evidence."


def _incident_words(row: Condition) -> str:
    return f"No incident of severity {row.severity}{' or above' if row.severity != SEVERITIES[-1] else ''} is open."


def _drill_words(row: Condition) -> str:
    return f"A rollback drill succeeded within the last {row.value:g} days."


def _questionnaire_words(row: Condition) -> str:
    least = f", with at least {row.value:g} % confirmed" if row.value is not None else ""
    flags = ", and no exposure is open" if row.no_flags else ""
    return f"The vendor's answers to “{row.name}” are reviewed and current{least}{flags}."


WORDS: dict[str, Callable[[Condition], str]] = {
    "finding": _finding_words, "coverage": _coverage_words, "incidents": _incident_words, "rollback_drill": _drill_words,
    "questionnaire": _questionnaire_words,
}  # fmt: skip


def keyed(rows: Sequence[Condition]) -> tuple[Condition, ...]:
    """Conditions with keys c1, c2 … for those that have none yet; a key once given stays."""
    taken = {int(row.key[1:]) for row in rows if row.key[1:].isdigit()}
    free = iter(number for number in range(1, len(rows) + len(taken) + 2) if number not in taken)
    return tuple(row if row.key else replace(row, key=f"c{next(free)}") for row in rows)


def conclusive(verdict: str) -> bool:
    """Whether a verdict says anything at all."""
    return verdict in LADDER
