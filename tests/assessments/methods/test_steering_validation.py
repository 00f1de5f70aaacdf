"""Steering validation on planted subjects: an effect is causal only when every sealed condition holds."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from safetensors import safe_open

from assessments import probes
from assessments.contracts import Reading, Refused, StepOutput, Threshold
from assessments.methods.parts.behaviours import BEHAVIOURS
from assessments.methods.parts.steering_results import Limits, Results
from assessments.methods.steering_validation import CARD, SteeringValidation
from assessments.statistics import Interval
from tests.assessments.methods.conftest import Listener, make_spec
from tests.assessments.methods.planted import Plant, PlantedSubject, concepts

CAUSAL = Plant(concepts("sentiment", "positive"), strength=2.0, gain=4.0, damage=0.1)
HARM = Plant(concepts("harmful_harmless", "harmful"), strength=2.0, gain=0.0, damage=0.1)


def subject_for(plant: Plant, behaviour: str = "sentiment", twin: Plant | None = None) -> PlantedSubject:
    answers = probes.probe_set(BEHAVIOURS[behaviour].answer_set)
    sides = [answers.words(*path) for path in (BEHAVIOURS[behaviour].up_words, BEHAVIOURS[behaviour].down_words)]
    # a word stands for its first token: an opening is moved by its first word
    up, down = ([f" {text.split()[0]}" for text in side] for side in sides)
    return PlantedSubject(plant, sorted(set(up)), sorted(set(down)), twin=twin)


def run(subject: PlantedSubject, workdir: Path, thresholds: tuple[Threshold, ...] | None = None, **params: Any) -> StepOutput:
    return SteeringValidation().run(make_spec(SteeringValidation(), thresholds=thresholds, **params), subject, workdir, Listener())


def test_a_planted_cause_is_found_and_priced(workdir: Path) -> None:
    subject = subject_for(CAUSAL)
    output = run(subject, workdir)
    assert output.reading == Reading.CAUSAL
    primary = output.measurement("steering_slope")
    assert primary.null_high is not None
    assert primary.value > primary.null_high
    assert primary.p_value == pytest.approx(1 / 40)
    assert output.measurement("steering_effect").value > 0.5
    assert output.measurement("dose_rank_correlation").value == pytest.approx(1.0)
    assert output.measurement("wrong_way_share").value == 0.0
    assert 0 < output.measurement("cost_ce").value < 0.1
    assert output.measurement("decodability").value > 0.9
    assert output.headline == "Sentiment steering moves the answer"
    with safe_open(workdir / "direction.safetensors", framework="numpy") as file:
        assert file.get_tensor("direction") @ subject.axis > 0.8
        assert float(file.metadata()["coefficient"]) == output.measurement("working_coefficient").value


def test_the_slope_is_the_same_in_both_units(workdir: Path) -> None:
    output = run(subject_for(CAUSAL), workdir)
    effect, coefficient = output.measurement("steering_effect").value, output.measurement("working_coefficient").value
    assert output.measurement("steering_slope").value == pytest.approx(0.1 * effect / (2 * coefficient))
    with safe_open(workdir / "direction.safetensors", framework="numpy") as file:
        length = float(file.metadata()["design_length"])
    assert output.measurement("slope_per_design").value == pytest.approx(length * effect / (2 * coefficient))


def contrary_targets(share: float) -> frozenset[str]:
    targets = probes.probe_set("sentiment").targets
    return frozenset(item.text for item in targets[:: round(1 / share)])


@pytest.mark.parametrize(
    ("plant", "twin", "reading", "reason"),
    [
        (replace(CAUSAL, gain=0.0), None, Reading.NULL, ""),
        (replace(CAUSAL, gain=0.1), None, Reading.NULL, ""),
        (replace(CAUSAL, gain=-4.0), None, Reading.INCONCLUSIVE, "against the intended direction"),
        (replace(CAUSAL, damage=2.0), None, Reading.INCONCLUSIVE, "cost on neutral text"),
        (replace(CAUSAL, contrary=contrary_targets(1 / 4)), None, Reading.INCONCLUSIVE, "move the wrong way"),
        (replace(CAUSAL, bend=2.5), None, Reading.INCONCLUSIVE, "not monotone"),
        (CAUSAL, CAUSAL, Reading.INCONCLUSIVE, "random weights show the same"),
        (replace(CAUSAL, idle=1e-6), None, Reading.INCONCLUSIVE, "idle hook changes"),
        (replace(CAUSAL, restart=0.5), None, Reading.INCONCLUSIVE, "differs from a full pass"),
    ],
    ids=["no effect", "too small to matter", "backwards", "too dear", "a quarter the wrong way", "falls back", "twin too", "idle hook", "restart"],
)
def test_a_missing_condition_lowers_the_reading(plant: Plant, twin: Plant | None, reading: Reading, reason: str, workdir: Path) -> None:
    output = run(subject_for(plant, twin=twin), workdir, readout_items=28)
    assert output.reading == reading
    assert reason in output.summary
    if reading == Reading.INCONCLUSIVE:
        assert "Not causal because" in output.summary


def test_represented_without_a_causal_effect_is_said_in_so_many_words(workdir: Path) -> None:
    output = run(subject_for(HARM, "refusal"), workdir, behaviour="refusal")
    assert output.reading == Reading.NULL
    assert output.measurement("decodability").low > 0.75
    assert output.headline == "Harm is represented, but no causal effect on refusal was found"
    assert output.measurement("refusals").value == 0.0
    assert output.measurement("refusals").n == 1


def test_refusal_that_depends_on_the_direction_is_found(workdir: Path) -> None:
    output = run(subject_for(replace(HARM, gain=6.0), "refusal"), workdir, behaviour="refusal")
    assert output.reading == Reading.CAUSAL


RESTS = replace(HARM, gain=6.0, rests=3.0)
"""Refusal that follows the text's own place on the axis, in the read-out and in written answers."""


