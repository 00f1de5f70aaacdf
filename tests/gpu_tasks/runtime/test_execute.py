"""A sealed step from its specification to its output, on tiny models and a real instrument."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from assessments import probes, registry
from assessments.contracts import Cancelled, Reading, Refused, StepOutput, StepSpec
from gpu_tasks.runtime.execute import execute, probe_speed
from gpu_tasks.runtime.sources import inspect_source
from gpu_tasks.runtime.subjects import SHELF
from tests.gpu_tasks.runtime.conftest import Loader

INSTRUMENT = "known_circuits"
SMALL = {"prompts": 30, "sequences": 4, "half": 12, "patch_prompts": 1, "bootstrap": 200}


@pytest.fixture(params=["gemma3", "gpt2"])
def spec(request: pytest.FixtureRequest, tiny_folder: Callable[[str], Path], tmp_path: Path) -> StepSpec:
    card = registry.instrument(INSTRUMENT).card
    return StepSpec(
        key="circuits",
        instrument=INSTRUMENT,
        version=card.version,
        params=SMALL,
        probe_sets={slug: probes.probe_set(slug).digest for slug in card.probe_sets},
        thresholds=card.thresholds,
        seed=11,
        subject=inspect_source("safetensors", str(tiny_folder(request.param)), tmp_path).spec(),
        max_batch=4,
    )


def run(spec: StepSpec, folder: Path, progress: Callable[..., None] = lambda fraction, stage, tokens=0: None) -> StepOutput:
    folder.mkdir(exist_ok=True)
    return execute(spec, folder, progress, folder / "cache")


def test_random_weights_give_no_finding_and_say_on_what_they_were_measured(spec: StepSpec, tmp_path: Path) -> None:
    output = run(spec, tmp_path / "work")
    assert output.reading in {Reading.NULL, Reading.INCONCLUSIVE}
    assert json.loads(json.dumps(dict(output.environment))) == dict(output.environment)
    assert output.environment["loaded_digest"] == spec.subject.weights_digest
    assert (output.environment["max_batch"], output.environment["batch_halvings"]) == (4, 0)
    assert output.environment["not_resumable_layers"] == []
    assert len(output.environment["runtime_source"]) == 64
    assert all((tmp_path / "work" / file.path).is_file() for file in output.files)


def test_the_same_step_twice_gives_the_same_bits_loaded_anew_or_not(spec: StepSpec, tmp_path: Path) -> None:
    first, second = run(spec, tmp_path / "a"), run(spec, tmp_path / "b")
    SHELF.clear()
    third = run(spec, tmp_path / "c")
    assert first.measurements == second.measurements == third.measurements


def test_progress_names_the_loading_and_reaches_the_end(spec: StepSpec, tmp_path: Path) -> None:
    seen: list[tuple[float, str]] = []
    run(spec, tmp_path / "work", lambda fraction, stage, tokens=0: seen.append((fraction, stage)))
    assert seen[:2] == [(0.0, "checking the model's files"), (0.0, "model loaded")]
    fractions = [round(fraction, 9) for fraction, _ in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] <= 1


def test_cancelling_passes_through_and_the_next_run_is_whole(spec: StepSpec, tmp_path: Path) -> None:
    whole = run(spec, tmp_path / "a").measurements

    def stop(fraction: float, stage: str, tokens: int = 0) -> None:
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        run(spec, tmp_path / "b", stop)
    assert (tmp_path / "b").is_dir()
    assert run(spec, tmp_path / "c").measurements == whole


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"instrument": "crystal_ball"}, "unknown instrument 'crystal_ball'"),
        ({"version": "0"}, "at version .* but the plan sealed version 0"),
        ({"params": {**SMALL, "prompts": 10**6}}, "prompts must be between"),
        ({"params": {**SMALL, "colour": 1}}, "unknown parameter colour"),
        ({"probe_sets": {"ioi": "0" * 64}}, "probe set ioi has digest"),
        ({"max_batch": 0}, "max_batch is 0"),
    ],
)
def test_step_that_cannot_run_as_sealed_is_refused(spec: StepSpec, tmp_path: Path, changes: dict[str, object], words: str) -> None:
    with pytest.raises(Refused, match=words):
        run(replace(spec, **changes), tmp_path / "work")
    assert list((tmp_path / "work").iterdir()) == []


def test_wrong_instrument_is_refused_before_any_model_is_touched(spec: StepSpec, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="unknown instrument"):
        run(replace(spec, instrument="x", subject=replace(spec.subject, locator="/nowhere")), tmp_path / "work")


def test_speed_is_measured_in_tokens_per_second(tiny: Loader) -> None:
    assert probe_speed(tiny("llama")) > 1
