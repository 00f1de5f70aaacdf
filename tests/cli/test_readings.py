"""`assay readings`: which models are read, what each row says, and how the command ends."""

import json
from pathlib import Path
from typing import Any

import pytest

from assessments.contracts import Reading
from assessments.organisms.registry import ADAPTERS, organisms
from cli import readings
from cli.readings_steps import UNCHANGED, models_to_read
from core.errors import InvalidInput

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