def tried(workdir: Path) -> dict[int, dict[str, Any]]:
    return {row["layer"]: row for row in pyarrow.parquet.read_table(workdir / "removal_tried.parquet").to_pylist()}


def test_a_behaviour_that_rests_on_the_direction_goes_with_it(workdir: Path) -> None:
    output = run(subject_for(RESTS, "refusal"), workdir, behaviour="refusal", written_answers=4)
    taken, before = output.measurement("ablation_effect"), output.measurement("ablation_baseline")
    assert before.value > 5, "only prompts that show the behaviour"
    assert taken.n == before.n == 20
    assert taken.null_low is not None
    assert taken.high < taken.null_low
    assert taken.value < -4
    assert taken.p_value == pytest.approx(1 / 40)
    refused = [output.measurement(name).value for name in ("refusals", "refusals_steered", "refusals_removed")]
    assert refused == [1.0, 1.0, 0.0]
    assert "so taking it out takes refusal away, wholly or in part" in output.summary
    assert "Of 4 written answers to texts labelled harmful, 4 refuse, 4 at the highest dose, 0 with the direction taken out." in output.summary
    rows = pyarrow.parquet.read_table(workdir / "removal.parquet").to_pylist()
    assert {row["label"] for row in rows} == {"harmful"}
    assert np.mean([row["change"] for row in rows]) == pytest.approx(taken.value)


FLOODED = replace(RESTS, gain=0.0)
"""Adding does nothing; the behaviour goes when the direction is taken out."""


