"""Holds a step that was run again against the result on record: bit for bit where everything is the same, else within a stated tolerance."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from assessments.contracts import Refused, StepSpec, SubjectSpec, Threshold
from core.canonical import canonical_digest

SCHEMA = "urn:assay:step-result:v1"
ABSENT = "not given"


class Outcome(StrEnum):
    """``identical``: the same result document to the last bit. ``within``: every number within the tolerance of its class. ``differs``: some are not."""

    IDENTICAL = "identical"
    WITHIN = "within"
    DIFFERS = "differs"


@dataclass(frozen=True)
class Tolerance:
    """How far two values of one measurement may lie apart: ``absolute + relative · |recorded|``. ``reason`` says why no less is asked."""

    name: str
    absolute: float
    relative: float
    reason: str

    def width(self, recorded: float) -> float:
        """The largest difference allowed around ``recorded``, in its unit."""
        return self.absolute + self.relative * abs(recorded)


EXACT = Tolerance("bit-exact", 0.0, 0.0, "same program, libraries, device and number of threads: every bit must come out again")
SINGLE = Tolerance("fp32", 1e-3, 1e-3, "single precision, but program, libraries, processor or threads differ: sums are added in another order")
REDUCED = Tolerance("reduced precision", 2e-2, 2e-2, "one of the two runs used less than single precision or a GPU, whose sums are not reproducible to the bit")


@dataclass(frozen=True)
class Change:
    """One fact of the environment that is not what it was."""

    name: str
    recorded: str
    again: str


@dataclass(frozen=True)
class Row:
    """One measurement, then and now; ``again`` is None where the second run did not make it."""

    name: str
    label: str
    recorded: float
    again: float | None
    allowed: float

    @property
    def difference(self) -> float | None:
        """Now minus then, in the measurement's unit."""
        return None if self.again is None else self.again - self.recorded

    @property
    def holds(self) -> bool:
        """Whether the second value is there and near enough."""
        return self.difference is not None and abs(self.difference) <= self.allowed


@dataclass(frozen=True)
class Comparison:
    """What became of a replay; ``files`` lists the files whose bytes differ."""

    outcome: Outcome
    tolerance: Tolerance
    reading: tuple[str, str]
    rows: tuple[Row, ...]
    files: tuple[str, ...]
    changes: tuple[Change, ...]
    digests: tuple[str, str]

    def document(self) -> dict[str, Any]:
        """Plain data, as it is stored and attested."""
        rows = [{**asdict(row), "difference": row.difference, "holds": row.holds} for row in self.rows]
        return {"schema": "urn:assay:replay:v1", **asdict(self), "outcome": self.outcome.value, "rows": rows}


def spec_of(document: Mapping[str, Any]) -> StepSpec:
    """The sealed step in a result document, to be run again; ``Refused`` when the document is none of ours."""
    if document.get("schema") != SCHEMA or not isinstance(document.get("spec"), Mapping):
        raise Refused(f"this is no step result: its schema is {document.get('schema', 'not given')!r}, expected {SCHEMA!r}")
    spec = dict(document["spec"])
    try:
        subject, thresholds = SubjectSpec(**spec.pop("subject")), tuple(Threshold(**row) for row in spec.pop("thresholds"))
        return StepSpec(**spec, subject=subject, thresholds=thresholds)
    except (KeyError, TypeError) as error:
        raise Refused(f"the step in this result cannot be read ({error}); replay it with the version of the program that made it") from error


@dataclass(frozen=True)
class Result:
    """A result document, the SHA-256 of its other files by name, and the digest of the instrument's source."""

    document: Mapping[str, Any]
    files: Mapping[str, str]
    source: str

    @property
    def environment(self) -> Mapping[str, Any]:
        """All that has to be the same for the bits to be the same."""
        return {**self.document["output"]["environment"], "instrument source": self.source}


def compare(recorded: Result, again: Result) -> Comparison:
    """What became of the replay ``again`` of ``recorded``."""
    whole = canonical_digest(recorded.document), canonical_digest(again.document)
    changes = changed(recorded.environment, again.environment)
    tolerance = tolerance_for(recorded.environment, again.environment, changes)
    then, now = recorded.document["output"], again.document["output"]
    rows, reading = _rows(then, now, tolerance), (then["reading"], now["reading"])
    files = tuple(sorted(name for name in {*recorded.files, *again.files} if recorded.files.get(name) != again.files.get(name)))
    return Comparison(_outcome(whole, tolerance, rows, reading, files), tolerance, reading, rows, files, changes, whole)


def tolerance_for(recorded: Mapping[str, Any], again: Mapping[str, Any], changes: Sequence[Change]) -> Tolerance:
    """The strictest class that both environments allow."""
    plain = all(env.get("dtype") == "float32" and str(env.get("device", "")).startswith("cpu") for env in (recorded, again))
    if not plain:
        return REDUCED
    return SINGLE if changes or recorded.get("threads") != 1 else EXACT


def changed(recorded: Mapping[str, Any], again: Mapping[str, Any]) -> tuple[Change, ...]:
    """Facts of the environment that differ, by rising name."""
    names = sorted(name for name in {*recorded, *again} if recorded.get(name) != again.get(name))
    return tuple(Change(name, str(recorded.get(name, ABSENT)), str(again.get(name, ABSENT))) for name in names)


def _rows(then: Mapping[str, Any], now: Mapping[str, Any], tolerance: Tolerance) -> tuple[Row, ...]:
    values = {row["name"]: float(row["value"]) for row in now["measurements"]}
    return tuple(Row(row["name"], row["label"], row["value"], values.get(row["name"]), tolerance.width(row["value"])) for row in then["measurements"])


def _outcome(whole: tuple[str, str], tolerance: Tolerance, rows: Sequence[Row], reading: tuple[str, str], files: Sequence[str]) -> Outcome:
    if whole[0] == whole[1] and not files:
        return Outcome.IDENTICAL
    # Where every bit must come again, numbers that agree do not excuse a file or a sentence that does not.
    if tolerance is EXACT or reading[0] != reading[1] or not all(row.holds for row in rows):
        return Outcome.DIFFERS
    return Outcome.WITHIN
