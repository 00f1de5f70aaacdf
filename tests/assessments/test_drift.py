"""The rule for drift: frozen over the first readings, a row on one side, and false alarms as rare as the sealed number says."""

import numpy as np
import pytest

from assessments.drift import T_975, Point, Rule, band_of, drift_days, false_alarm, rule_of


def points(*values: float, missed: tuple[int, ...] = ()) -> list[Point]:
    days = [day for day in range(1, 60) if day not in missed]
    return [Point(day, value, value, value) for day, value in zip(days, values, strict=False)]


@pytest.mark.parametrize(
    ("values", "missed", "drift"),
    [
        ((0, 0, 0, 0, 0, 0), (), []),
        ((0, 0, 0, 0, 0.3, 0), (), []),
        ((0, 0, 0, 0, 0.3, 0.3), (), [6]),
        ((0, 0, 0, 0, 0.3, 0.3, 0.3), (), [6, 7]),
        ((0, 0, 0, 0, 0.3, -0.3, 0.3), (), []),
        ((0, 0, 0, 0, -0.3, -0.4), (), [6]),
        ((0, 0, 0, 0, 0.1, 0.1), (), []),
        ((0, 0, 0, 0.4, 0.5, 0.6), (), []),
        ((0, 0, 0, 0, 0.3, 0.3), (2, 6), [8]),
        ((0, 0, 0), (), []),
    ],
    ids=[
        "steady",
        "one day",
        "two days",
        "goes on",
        "to and fro",
        "below",
        "edge is inside",
        "noisy baseline",
        "missed days do not break a row",
        "no baseline",
    ],
)
def test_rule(values: tuple[float, ...], missed: tuple[int, ...], drift: list[int]) -> None:
    assert drift_days(points(*values, missed=missed), Rule()) == drift


def test_the_band_is_frozen_and_never_narrower_than_sealed() -> None:
    rule = Rule(least=0.05)
    early = band_of(points(0.0, 0.1, 0.0, 0.1), rule)
    assert early is not None
    assert early == band_of(points(0.0, 0.1, 0.0, 0.1, 0.9, 0.9), rule)
    assert early.half == pytest.approx(3.182 * np.std([0, 0.1, 0, 0.1], ddof=1) * np.sqrt(1.25))
    still = band_of(points(0.2, 0.2, 0.2, 0.2), rule)
    assert still is not None
    assert (still.low, still.high) == (pytest.approx(0.15), pytest.approx(0.25))


@pytest.mark.parametrize("degrees", T_975)
def test_quantiles_are_those_of_student(degrees: int) -> None:
    draws = np.random.default_rng(1).standard_t(degrees, 400_000)
    assert float((draws > T_975[degrees]).mean()) == pytest.approx(0.025, abs=0.002)


def test_false_alarms_are_as_often_as_sealed() -> None:
    rule, generator = Rule(least=1e-9), np.random.default_rng(3)
    called = [bool(drift_days(points(*generator.standard_normal(14)), rule)) for _ in range(4000)]
    assert np.mean(called) == pytest.approx(false_alarm(rule), abs=0.015)
    assert false_alarm(Rule(row=1)) > false_alarm(Rule()) > false_alarm(Rule(row=3))


def test_the_sealed_terms_give_the_rule_back() -> None:
    rule = Rule(days=21, hour=5, baseline=6, row=3, least=0.2)
    assert rule_of(rule.document()) == rule
    assert rule.document()["false_alarm"] == false_alarm(rule)