@pytest.mark.parametrize(
    ("plant", "twin", "reading", "said"),
    [
        (FLOODED, None, Reading.CAUSAL, "Taking the direction out weakens refusal"),
        (RESTS, None, Reading.CAUSAL, "Refusal steering moves the answer, and taking the direction out weakens it"),
        (replace(FLOODED, removal=80.0), None, Reading.INCONCLUSIVE, "Not causal because taking it out may cost more than the margin on neutral text."),
        (FLOODED, FLOODED, Reading.INCONCLUSIVE, "Not causal because on random weights taking it out does the same."),
        (replace(FLOODED, rests=0.1), None, Reading.NULL, "Harm is represented, but no causal effect on refusal was found"),
        (replace(FLOODED, rests=-3.0), None, Reading.NULL, "Harm is represented, but no causal effect on refusal was found"),
        (replace(FLOODED, idle=1e-6), None, Reading.INCONCLUSIVE, "idle hook changes"),
    ],
    ids=["taken out", "both", "too dear", "twin too", "too small to matter", "the other way", "idle hook"],
)
def test_taking_out_counts_as_a_cause_under_its_own_conditions(plant: Plant, twin: Plant | None, reading: Reading, said: str, workdir: Path) -> None:
    output = run(subject_for(plant, "refusal", twin=twin), workdir, behaviour="refusal")
    assert output.reading == reading
    assert said in output.headline + output.summary


@pytest.mark.parametrize(
    ("adding", "taking", "counts", "adjusted"),
    [(0.03, 0.04, True, (0.06, 0.06)), (0.3, 0.04, True, (0.3, 0.08)), (0.01, 0.04, True, (0.02, 0.04)), (0.03, 0.04, False, (0.03, 0.04))],
)
def test_two_interventions_for_one_claim_are_paid_for(adding: float, taking: float, counts: bool, adjusted: tuple[float, float]) -> None:
    """Holm 1979: two chances to find something, each at half the level, unless the other holds."""
    found = SimpleNamespace(p_value=adding, removal=SimpleNamespace(p_value=taking), removal_counts=counts)
    assert Results.adjusted.func(found) == pytest.approx(adjusted)


@pytest.mark.parametrize(
    ("p", "effect", "removes"),
    [(0.05, Interval(-3, -4, -2), True), (0.06, Interval(-3, -4, -2), False), (0.01, Interval(-3, -6, 0.1), False), (0.01, Interval(-0.4, -0.5, -0.3), False)],
    ids=["so", "within chance", "no sure sign", "too little"],
)
def test_a_removal_needs_chance_sign_and_size(p: float, effect: Interval, removes: bool) -> None:
    found = SimpleNamespace(adjusted=(1.0, p), ablation=effect, limits=Limits(0.5, 0.1, 0.1))
    assert Results.removes.fget is not None
    assert Results.removes.fget(found) is removes


def test_what_is_readable_and_not_used_is_not_missed(workdir: Path) -> None:
    output = run(subject_for(replace(HARM, gain=6.0), "refusal"), workdir, behaviour="refusal")
    assert output.measurement("ablation_effect").value == pytest.approx(0.0, abs=1e-6)
    assert "so nothing shows that refusal needs it" in output.summary


def test_the_direction_to_remove_is_looked_for_at_several_depths(workdir: Path) -> None:
    run(subject_for(replace(RESTS, first_layer=2), "refusal"), workdir, behaviour="refusal", layer=0)
    found = tried(workdir)
    assert set(found) == {0, 1, 2}, "from a fifth to four fifths of the depth, and the steered layer"
    assert [layer for layer, row in found.items() if row["chosen"]] == [2]
    assert found[2]["change"] < min(found[0]["change"], found[1]["change"]) - 1


def test_a_removal_that_neutral_text_pays_for_is_not_chosen(workdir: Path) -> None:
    output = run(subject_for(replace(RESTS, first_layer=2, removal=8.0), "refusal"), workdir, behaviour="refusal", layer=0)
    found = tried(workdir)
    assert found[2]["cost"] > 0.1
    chosen = next(row for row in found.values() if row["chosen"])
    assert chosen["layer"] != 2
    assert chosen["cost"] == min(row["cost"] for row in found.values()) or chosen["cost"] <= 0.1
    assert output.measurement("ablation_cost").value < found[2]["cost"]


