"""Linear direction on planted subjects: each condition of the reading decides, and the choice of layer never sees the confirmation part."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from safetensors import safe_open

from assessments import probes
from assessments.contracts import Reading, Refused, StepOutput
from assessments.methods.linear_direction import LinearDirection, Params, layers_to_read
from assessments.statistics import auroc
from tests.assessments.methods.conftest import Listener, make_spec
from tests.assessments.methods.planted import Plant, PlantedSubject, concepts

PLANTED = Plant(concepts("harmful_harmless", "harmful"), strength=2.0, first_layer=2)


def run(subject: PlantedSubject, workdir: Path, **params: Any) -> StepOutput:
    return LinearDirection().run(make_spec(LinearDirection(), stride=1, **params), subject, workdir, Listener())


def test_a_planted_direction_is_observed_in_its_layers_and_written_down(workdir: Path) -> None:
    subject = PlantedSubject(PLANTED)
    output = run(subject, workdir)
    assert output.reading == Reading.OBSERVED
    primary = output.measurement("auroc")
    assert primary.value > 0.85
    assert primary.p_value is not None
    assert primary.p_value <= 0.05
    assert abs(output.measurement("auroc_first_layer").value - 0.5) < 0.15
    with safe_open(workdir / "direction.safetensors", framework="numpy") as file:
        direction, metadata = file.get_tensor("direction"), file.metadata()
    assert int(metadata["layer"]) in (2, 3)
    assert metadata["hook"] == f"blocks.{metadata['layer']}.hook_resid_post"
    assert float(metadata["norm"]) == pytest.approx(np.linalg.norm(direction), rel=1e-5)
    assert direction @ subject.axis / np.linalg.norm(direction) > 0.9


@pytest.mark.parametrize(
    ("plant", "twin", "reading"),
    [
        (replace(PLANTED, strength=0.0), Plant(), Reading.NULL),
        (PLANTED, PLANTED, Reading.INCONCLUSIVE),
        (replace(PLANTED, idle=1e-6), Plant(), Reading.INCONCLUSIVE),
    ],
    ids=["nothing", "random weights show it too", "idle hook not idle"],
)
def test_a_missing_condition_lowers_the_reading(plant: Plant, twin: Plant, reading: Reading, workdir: Path) -> None:
    assert run(PlantedSubject(plant, twin=twin), workdir).reading == reading


def test_a_model_in_which_little_but_the_concept_differs_is_observed(workdir: Path) -> None:
    # Every refitted direction lies along the concept or against it: with true labels on the judged side half of the null would be near 1.
    output = run(PlantedSubject(replace(PLANTED, strength=60.0)), workdir)
    adjusted = output.measurement("auroc").p_value
    assert adjusted is not None
    assert adjusted <= 0.05
    assert output.reading == Reading.OBSERVED


def test_what_the_words_alone_give_is_not_observed(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # every text names its label: words alone do as well as the activations
    marked = probes.probe_set("harmful_harmless")
    items = tuple(replace(item, text=f"{item.text} {'zorn' if item.label == 'harmful' else 'mild'}") for item in marked.items)
    monkeypatch.setattr(probes, "sealed", lambda digests, slug: replace(marked, items=items))
    plant = Plant({" ".join(item.text.split()): 1.0 if item.label == "harmful" else -1.0 for item in items}, strength=2.0)
    output = run(PlantedSubject(plant), workdir)
    assert output.measurement("auroc_words").value > 0.99
    assert output.reading == Reading.INCONCLUSIVE
    assert next(control for control in output.controls if control.name == "surface_baselines").passed is False


def test_the_layer_is_chosen_without_the_confirmation_part(workdir: Path) -> None:
    split = probes.split(probes.probe_set("harmful_harmless").items, seed=7)
    kept = {" ".join(item.text.split()) for item in split.exploration}
    # the concept is there in exploration texts only: the choice must be as good as before, the confirmation must fail
    only = {text: value for text, value in PLANTED.concepts.items() if text in kept}
    output = run(PlantedSubject(replace(PLANTED, concepts=only)), workdir)
    assert output.measurement("auroc_inner").value > 0.85
    assert abs(output.measurement("auroc").value - 0.5) < 0.2
    assert output.reading == Reading.NULL


def test_the_table_holds_every_item_and_gives_back_the_auroc(workdir: Path) -> None:
    output = run(PlantedSubject(PLANTED), workdir)
    rows = pyarrow.parquet.read_table(workdir / "items.parquet").to_pylist()
    assert len(rows) == output.counts["items"] == 224
    confirmed = [row for row in rows if row["part"] == "confirmation"]
    assert not {row["family"] for row in confirmed} & {row["family"] for row in rows if row["part"] == "exploration"}
    labels = np.array([row["label"] == "harmful" for row in confirmed])
    for column, name in (("score_direction", "auroc"), ("score_words", "auroc_words"), ("score_twin", "auroc_twin"), ("score_logistic", "auroc_logistic")):
        assert float(auroc([row[column] for row in confirmed], labels)) == pytest.approx(output.measurement(name).value)


def test_the_profile_holds_every_layer_with_its_null(workdir: Path) -> None:
    run(PlantedSubject(PLANTED), workdir)
    rows = pyarrow.parquet.read_table(workdir / "layers.parquet").to_pylist()
    assert [row["layer"] for row in rows] == [0, 1, 2, 3]
    assert sum(row["chosen"] for row in rows) == 1
    assert all(row["permuted_low"] < row["permuted_high"] for row in rows)


def test_layers_are_every_nth_and_the_last_or_those_named() -> None:
    assert layers_to_read(Params(), 30) == [0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 29]
    assert layers_to_read(Params(stride=1), 2) == [0, 1]
    assert layers_to_read(Params(layers=(7, 2, 2)), 30) == [2, 7]
    with pytest.raises(Refused, match="names layer 30; this model has layers 0 to 29"):
        layers_to_read(Params(layers=(3, 30)), 30)


def test_any_labelled_set_can_be_read_as_it_says(workdir: Path) -> None:
    slug = "axis_deception"
    plain = PlantedSubject(Plant(concepts(slug, "deceptive"), strength=1.4))
    plain.encode_chat = None  # type: ignore[assignment, method-assign]  # this set's texts are no chat turns
    output = run(plain, workdir, concept=slug)
    assert output.reading == Reading.OBSERVED
    assert output.measurement("auroc").label.startswith("Deceptive against candid")
    assert output.headline == "Deceptive and candid statements can be told apart inside the model"
    assert set(output.environment["probe_sets"]) == {slug}
    with pytest.raises(Refused, match="probe set neutral_text declares no axis"):
        run(plain, workdir, concept="neutral_text")
