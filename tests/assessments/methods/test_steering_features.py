"""Steering along a feature of a sparse autoencoder: chosen on exploration alone, against features that fire as often, taken out where it fires."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from safetensors import safe_open

from assessments.autoencoders import Autoencoder
from assessments.contracts import Reading, Refused, StepOutput, SubjectSpec
from assessments.methods.parts.sae_files import read_autoencoder
from assessments.methods.parts.sae_sources import FOLDER, folder_digest
from assessments.methods.parts.sae_tracking import Codes
from assessments.methods.parts.steering import Plan
from assessments.methods.parts.steering_features import ALIKE, choose, others, permuted_units
from assessments.methods.steering_validation import CARD, Params, SteeringValidation
from assessments.organisms.registry import organism
from assessments.parameters import params_parse
from assessments.registry import layers_shared
from gpu_tasks.runtime.loading import load_directory
from tests.assessments.methods.conftest import Listener, make_spec
from tests.assessments.methods.test_sae_features import part, planted_codes

METHOD = SteeringValidation()
ON_ORGANISMS: dict[str, Any] = {
    "behaviour": "organism_requests",
    "direction": "sae_feature",
    "layer": 2,
    "readout_items": 24,
    "coefficients": [0.2, 0.4, 0.8, 1.2],
    "sae_text": "axis",
    "sae_width": 128,
    "sae_k": 8,
    "sae_passes": 50,
    "matched_features": 60,
    "random_directions": 40,
}
"""The strengths of the refusers' steering trial and the dictionary of their features trial."""
SIDES = (part(16, "a"), part(16, "b"))
PLAN = Plan(layer=1, depths=(0, 1, 2, 3), grid=(0.1,), random=20, permuted=60, ablations=5, cost_texts=8, written=0, draws=200, margin=0.1, seed=7)


def dictionary(width: int = 40) -> Autoencoder:
    """Feature ``n`` writes along dimension ``n``."""
    eye = 3 * np.eye(width, dtype=np.float32)
    return Autoencoder("topk", eye, np.zeros(width, np.float32), eye, np.zeros(width, np.float32), k=4)


def on_organism(slug: str, workdir: Path, **params: Any) -> StepOutput:
    found = organism(slug)
    subject = load_directory(found.folder, SubjectSpec("safetensors", str(found.folder), found.weights_digest, "t" * 64, "", slug), max_batch=32)
    workdir.mkdir(exist_ok=True)
    return METHOD.run(make_spec(METHOD, seed=1, **{**ON_ORGANISMS, **params}), subject, workdir, Listener())


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[StepOutput, Path]:
    folder = tmp_path_factory.mktemp("planted")
    return on_organism("refuser-planted-100-s1", folder), folder


def test_the_planted_refusal_follows_its_top_feature(planted: tuple[StepOutput, Path]) -> None:
    output, _ = planted
    assert output.reading == Reading.CAUSAL
    primary, alone = output.measurement("steering_slope"), output.measurement("matched_slope")
    assert primary.null_high is not None
    assert primary.value > max(primary.null_high, alone.value)
    assert primary.p_value is not None
    assert output.measurement("matched_p").value <= primary.p_value <= 0.05, "the harder null decides"
    assert output.measurement("feature_auroc_exploration").value > 0.95
    assert output.measurement("decodability").value > 0.95
    assert output.measurement("explained_variance").value > 0.9
    assert abs(output.measurement("ablation_effect").value) > abs(output.measurement("ablation_effect").null_high or 0), "taken out, it is missed"
    assert "does not cover features" in output.does_not_show
    assert "(its decoder row" in output.summary
    assert {control.name for control in output.controls} == {*CARD.controls, "cached_restart"}


def test_the_feature_can_be_steered_again_from_the_dictionary_it_leaves(planted: tuple[StepOutput, Path], tmp_path: Path, monkeypatch: Any) -> None:
    output, folder = planted
    about = output.environment["autoencoder"]
    found = read_autoencoder(folder / "autoencoder")
    with safe_open(folder / "direction.safetensors", framework="numpy") as file:
        unit, said = file.get_tensor("direction"), file.metadata()
    row = found.decoder[about["feature"]] * about["sign"]
    assert unit == pytest.approx(row / np.linalg.norm(row), abs=1e-6)
    assert (said["formula"], said["feature"], said["layer"]) == ("sae-decoder-row/1", str(about["feature"]), "2")
    monkeypatch.setenv(FOLDER, str(folder))
    digest = folder_digest(folder / "autoencoder")
    supplied = {"sae": "autoencoder", "sae_digest": digest, "feature": about["feature"], "layer": None}
    again = on_organism("refuser-planted-100-s1", tmp_path / "again", **supplied)
    for name in ("steering_slope", "matched_slope", "ablation_effect", "steering_effect", "cost_ce"):
        assert again.measurement(name).value == pytest.approx(output.measurement(name).value, abs=1e-4)
    assert again.environment["autoencoder"]["digest"] == digest
    assert not (tmp_path / "again" / "autoencoder").exists(), "what was supplied is not written again"
    with pytest.raises(Refused, match="the plan sealed"):
        on_organism("refuser-planted-100-s1", tmp_path / "other", **{**supplied, "sae_digest": "0" * 64})
    with pytest.raises(Refused, match="parameter feature is 9999"):
        on_organism("refuser-planted-100-s1", tmp_path / "other", **{**supplied, "feature": 9999})