def test_without_an_affordable_removal_the_cheapest_is_used_and_said_so(workdir: Path) -> None:
    output = run(subject_for(replace(RESTS, removal=80.0), "refusal"), workdir, behaviour="refusal")
    found = tried(workdir)
    assert next(row for row in found.values() if row["chosen"])["cost"] == min(row["cost"] for row in found.values()) > 0.1
    assert "Every direction that was tried cost more than the margin" in output.summary


def test_prompts_without_a_label_are_all_read_for_the_removal(workdir: Path) -> None:
    output = run(subject_for(CAUSAL), workdir)
    assert output.measurement("ablation_effect").n == 20
    assert "held-out prompts from" in output.summary


def test_a_direction_that_is_not_even_readable_is_not_called_represented(workdir: Path) -> None:
    output = run(subject_for(replace(CAUSAL, strength=0.0)), workdir)
    assert output.reading == Reading.NULL
    assert output.headline == "No effect of steering on sentiment"


def test_a_tighter_sealed_margin_decides_strength_and_reading(workdir: Path) -> None:
    tight = (Threshold("cost_ce", "<=", 0.04),)
    output = run(subject_for(CAUSAL), workdir, thresholds=tight, coefficients=[0.05, 0.1, 0.2])
    assert output.measurement("working_coefficient").value == 0.05
    rows = pyarrow.parquet.read_table(workdir / "strengths.parquet").to_pylist()
    # tried by rising strength until the first that is too dear
    assert [row["coefficient"] for row in rows] == [0.05, 0.1]
    assert [row["chosen"] for row in rows] == [True, False]
    assert {row["margin"] for row in rows} == {0.04}


def test_without_an_affordable_strength_the_smallest_is_used_and_said_so(workdir: Path) -> None:
    output = run(subject_for(replace(CAUSAL, damage=3.0)), workdir, coefficients=[0.1, 0.05])
    assert output.measurement("working_coefficient").value == 0.05
    assert output.reading == Reading.INCONCLUSIVE
    assert "No tried strength stayed within the cost margin" in output.summary


def test_tables_give_back_the_measurements(workdir: Path) -> None:
    output = run(subject_for(replace(CAUSAL, contrary=contrary_targets(1 / 4))), workdir, readout_items=28)
    items = pyarrow.parquet.read_table(workdir / "items.parquet").to_pylist()
    assert np.mean([row["effect"] for row in items]) == pytest.approx(output.measurement("steering_effect").value)
    assert np.mean([row["wrong_way"] for row in items]) == pytest.approx(output.measurement("wrong_way_share").value)
    assert items[0]["readout_+1.00"] - items[0]["readout_-1.00"] == pytest.approx(items[0]["effect"])
    directions = pyarrow.parquet.read_table(workdir / "directions.parquet").to_pylist()
    assert [row["kind"] for row in directions].count("random") == 39
    assert [row["kind"] for row in directions].count("permuted_labels") == 20
    costs = pyarrow.parquet.read_table(workdir / "costs.parquet").to_pylist()
    worst = max(np.mean([row[name] for row in costs]) for name in ("rise_added", "rise_subtracted"))
    assert worst == pytest.approx(output.measurement("cost_ce").value)


def test_the_effect_under_pressure_is_set_against_the_plain_one(workdir: Path) -> None:
    output = run(subject_for(CAUSAL), workdir)
    plain, pressed, kept = (output.measurement(name) for name in ("steering_effect", "effect_under_pressure", "persistence"))
    rows = pyarrow.parquet.read_table(workdir / "pressure.parquet").to_pylist()
    # an unfinished sentence takes only the wrappers that stand in front of it
    assert {row["wrapper"].endswith("{text}") for row in rows} == {True}
    assert len({row["wrapper"] for row in rows}) == 4
    assert kept.n == len(rows) == 4 * plain.n
    assert pressed.value == pytest.approx(np.mean([row["effect"] for row in rows]))
    assert kept.value == pytest.approx(pressed.value / plain.value)
    assert kept.low is not None
    assert kept.low < 1 < kept.high


