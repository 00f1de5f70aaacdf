"""Axes are read off a sealed plan, and a gate opens only when nothing at all speaks against it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from accounts.models import User
from assessments.contracts import Verdict
from assessments.pipeline import Axis, Outcome, StepFacts, axes_of, gate_of, is_pipeline
from assessments.services.pipeline import axis_choices, pipeline_claim, pipeline_items
from assessments.services.plans import plan_create
from tests import factories
from tests.pipelines import LIMITS

BOTH = Axis("axis_deception", "Deception", "measure", "steer")
GOOD = StepFacts("Step", "done", verdict=Verdict.CAUSAL, thresholds=[{"metric": "auroc", "text": "≥ 0.75", "met": True}])
WAYS: list[tuple[Mapping[str, Any], Outcome, str]] = [
    ({"verdict": Verdict.NOT_QUALIFIED, "cap_reasons": ("No record.",)}, Outcome.NOT_EVALUATED, "not qualified. No record."),
    ({"verdict": Verdict.NOT_QUALIFIED}, Outcome.NOT_EVALUATED, "no calibration record"),
    ({"verdict": Verdict.INCONCLUSIVE}, Outcome.NOT_EVALUATED, "the result is inconclusive"),
    ({"verdict": Verdict.INCONCLUSIVE, "cap_reasons": ("No record.",)}, Outcome.NOT_EVALUATED, "not qualified"),
    ({"failed": ("noop_hook",)}, Outcome.NOT_EVALUATED, "“noop hook” did not behave"),
    ({"thresholds": [{"metric": "auroc", "text": "≥ 0.75", "met": None}]}, Outcome.NOT_EVALUATED, "could not be decided"),
    ({"thresholds": []}, Outcome.NOT_EVALUATED, "no sealed threshold"),
    ({"thresholds": [{"metric": "cost_ce", "text": "≤ 0.1", "met": False}]}, Outcome.NOT_MET, "cost ce ≤ 0.1 was not met"),
    ({"state": "running"}, Outcome.NOT_EVALUATED, "is still running"),
    ({"state": "queued"}, Outcome.NOT_EVALUATED, "has not begun yet"),
    ({"state": "failed", "error": "weights.safetensors holds NaN."}, Outcome.NOT_EVALUATED, "failed: weights.safetensors holds NaN."),
    ({"state": "cancelled"}, Outcome.NOT_EVALUATED, "was cancelled"),
]


def item(instrument: str, key: str = "", **params: Any) -> dict[str, Any]:
    return {"instrument": instrument, "key": key or f"{instrument}.{next(iter(params.values()), '')}", "params": params}


def test_a_measuring_and_a_steering_step_on_the_same_texts_are_one_axis() -> None:
    found = axes_of(
        [
            item("known_circuits"),
            item("linear_direction", concept="harm"),
            item("linear_direction", concept="axis_deception"),
            item("steering_validation", behaviour="axis_deception"),
            item("steering_validation", behaviour="refusal"),
            item("steering_validation", behaviour="axis_refusal"),
            item("linear_direction", concept="axis_goal_misgeneralisation"),
            item("steering_validation", behaviour="sentiment"),
        ]
    )
    assert [(row.name, row.measure, row.steer, row.whole) for row in found] == [
        ("Deception", "linear_direction.axis_deception", "steering_validation.axis_deception", True),
        ("Refusal", "linear_direction.harm", "steering_validation.refusal", True),
        ("Refusal (paired requests)", "", "steering_validation.axis_refusal", False),
        ("Sentiment", "", "steering_validation.sentiment", True),
        ("Goal misgeneralisation", "linear_direction.axis_goal_misgeneralisation", "", False),
    ]


def test_a_plan_is_a_pipeline_only_when_one_axis_is_measured_and_measured_again() -> None:
    measure, steer = item("linear_direction", concept="axis_deception"), item("steering_validation", behaviour="axis_sycophancy")
    assert not is_pipeline(axes_of([item("known_circuits"), measure]))
    assert not is_pipeline(axes_of([measure, steer]))
    assert is_pipeline(axes_of([measure, item("steering_validation", behaviour="axis_deception")]))


def test_a_purpose_that_is_stated_is_not_called_awareness() -> None:
    assert [row.name for row in axes_of([item("linear_direction", concept="axis_evaluation_awareness")])] == ["Stated evaluation purpose"]


def test_gate_is_met_when_every_threshold_of_both_steps_is_and_nothing_speaks_against_them() -> None:
    gate = gate_of(BOTH, {"measure": GOOD, "steer": GOOD})
    assert (gate.outcome, gate.reasons, len(gate.checks)) == (Outcome.MET, (), 2)


@pytest.mark.parametrize("key", ["measure", "steer"])
@pytest.mark.parametrize(("change", "outcome", "why"), WAYS)
def test_gate_stays_shut_and_says_why(key: str, change: Mapping[str, Any], outcome: Outcome, why: str) -> None:
    gate = gate_of(BOTH, {"measure": GOOD, "steer": GOOD, key: replace(GOOD, **change)})
    assert gate.outcome == outcome
    assert len(gate.reasons) == 1
    assert why in gate.reasons[0]


def test_a_missed_threshold_decides_but_hides_no_other_reason() -> None:
    missed = replace(GOOD, thresholds=[{"metric": "cost_ce", "text": "≤ 0.1", "met": False}], verdict=Verdict.NOT_QUALIFIED)
    gate = gate_of(BOTH, {"measure": replace(GOOD, state="running"), "steer": missed})
    assert gate.outcome == Outcome.NOT_MET
    assert len(gate.reasons) == 3


def test_an_axis_without_its_second_step_is_never_met() -> None:
    gate = gate_of(replace(BOTH, steer=""), {"measure": GOOD})
    assert gate.outcome == Outcome.NOT_EVALUATED
    assert "no step that acts on this axis" in gate.reasons[0]
    assert gate_of(replace(BOTH, measure=""), {"steer": GOOD}).outcome == Outcome.NOT_EVALUATED
    assert gate_of(Axis("sentiment", "Sentiment", "", "steer"), {"steer": GOOD}).outcome == Outcome.MET


def test_thresholds_of_a_step_that_is_not_done_are_undecided() -> None:
    gate = gate_of(BOTH, {"measure": GOOD, "steer": replace(GOOD, state="failed")})
    assert [row.met for row in gate.checks] == [True, None]


def test_every_axis_lays_out_steps_that_a_plan_takes(admin: User) -> None:
    axes = list(axis_choices())
    assert sum(slug.startswith("axis_") for slug in axes) == 8
    assert {"sentiment", "refusal"} <= set(axes)
    items = pipeline_items(axes, {**LIMITS, "auroc": 0.8})
    plan = plan_create(actor=admin, version=factories.version(admin), title="All", claim=pipeline_claim(axes, LIMITS), items=items, seed=7)
    found = axes_of(plan.document["items"])
    assert len(found) == len(axes)
    assert {row.name for row in found if not row.whole} == {"Stated evaluation purpose", "Goal misgeneralisation"}
    limits = [row for step in plan.document["items"] for row in step["thresholds"] if row["metric"] == "auroc" and row["op"] == ">="]
    assert {row["value"] for row in limits} == {0.8}


def test_claim_names_what_is_only_measured_apart() -> None:
    claim = pipeline_claim(["axis_goal_misgeneralisation", "sentiment"], LIMITS)
    first, second = claim.split(" Adding ")
    assert "goal misgeneralisation" in first
    assert "sentiment" not in first
    assert "goal misgeneralisation" not in second
    assert "10 % of the prompts" in second