def test_the_null_names_its_features_and_leaves_out_the_chosen_one(planted: tuple[StepOutput, Path]) -> None:
    output, folder = planted
    rows = pyarrow.parquet.read_table(folder / "directions.parquet").to_pylist()
    matched = [row for row in rows if row["kind"] == "matched_features"]
    assert len(matched) == output.measurement("matched_slope").n >= 19
    assert len({row["index"] for row in matched}) == len(matched)
    assert output.environment["autoencoder"]["feature"] not in {row["index"] for row in matched}
    slopes = 0.1 * np.array([abs(row["slope_per_norm"]) for row in matched])
    beyond = int((slopes >= abs(output.measurement("steering_slope").value)).sum())
    assert output.measurement("matched_p").value == pytest.approx((1 + beyond) / (1 + len(matched)))


def test_the_twin_knows_the_feature_and_is_not_moved_by_it(tmp_path: Path) -> None:
    output = on_organism("refuser-twin-000-s1", tmp_path)
    assert output.reading == Reading.NULL
    assert output.measurement("decodability").value > 0.9, "readable, and without effect"
    assert "is represented, but no causal effect" in output.headline


def test_the_best_feature_of_exploration_is_chosen_and_turned() -> None:
    codes = planted_codes(*SIDES)
    found = choose(codes, *SIDES, None)
    assert (found.features.tolist(), found.signs.tolist()) == ([5], [1])
    turned = choose(codes, *SIDES, 9)
    assert (turned.features.tolist(), turned.signs.tolist()) == ([9], [-1])
    with pytest.raises(Refused, match="parameter feature is 40"):
        choose(codes, *SIDES, 40)
    silent = Codes(np.zeros_like(codes.explore), codes.confirm)
    with pytest.raises(Refused, match="no feature is active"):
        choose(silent, *SIDES, None)


def test_nothing_of_the_confirmation_side_decides() -> None:
    codes = planted_codes(*SIDES)
    codes.confirm[:, 20] = 9 * SIDES[1].labels
    codes.confirm[:, 5] = 0
    assert choose(codes, *SIDES, None).features.tolist() == [5]


def test_other_features_of_the_axis_are_no_null_for_it() -> None:
    codes = planted_codes(*SIDES)
    found = choose(codes, *SIDES, None)
    left = others(found)
    assert left.features.tolist() == [5], "the chosen one stays the chosen one"
    assert 9 not in left.candidates
    assert len(left.candidates) > 19
    apart = np.abs(left.found - 0.5)
    assert (np.delete(apart, left.chosen[0]) < ALIKE * apart[left.chosen[0]]).all()


def test_exchanged_labels_choose_other_features() -> None:
    codes = planted_codes(*SIDES)
    found = choose(codes, *SIDES, None)
    units = permuted_units(codes, SIDES[0], dictionary(), found, PLAN)
    assert units.shape == (PLAN.permuted, 40)
    assert np.linalg.norm(units, axis=1) == pytest.approx(np.ones(PLAN.permuted))
    assert 0 < (np.abs(units).argmax(axis=1) == 5).mean() < 0.5, "the true choice is kept by chance at most"
    assert (units.sum(axis=1) < 0).any(), "and turned around where it has to be"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"sae": "x"}, "belong together"),
        ({"sae_digest": "0" * 64}, "belong together"),
        ({"direction": "contrast", "feature": 3}, "only when direction is sae_feature"),
        ({"direction": "contrast", "sae": "x", "sae_digest": "0"}, "only when direction is sae_feature"),
        ({"direction": "sae_feature", "feature": 3}, "numbers a feature of a supplied dictionary"),
        ({"direction": "sae_feature", "sae_k": 64, "sae_width": 64}, "must be smaller than the 64 features"),
        ({"direction": "probe"}, "must be one of contrast, sae_feature"),
        ({"matched_features": 19}, "must be between 20 and 2000"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(params: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        params_parse(Params, params)


def test_layers_are_shared_only_where_they_are_known_beforehand() -> None:
    spec = make_spec(METHOD, **ON_ORGANISMS)
    assert layers_shared(spec, [], 4) == (2,)
    blind = replace(spec, params={**ON_ORGANISMS, "layer": None, "sae": "x", "sae_digest": "0" * 64})
    assert layers_shared(blind, [], 4) == ()


def test_a_poor_dictionary_is_refused_before_anything_is_steered(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="is asked for before anything is read from them"):
        on_organism("refuser-planted-100-s1", tmp_path, sae_width=32, sae_k=1, sae_passes=1)