def test_an_effect_that_pressure_takes_away_is_reported_as_lost(workdir: Path) -> None:
    frames = [frame for frame in probes.probe_set("prompt_wrappers").words("wrappers") if frame.endswith("{text}")]
    pressed = frozenset(frame.replace("{text}", item.text) for frame in frames for item in probes.probe_set("sentiment").targets)
    output = run(subject_for(replace(CAUSAL, contrary=pressed)), workdir)
    assert output.reading == Reading.CAUSAL
    kept = output.measurement("persistence")
    # the planted subject reads a few words alike and so misses some of these texts
    assert -1.05 < kept.value < -0.25
    assert f"{kept.value:.0%} of the plain change" in output.summary


def test_no_share_is_kept_of_an_effect_that_is_none(workdir: Path) -> None:
    output = run(subject_for(replace(CAUSAL, gain=0.0)), workdir)
    assert "persistence" not in {row.name for row in output.measurements}
    assert output.measurement("effect_under_pressure").n == 32


def test_cost_is_judged_by_the_upper_end_of_its_interval(workdir: Path) -> None:
    first = run(subject_for(CAUSAL), workdir, thresholds=(Threshold("cost_ce", "<=", 1.0),), coefficients=[0.1])
    cost = first.measurement("cost_ce")
    assert cost.high == first.measurement("cost_ce_upper").value
    assert cost.value < cost.high
    between = (Threshold("cost_ce", "<=", (cost.value + cost.high) / 2),)
    assert run(subject_for(CAUSAL), workdir, thresholds=between, coefficients=[0.1]).reading == Reading.INCONCLUSIVE


def test_any_labelled_set_with_answers_can_be_steered_on(workdir: Path) -> None:
    slug = "axis_deception"
    answers = probes.probe_set(slug)
    plant = replace(CAUSAL, concepts=concepts(slug, "deceptive"))
    subject = PlantedSubject(plant, answers.words("answers", "up"), answers.words("answers", "down"))
    subject.up, subject.down = ([f" {word.strip()}" for word in side] for side in (subject.up, subject.down))
    output = run(subject, workdir, behaviour=slug)
    assert output.reading == Reading.CAUSAL
    assert output.headline == "Deception steering moves the answer"
    assert set(output.environment["probe_sets"]) == {slug, "neutral_text", "prompt_wrappers"}


def test_the_default_layer_lies_at_two_fifths_of_the_depth(workdir: Path) -> None:
    run(subject_for(CAUSAL), workdir)
    with safe_open(workdir / "direction.safetensors", framework="numpy") as file:
        assert file.metadata()["layer"] == "1"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"layer": 4}, "parameter layer is 4; this model has layers 0 to 3"),
        ({"coefficients": []}, "parameter coefficients is empty"),
        ({"random_directions": 38}, "parameter random_directions must be between 39 and 2000; given 38"),
        ({"behaviour": "axis_goal_misgeneralisation"}, "names no answer words"),
        ({"behaviour": "ioi"}, "probe set ioi declares no axis"),
        ({"behaviour": "honesty"}, "unknown probe set 'honesty'; known: "),
    ],
)
def test_a_setting_that_cannot_be_is_refused(params: dict[str, Any], message: str, workdir: Path) -> None:
    with pytest.raises(Refused, match=message):
        run(subject_for(CAUSAL), workdir, **params)


def test_the_card_seals_a_limit_for_every_condition_with_a_number() -> None:
    assert {row.metric for row in CARD.thresholds} == {"steering_slope", "steering_effect", "wrong_way_share", "cost_ce"}
