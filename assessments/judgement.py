"""Compares measurements with thresholds sealed before the run, and caps a reading by the instrument's qualification."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assessments.contracts import Measurement, Reading, Refused, Threshold, Verdict

_COMPARE: dict[str, Callable[[float, float], bool]] = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
_SIGNS = {">=": "≥", "<=": "≤", ">": ">", "<": "<"}


@dataclass(frozen=True)
class ThresholdResult:
    """One sealed threshold and whether it was met; ``met`` is None where the measurement or its null is missing."""

    metric: str
    text: str
    met: bool | None


def thresholds_check(thresholds: Sequence[Threshold], measurements: Sequence[Measurement]) -> tuple[ThresholdResult, ...]:
    """Every threshold in the order it was sealed. A threshold without its measurement stays in the list, undecided."""
    found = {row.name: row for row in measurements}
    return tuple(ThresholdResult(t.metric, wording(t, found.get(t.metric)), _met(t, found.get(t.metric))) for t in thresholds)


def wording(threshold: Threshold, measurement: Measurement | None = None) -> str:
    """A threshold as it stands in a table: ``≥ 0.9`` or ``> null``."""
    if threshold.op != "beyond_null":
        return f"{_sign(threshold)} {_bound(threshold):g}"
    lower = measurement is not None and measurement.direction == "lower"
    return "< null" if lower else "> null"


def cap(reading: Reading, qualified: bool) -> Verdict:
    """The tier a reading may be cited at: without a current qualification no more than ``not_qualified``.

    ``not_applicable`` and ``inconclusive`` claim nothing and stay as they are.
    """
    if qualified or reading in (Reading.NOT_APPLICABLE, Reading.INCONCLUSIVE):
        return Verdict(reading.value)
    return Verdict.NOT_QUALIFIED


def _met(threshold: Threshold, row: Measurement | None) -> bool | None:
    if row is None:
        return None
    if threshold.op == "beyond_null":
        return _beyond_null(row)
    return _COMPARE[threshold.op](row.value, _bound(threshold))


def _beyond_null(row: Measurement) -> bool | None:
    edge = row.null_low if row.direction == "lower" else row.null_high
    if edge is None:
        return None
    return row.value < edge if row.direction == "lower" else row.value > edge


def _sign(threshold: Threshold) -> str:
    if threshold.op not in _SIGNS:
        raise Refused(f"threshold on {threshold.metric}: unknown comparison {threshold.op!r}; use one of {', '.join(_COMPARE)}, beyond_null")
    return _SIGNS[threshold.op]


def _bound(threshold: Threshold) -> float:
    if threshold.value is None:
        raise Refused(f"threshold on {threshold.metric}: {threshold.op} needs a value")
    return threshold.value
