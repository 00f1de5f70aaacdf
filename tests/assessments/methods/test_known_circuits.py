"""Known circuits on planted subjects: each condition of the reading decides, and what was left out is counted."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from assessments.contracts import Reading, Refused, StepOutput, Threshold
from assessments.methods.known_circuits import KnownCircuits
from assessments.probes import probe_set
from tests.assessments.methods.conftest import Listener, make_spec
from tests.assessments.methods.planted import Plant, PlantedSubject
from tests.assessments.methods.test_parts import SharedFirstTokens

BOTH = Plant(names=3.0, copying=5.0)


def run(subject: PlantedSubject, workdir: Path, **params: Any) -> StepOutput:
    return KnownCircuits().run(make_spec(KnownCircuits(), **params), subject, workdir, Listener())


def test_both_behaviours_beyond_the_twin_are_observed(workdir: Path) -> None:
    output = run(PlantedSubject(BOTH), workdir)
    assert output.reading == Reading.OBSERVED
    primary = output.measurement("ioi_logit_diff")
    assert primary.value == pytest.approx(3.0, abs=0.5)
    assert primary.low is not None
    assert primary.null_high is not None
    assert primary.low > primary.null_high
    assert output.measurement("ioi_accuracy").value == 1.0
    assert output.measurement("induction_loss_drop").value == pytest.approx(5.0, abs=0.1)
    assert abs(output.measurement("ioi_corrupted").value) < 0.2
    assert "L2H1" in output.measurement("induction_top_head").label
    assert "L3 attention" in output.measurement("patching_largest").label
    assert output.headline == "The known circuits are there"


@pytest.mark.parametrize(
    ("plant", "reading"),
    [
        (Plant(), Reading.NULL),
        (replace(BOTH, copying=0.0), Reading.INCONCLUSIVE),
        (replace(BOTH, names=0.0), Reading.INCONCLUSIVE),
        (replace(BOTH, names=-3.0, copying=0.0), Reading.NULL),
        (replace(BOTH, names=0.3), Reading.INCONCLUSIVE),
        (replace(BOTH, copying=0.3), Reading.INCONCLUSIVE),
        (replace(BOTH, idle=1e-6), Reading.INCONCLUSIVE),
    ],
    ids=["nothing", "names only", "copying only", "wrong name ahead", "names too little", "copying too little", "idle hook not idle"],
)
def test_a_missing_condition_lowers_the_reading(plant: Plant, reading: Reading, workdir: Path) -> None:
    assert run(PlantedSubject(plant), workdir).reading == reading


@pytest.mark.parametrize(("twin", "reading"), [(BOTH, Reading.NULL), (Plant(names=3.0), Reading.INCONCLUSIVE)])
def test_what_random_weights_show_too_is_not_observed(twin: Plant, reading: Reading, workdir: Path) -> None:
    output = run(PlantedSubject(BOTH, twin=twin), workdir)
    assert output.reading == reading
    assert next(control for control in output.controls if control.name == "random_weight_twin").passed is False


def test_a_stricter_sealed_threshold_decides_the_reading(workdir: Path) -> None:
    spec = make_spec(KnownCircuits(), thresholds=(Threshold("ioi_logit_diff", ">=", 4.0),))
    assert KnownCircuits().run(spec, PlantedSubject(BOTH), workdir, Listener()).reading == Reading.INCONCLUSIVE


def test_unscored_prompts_are_counted_and_stay_in_the_table(workdir: Path) -> None:
    output = run(SharedFirstTokens(replace(BOTH, names=0.0)), workdir, prompts=60)
    assert output.counts["items"] == 60
    assert output.counts["unscored"] > 0
    assert output.counts["scored"] + output.counts["unscored"] == 60
    assert output.measurement("ioi_logit_diff").n == output.counts["scored"]
    rows = pyarrow.parquet.read_table(workdir / "items.parquet").to_pylist()
    assert len(rows) == 60
    blank = [row for row in rows if not row["scored"]]
    assert len(blank) == output.counts["unscored"]
    assert all(row["logit_diff"] is None for row in blank)


def test_a_tokenizer_that_cannot_tell_names_apart_is_refused_with_the_count(workdir: Path) -> None:
    class AllAlike(PlantedSubject):
        def encode(self, text: str, *, prefix: bool = True) -> tuple[int, ...]:
            return super().encode(" ".join(f"N {word[1:]}" if word[0].isupper() else word for word in text.split(" ")), prefix=prefix)

    with pytest.raises(Refused, match="only 0 of 24 name prompts can be scored"):
        run(AllAlike(Plant()), workdir)
    assert list(workdir.iterdir()) == []


@pytest.mark.parametrize(
    ("plant", "twin", "reading"),
    [
        (Plant(copying=5.0), Plant(), Reading.OBSERVED),
        (Plant(names=3.0), Plant(), Reading.NULL),
        (Plant(copying=0.3), Plant(), Reading.NULL),
        (Plant(copying=5.0), Plant(copying=5.0), Reading.NULL),
        (Plant(copying=5.0, idle=1e-6), Plant(), Reading.INCONCLUSIVE),
    ],
    ids=["copying", "names only", "copying too little", "random weights copy too", "idle hook not idle"],
)
def test_repetition_alone_needs_no_names(plant: Plant, twin: Plant, reading: Reading, workdir: Path) -> None:
    method = KnownCircuits()
    assert method.probe_sets({"circuits": "repetition"}, probe_set) == ()
    assert method.probe_sets({}, probe_set) == ("ioi",)
    spec = replace(make_spec(method, circuits="repetition"), probe_sets={})
    output = method.run(spec, PlantedSubject(plant, twin=twin), workdir, Listener())
    assert output.reading == reading
    assert output.primary == "induction_loss_drop"
    assert output.measurement("induction_loss_drop").value == pytest.approx(plant.copying, abs=0.1)
    assert output.measurement("fresh_loss_drop").value == pytest.approx(0.0, abs=0.1)
    assert [control.name for control in output.controls] == ["noop_hook", "random_weight_twin", "fresh_sequences"]
    assert len(pyarrow.parquet.read_table(workdir / "items.parquet")) == output.counts["sequences"] == 4
