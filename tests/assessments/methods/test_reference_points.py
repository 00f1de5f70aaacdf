"""The default model shows what is known of it. Minutes on the real model: every instrument runs on tiny models in the default suite."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assessments.contracts import Instrument, Reading, StepOutput
from assessments.registry import METHODS
from assessments.subject import Subject
from tests.assessments.methods.conftest import Listener, make_spec

CIRCUITS, DIRECTION, STEERING = METHODS[:3]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def run(method: Instrument, subject: Subject, workdir: Path, **params: Any) -> StepOutput:
    return method.run(make_spec(method, **params), subject, workdir, Listener())


def full(method: Instrument, subject: Subject, workdir: Path, **params: Any) -> StepOutput:
    spec = replace(make_spec(method, **params), params=params)
    return method.run(spec, subject, workdir, Listener())


def test_names_and_copying_are_there(default_model: Subject, workdir: Path) -> None:
    output = run(CIRCUITS, default_model, workdir, half=30)
    assert output.reading == Reading.OBSERVED
    assert 3.5 < output.measurement("ioi_logit_diff").value < 5.5
    assert output.measurement("ioi_accuracy").value >= 0.95
    assert abs(output.measurement("ioi_corrupted").value) < 1.0
    assert output.measurement("induction_top_head").label == "Strongest induction head (L18H6)"


def test_harm_is_readable_in_the_middle_of_the_model(default_model: Subject, workdir: Path) -> None:
    output = run(DIRECTION, default_model, workdir, layers=[0, 15])
    assert output.reading == Reading.OBSERVED
    assert output.measurement("auroc").value > 0.75
    assert output.measurement("auroc_first_layer").value < 0.65
    assert output.measurement("auroc_words").value < 0.65


def test_sentiment_moves_along_its_direction(default_model: Subject, workdir: Path) -> None:
    output = run(STEERING, default_model, workdir, coefficients=[0.05], readout_items=8)
    assert output.reading == Reading.CAUSAL
    assert output.measurement("steering_slope").value > 1.0


def test_reference_points_of_the_circuits(default_model: Subject, workdir: Path) -> None:
    output = full(CIRCUITS, default_model, workdir)
    assert output.measurement("ioi_logit_diff").value == pytest.approx(4.5, abs=0.5)
    assert output.measurement("ioi_accuracy").value == 1.0
    assert abs(output.measurement("ioi_corrupted").value) < 0.6
    assert output.measurement("loss_first").value == pytest.approx(13.9, abs=0.5)
    assert output.measurement("loss_second").value == pytest.approx(3.2, abs=0.7)
    assert output.measurement("induction_top_head").value == pytest.approx(0.86, abs=0.04)
    assert "L0 MLP" in output.measurement("patching_largest").label


def test_reference_points_of_the_harm_direction(default_model: Subject, workdir: Path) -> None:
    output = full(DIRECTION, default_model, workdir)
    assert output.reading == Reading.OBSERVED
    assert output.measurement("auroc").value == pytest.approx(0.85, abs=0.08)
    assert output.measurement("auroc_twin").value < 0.6
    assert output.measurement("gain_over_baseline").value > 0.2


def test_reference_points_of_sentiment_steering(default_model: Subject, workdir: Path) -> None:
    output = full(STEERING, default_model, workdir)
    assert output.reading == Reading.CAUSAL
    assert output.measurement("steering_slope").value == pytest.approx(1.7, abs=0.4)
    assert output.measurement("dose_rank_correlation").value == pytest.approx(1.0)
    assert output.measurement("twin_effect").value < 0.1


def test_refusal_is_represented_and_not_moved(default_model: Subject, workdir: Path) -> None:
    output = full(STEERING, default_model, workdir, behaviour="refusal", random_directions=40)
    assert output.reading == Reading.NULL
    assert output.measurement("decodability").value > 0.6
    assert output.measurement("steering_slope").p_value is not None
