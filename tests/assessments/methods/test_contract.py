"""What every instrument must do, on tiny random models: repeat itself, stay in its folder, stop when asked, find nothing."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
import vl_convert

from assessments.contracts import Cancelled, Instrument, Reading, Refused, StepOutput
from assessments.registry import METHODS, probe_sets_of
from assessments.subject import Subject
from tests.assessments.methods.conftest import Listener, make_spec

Model = Callable[..., Subject]
INSIDE = [method for method in METHODS if method.card.access != "text"]
"""Instruments that look inside. Those that only ask have no hook, no twin and no batch; ``test_behaviour_gap`` holds them to the rest."""
FEATURE = {"direction": "sae_feature", "sae_text": "axis", "sae_width": 96, "sae_k": 20, "sae_passes": 12, "matched_features": 40}
OPTIONAL = {"cached_restart", "matched_features"}
"""Controls that only some parameters ask for."""
CASES = [pytest.param(method, {}, id=method.card.slug) for method in INSIDE] + [
    pytest.param(METHODS[2], {"behaviour": "refusal"}, id="steering_refusal"),
    pytest.param(METHODS[2], FEATURE, id="steering_feature"),
]
each = pytest.mark.parametrize(("method", "params"), CASES)


@dataclass(frozen=True)
class Run:
    """One run with what it left behind."""

    output: StepOutput
    folder: Path
    reports: list[tuple[float, str, int]]


def run(method: Instrument, subject: Subject, folder: Path, **params: Any) -> Run:
    folder.mkdir(parents=True, exist_ok=True)
    listener = Listener()
    return Run(method.run(make_spec(method, **params), subject, folder, listener), folder, listener.reports)


@pytest.fixture(scope="session")
def first_run(tiny_model: Model, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """The run that the others are compared with, made once per instrument and family."""
    made: dict[str, Run] = {}

    def once(method: Instrument, params: dict[str, Any], family: str = "gemma3") -> Run:
        key = f"{family}-{method.card.slug}-{params.get('behaviour', '')}-{params.get('direction', '')}"
        if key not in made:
            made[key] = run(method, tiny_model(family), tmp_path_factory.mktemp("first") / key, **params)
        return made[key]

    return once


def digests(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()}


@each
@pytest.mark.parametrize("family", ["gemma3", "qwen3"])
def test_a_random_model_gives_a_null_and_a_complete_output(method: Instrument, params: dict[str, Any], family: str, first_run: Callable[..., Run]) -> None:
    made = first_run(method, params, family)
    output = made.output
    assert output.reading == Reading.NULL
    assert output.measurement(output.primary).role == "primary"
    json.dumps(asdict(output), allow_nan=False)
    for text in (output.headline, output.summary, output.does_not_show, output.not_examined):
        assert len(text) > 15
    assert output.counts["items"] == output.counts.get("exploration", 0) + output.counts.get("confirmation", output.counts["items"])
    assert output.counts["errored"] == 0
    assert output.environment["seed"] == 7
    assert set(output.environment["probe_sets"]) == set(probe_sets_of(method, params))
    check_controls(method, output)
    check_measurements(output)
    check_files(output, made.folder)


def check_controls(method: Instrument, output: StepOutput) -> None:
    made = {control.name for control in output.controls}
    # a card announces every control that a run makes, under the same name
    assert {"noop_hook", "random_weight_twin"} <= made
    assert made - OPTIONAL == set(method.card.controls) - OPTIONAL
    assert made <= set(method.card.controls) | {"cached_restart"}
    assert all(control.n > 0 and control.note for control in output.controls)
    assert next(control for control in output.controls if control.name == "noop_hook").passed is True


def check_measurements(output: StepOutput) -> None:
    names = [row.name for row in output.measurements]
    assert len(set(names)) == len(names)
    for row in output.measurements:
        assert row.n > 0
        assert "/" in row.formula
        if row.low is not None and row.high is not None:
            assert row.low <= row.high
        assert row.p_value is None or 0 < row.p_value <= 1


def check_files(output: StepOutput, workdir: Path) -> None:
    assert set(digests(workdir)) == {file.path for file in output.files}
    items = next(file for file in output.files if file.kind == "items")
    assert pyarrow.parquet.read_table(workdir / items.path).num_rows >= output.counts["scored"]
    for figure in output.figures:
        spec = json.dumps(figure.spec, allow_nan=False)
        assert '"url"' not in spec
        assert figure.spec["$schema"].endswith("/v6.json")
        assert 400 <= figure.spec["width"] <= 600
        drawn = vl_convert.vegalite_to_svg(spec, vl_version="6.4")
        assert drawn.startswith("<svg")
        assert "Gradient" not in drawn, "the PDF leaves gradients out"
        assert figure.alt
        assert figure.caption


@each
def test_the_same_seed_gives_the_same_bytes(
    method: Instrument, params: dict[str, Any], tiny_model: Model, first_run: Callable[..., Run], tmp_path: Path
) -> None:
    first, second = first_run(method, params), run(method, tiny_model("gemma3"), tmp_path, **params)
    assert asdict(first.output) == asdict(second.output)
    assert digests(first.folder) == digests(second.folder)


@each
def test_another_seed_asks_other_questions(
    method: Instrument, params: dict[str, Any], tiny_model: Model, first_run: Callable[..., Run], tmp_path: Path
) -> None:
    first, other = first_run(method, params).output, run(method, tiny_model("gemma3"), tmp_path, seed=8, **params).output
    assert other.measurement(other.primary).value != first.measurement(first.primary).value
    assert other.environment["twin_seed"] != first.environment["twin_seed"]


@each
def test_smaller_batches_change_nothing_that_matters(
    method: Instrument, params: dict[str, Any], tiny_model: Model, first_run: Callable[..., Run], tmp_path: Path
) -> None:
    whole, few = first_run(method, params).output, run(method, tiny_model("gemma3", 8), tmp_path, max_batch=8, **params).output
    assert few.reading == whole.reading
    for row in whole.measurements:
        assert few.measurement(row.name).value == pytest.approx(row.value, abs=2e-3)
    assert few.environment["max_batch"] == 8


@each
def test_progress_rises_to_the_end_and_names_its_stages(method: Instrument, params: dict[str, Any], first_run: Callable[..., Run]) -> None:
    made = first_run(method, params)
    fractions = [fraction for fraction, _, _ in made.reports]
    assert fractions == sorted(fractions)
    assert fractions[0] < 0.1
    assert 0.9 < fractions[-1] <= 1.0
    assert len({stage for _, stage, _ in made.reports}) >= 4
    assert sum(tokens for _, _, tokens in made.reports) == made.output.tokens


@each
@pytest.mark.parametrize("share", [0.0, 0.5, 0.95])
def test_a_cancel_goes_through_wherever_it_comes(
    method: Instrument, params: dict[str, Any], share: float, tiny_model: Model, first_run: Callable[..., Run], workdir: Path
) -> None:
    stop = max(1, round(share * len(first_run(method, params).reports)))
    cancelled = Listener(stop)
    with pytest.raises(Cancelled):
        method.run(make_spec(method, **params), tiny_model("gemma3"), workdir, cancelled)
    assert len(cancelled.reports) == stop
    assert digests(workdir) == {}


@each
def test_a_wrong_parameter_is_refused_before_anything_is_computed(method: Instrument, params: dict[str, Any], tiny_model: Model, workdir: Path) -> None:
    listener = Listener()
    with pytest.raises(Refused, match="unknown parameter wavelength"):
        method.run(make_spec(method, wavelength=3, **params), tiny_model("gemma3"), workdir, listener)
    assert listener.reports == []


@each
def test_a_changed_probe_set_is_refused(method: Instrument, params: dict[str, Any], tiny_model: Model, workdir: Path) -> None:
    spec = make_spec(method, **params)
    object.__setattr__(spec, "probe_sets", {slug: "0" * 64 for slug in spec.probe_sets})
    with pytest.raises(Refused, match="restore the sealed file or seal a new plan"):
        method.run(spec, tiny_model("gemma3"), workdir, Listener())
