"""Thresholds sealed before a run, and the cap that a missing qualification puts on a reading."""

from typing import Any

import pytest

from assessments.contracts import Measurement, Reading, Refused, Threshold, Verdict
from assessments.judgement import cap, thresholds_check, wording


def row(value: float, **more: Any) -> Measurement:
    return Measurement(name="metric", label="Metric", value=value, n=10, formula="f/1", **more)


@pytest.mark.parametrize(
    ("op", "limit", "value", "met"),
    [
        (">=", 0.5, 0.5, True),
        (">=", 0.5, 0.49, False),
        (">", 0.5, 0.5, False),
        (">", 0.5, 0.51, True),
        ("<=", 0.1, 0.1, True),
        ("<=", 0.1, 0.11, False),
        ("<", 0.1, 0.1, False),
        ("<", 0.1, 0.09, True),
    ],
)
def test_a_limit_is_compared_as_it_was_sealed(op: str, limit: float, value: float, met: bool) -> None:
    (found,) = thresholds_check([Threshold("metric", op, limit)], [row(value)])
    assert found.met is met
    assert found.text.endswith(f"{limit:g}")


@pytest.mark.parametrize(("value", "direction", "met"), [(0.9, "higher", True), (0.7, "higher", False), (0.1, "lower", True), (0.3, "lower", False)])
def test_beyond_null_looks_at_the_side_where_the_metric_is_good(value: float, direction: str, met: bool) -> None:
    (found,) = thresholds_check([Threshold("metric", "beyond_null")], [row(value, null_low=0.2, null_high=0.8, direction=direction)])
    assert found.met is met
    assert found.text == ("< null" if direction == "lower" else "> null")


def test_exactly_at_the_null_is_not_beyond_it() -> None:
    (found,) = thresholds_check([Threshold("metric", "beyond_null")], [row(0.8, null_low=0.2, null_high=0.8)])
    assert found.met is False


def test_a_threshold_without_its_measurement_or_null_stays_undecided_and_in_the_list() -> None:
    found = thresholds_check([Threshold("absent", ">=", 1.0), Threshold("metric", "beyond_null")], [row(0.9)])
    assert [(result.metric, result.met) for result in found] == [("absent", None), ("metric", None)]


def test_an_unknown_comparison_or_a_missing_value_is_refused() -> None:
    with pytest.raises(Refused, match="unknown comparison '=>'"):
        thresholds_check([Threshold("metric", "=>", 1.0)], [row(1.0)])
    with pytest.raises(Refused, match="threshold on metric: >= needs a value"):
        thresholds_check([Threshold("metric", ">=")], [row(1.0)])


def test_wording_is_what_a_table_shows() -> None:
    assert wording(Threshold("m", ">=", 0.9)) == "≥ 0.9"
    assert wording(Threshold("m", "<=", 0.1)) == "≤ 0.1"
    assert wording(Threshold("m", "beyond_null")) == "> null"


@pytest.mark.parametrize("reading", [Reading.NULL, Reading.OBSERVED, Reading.CAUSAL])
def test_without_qualification_a_reading_is_capped(reading: Reading) -> None:
    assert cap(reading, qualified=False) == Verdict.NOT_QUALIFIED
    assert cap(reading, qualified=True) == Verdict(reading.value)


@pytest.mark.parametrize("reading", [Reading.NOT_APPLICABLE, Reading.INCONCLUSIVE])
def test_a_reading_that_claims_nothing_is_not_raised_to_the_cap(reading: Reading) -> None:
    assert cap(reading, qualified=False) == Verdict(reading.value)
    assert cap(reading, qualified=True) == Verdict(reading.value)


def test_no_reading_becomes_replicated_by_itself() -> None:
    assert Verdict.REPLICATED not in {cap(reading, qualified=flag) for reading in Reading for flag in (True, False)}
