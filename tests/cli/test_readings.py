"""`assay readings`: which models are read, what each row says, and how the command ends."""

import json
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from assessments.contracts import Reading
from assessments.models import Run
from assessments.organisms.contracts import Trial
from assessments.organisms.registry import ADAPTERS, organisms
from cli import readings, readings_steps
from cli.readings_steps import UNCHANGED, Read, models_to_read
from core.errors import InvalidInput
from gpu_tasks.tasks import execute_step
from inventory.models import ModelVersion
from tests import factories
from tests.tiny_models import build_tiny

ROW = {"text": "one: as it should be", "right": True}


def test_every_organism_on_the_default_model_is_read_and_the_model_without_them() -> None:
    found = {model.name: model for model in models_to_read([])}
    assert set(found) == {row.recipe.family for row in organisms(ADAPTERS)} | {UNCHANGED}
    assert all(model.trials for model in found.values())
    assert {(trial.least, trial.most) for trial in found[UNCHANGED].trials} == {(None, Reading.OBSERVED)}
    uses = [(trial.instrument, trial.params) for trial in found[UNCHANGED].trials]
    assert all((trial.instrument, trial.params) in uses for model in found.values() for trial in model.trials)
    assert all(uses.count(use) == 1 for use in uses)
    assert found["smol-refuser"].trials[0].least == Reading.CAUSAL


def test_named_ones_are_read_once_and_in_the_order_given() -> None:
    assert [model.name for model in models_to_read([UNCHANGED, "smol-line", UNCHANGED])] == [UNCHANGED, "smol-line"]


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match=r"unknown: smol-liar; known are .*smol-refuser.*unchanged"):
        models_to_read(["smol-line", "smol-liar"])


@pytest.mark.parametrize(("rows", "status"), [([ROW], 0), ([ROW, {**ROW, "right": False}], 1)])
def test_a_reading_that_is_not_as_it_should_be_is_status_one(
    rows: list[dict[str, Any]], status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(readings, "on_workers", lambda mode, var, progress, work: rows)
    assert readings.main([]) == status
    assert capsys.readouterr().out.splitlines() == [row["text"] for row in rows]
    assert readings.main(["--json"]) == status
    assert json.loads(capsys.readouterr().out) == rows


def test_a_refusal_is_told_and_changes_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    def refuse(mode: str, var: Path, progress: object, work: object) -> None:
        models_to_read(["smol-liar"])

    monkeypatch.setattr(readings, "on_workers", refuse)
    assert readings.main(["smol-liar"]) == 1
    assert "assay readings: FAMILY: unknown: smol-liar" in capsys.readouterr().err


@pytest.mark.django_db
def test_a_model_is_registered_sealed_run_reported_and_judged(
    admin: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A random model through everything but the workers, whose task is run here; a second reading finds the version that is there."""
    factories.catalogue(admin)
    small = {"prompts": 24, "sequences": 4, "half": 12, "patch_prompts": 2, "bootstrap": 200}
    trials = (Trial("known_circuits", small), Trial("known_circuits", {**small, "prompts": 32}, least=Reading.CAUSAL))
    model = Read("small", "safetensors", str(build_tiny(tmp_path_factory.mktemp("small"), "qwen3")), trials)
    monkeypatch.setattr(readings_steps, "models_to_read", lambda families: [model])
    monkeypatch.setattr(readings_steps, "first_administrator", lambda: admin)
    monkeypatch.setattr(readings_steps, "standings_here", lambda slugs: {})

    def follow(run: Run, tell: object) -> None:
        assert [execute_step(str(step.id)) for step in run.steps.all()] == ["done", "done"]
        run.refresh_from_db()

    monkeypatch.setattr(readings_steps, "follow", follow)
    said: list[tuple[float, str]] = []
    rows = readings_steps.run_readings(tmp_path, ["small"], lambda fraction, text: said.append((fraction, text)))
    assert [(row["reading"], row["right"], row["params"]["prompts"]) for row in rows] == [("null", True, 24), ("null", False, 32)]
    assert "; as it should be (at most null); " in rows[0]["text"]
    assert "; NOT as it should be (at least causal); " in rows[1]["text"]
    assert {row["report"] for row in rows} == {tmp_path / "small" / "report.pdf"}
    assert {path.name for path in (tmp_path / "small").iterdir()} == {"report.pdf", "report.pdf.sigstore.json", "case.zip"}
    assert said[0] == (0.0, "small: registering and sealing")
    again = readings_steps.run_readings(tmp_path, ["small"], lambda fraction, text: None)
    assert ModelVersion.objects.filter(model__name="small").count() == 1
    assert {row["report"].parent.name for row in again} == {"run-0002"}, "nothing is overwritten"
