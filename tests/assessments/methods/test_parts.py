"""The small pieces: meter, files, standard controls, prompts and read-outs."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from safetensors import safe_open

from assessments import probes
from assessments.contracts import Cancelled, Refused, Threshold
from assessments.methods.known_circuits import CARD
from assessments.methods.parts import ioi
from assessments.methods.parts.behaviours import BEHAVIOURS, prepare, spread
from assessments.methods.parts.controls import noop_control, random_directions, restart_control, sealed_limits
from assessments.methods.parts.induction import copy_losses, induction_scores, make_repeated, top_head
from assessments.methods.parts.meter import Meter
from assessments.methods.parts.outputs import finite, measurement, rounded, write_direction, write_table
from assessments.probes import Item
from assessments.registry import METHODS
from assessments.statistics import Interval
from assessments.subject import Floats, Tick, Tokens
from tests.assessments.methods.conftest import Listener, make_spec
from tests.assessments.methods.planted import Plant, PlantedSubject


def quiet(tokens: int) -> None:
    """Listens to nothing."""


def test_meter_moves_within_the_share_of_its_stage() -> None:
    listener = Listener()
    meter = Meter(listener, {"first": 1, "second": 3})
    tick = meter.stage("first", 10)
    tick(5)
    tick(50)
    tick = meter.stage("second", 4)
    tick(2)
    assert listener.reports == [(0.0, "first", 0), (0.125, "first", 5), (0.25, "first", 50), (0.25, "second", 0), (0.625, "second", 2)]
    assert meter.tokens == 57


def test_meter_lets_a_cancel_through() -> None:
    meter = Meter(Listener(stop=2), {"only": 1})
    tick = meter.stage("only", 10)
    with pytest.raises(Cancelled):
        tick(1)


def test_a_table_comes_back_as_it_was_and_has_the_same_bytes_every_time(tmp_path: Path) -> None:
    rows = [{"id": "a", "value": 1.5, "scored": True, "pair": None}, {"id": "b", "value": None, "scored": False, "pair": "p"}]
    file = write_table(tmp_path, "items", rows, "Items")
    first = (tmp_path / file.path).read_bytes()
    assert pyarrow.parquet.read_table(tmp_path / file.path).to_pylist() == rows
    write_table(tmp_path, "items", rows, "Items")
    assert (tmp_path / file.path).read_bytes() == first


def test_a_direction_is_readable_by_the_safetensors_library_and_repeats_byte_for_byte(tmp_path: Path) -> None:
    vector, metadata = np.linspace(-1, 1, 7), {"hook": "blocks.3.hook_resid_post", "note": "größer", "a": "1"}
    file = write_direction(tmp_path, "direction", vector, metadata, "Direction")
    first = (tmp_path / file.path).read_bytes()
    with safe_open(tmp_path / file.path, framework="numpy") as found:
        assert found.metadata() == metadata
        assert found.get_tensor("direction") == pytest.approx(vector.astype(np.float32))
        assert found.get_tensor("direction").dtype == np.float32
    write_direction(tmp_path, "direction", vector, dict(reversed(metadata.items())), "Direction")
    assert (tmp_path / file.path).read_bytes() == first


def test_a_measurement_holds_plain_numbers() -> None:
    row = measurement("m", "M", Interval(np.float32(0.5), np.float64(0.25), 0.75), 3, "f/1", null_low=np.float32(0.0), null_high=None, p_value=0.5, role="cost")
    assert (row.value, row.low, row.high, row.null_low, row.null_high, row.p_value) == (0.5, 0.25, 0.75, 0.0, None, 0.5)
    assert all(type(value) is float for value in (row.value, row.low, row.null_low))
    assert row.role == "cost"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float32("nan")])
def test_a_number_that_is_not_finite_is_never_reported(value: float) -> None:
    with pytest.raises(Refused, match="slope came out as"):
        finite("slope", value)
    with pytest.raises(Refused, match="m came out as"):
        measurement("m", "M", Interval(0.0, value, 1.0), 3, "f/1")


def test_rounded_numbers_are_json() -> None:
    assert json.dumps(rounded(np.array([0.123456789, 2.0], dtype=np.float32), 3)) == "[0.123, 2.0]"


def test_noop_control_passes_only_when_every_number_is_identical() -> None:
    for idle, passed in ((0.0, True), (1e-6, False)):
        subject = PlantedSubject(Plant(idle=idle))
        control = noop_control(subject, [subject.encode("one two"), subject.encode("three")], quiet)
        assert (control.passed, control.n) == (passed, 2)


def test_restart_control_allows_rounding_and_nothing_more() -> None:
    for gap, passed in ((0.0, True), (0.0005, True), (0.01, False)):
        subject = PlantedSubject(Plant(restart=gap))
        assert restart_control(subject, [subject.encode("one two")], 1, quiet).passed is passed


def test_random_directions_have_length_one_and_no_preferred_side() -> None:
    found = random_directions(400, 64, seed=3)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(400))
    assert np.abs(found.mean(axis=0)).max() < 0.03
    assert (random_directions(400, 64, seed=3) == found).all()
    assert not (random_directions(400, 64, seed=4) == found).any()


def test_sealed_limits_prefer_the_plan_to_the_card() -> None:
    spec = make_spec(METHODS[0], thresholds=(Threshold("ioi_accuracy", ">=", 0.75), Threshold("ioi_logit_diff", "beyond_null")))
    assert sealed_limits(CARD, spec) == {"ioi_logit_diff": 0.5, "ioi_accuracy": 0.75, "induction_loss_drop": 0.5}


def test_prompts_use_every_wording_in_both_orders() -> None:
    prompts = ioi.make_prompts(probes.probe_set("ioi"), 48, seed=1)
    assert len({prompt.text for prompt in prompts}) == 48
    families = [prompt.family for prompt in prompts]
    assert {families.count(family) for family in set(families)} == {8}
    assert len(set(families)) == 6
    first = [prompt.text.index(prompt.right) < prompt.text.index(prompt.wrong) for prompt in prompts]
    assert sum(first) == 24


def test_the_corrupted_prompt_differs_in_the_repeated_name_only() -> None:
    for prompt in ioi.make_prompts(probes.probe_set("ioi"), 30, seed=2):
        words, corrupted = prompt.text.split(), prompt.corrupted.split()
        changed = [(a, b) for a, b in zip(words, corrupted, strict=True) if a != b]
        assert len(changed) == 1
        assert changed[0][0].strip(",") == prompt.wrong
        assert changed[0][1].strip(",") not in {prompt.right, prompt.wrong}
        assert words.count(prompt.right) + words.count(f"{prompt.right},") == 1
        assert "{" not in prompt.text


def test_more_prompts_than_the_set_can_make_are_refused() -> None:
    small, template = probes.probe_set("ioi"), "{A} and {B} at the {place}: {B} gave a {object} to"
    object.__setattr__(small, "extra", {"templates": [template], "names": ["Ann", "Bob", "Cid"], "places": ["park"], "objects": ["book"]})
    with pytest.raises(Refused, match="yields only 6 distinct prompts"):
        ioi.make_prompts(small, 20, seed=0)


def test_a_template_without_its_names_is_refused() -> None:
    broken = probes.probe_set("ioi")
    object.__setattr__(broken, "extra", {**broken.extra, "templates": ["{A} met {B} and went to"]})
    with pytest.raises(Refused, match="template 1: a template names"):
        ioi.make_prompts(broken, 5, seed=0)


class SharedFirstTokens(PlantedSubject):
    """A tokenizer whose names beginning with the same letter share their first token."""

    def encode(self, text: str, *, prefix: bool = True) -> tuple[int, ...]:
        return super().encode(" ".join(f"{word[0]} {word[1:]}" if word[0].isupper() else word for word in text.split(" ")), prefix=prefix)


def test_names_that_start_alike_stay_unscored() -> None:
    prompts = ioi.make_prompts(probes.probe_set("ioi"), 60, seed=3)
    scored = ioi.score_prompts(SharedFirstTokens(Plant()), prompts)
    alike = [prompt for prompt in prompts if prompt.right[0] == prompt.wrong[0]]
    assert alike
    assert len(scored) == 60 - len(alike)
    assert all(row.targets[0] != row.targets[1] for row in scored)


def test_logit_differences_are_those_of_each_prompts_own_names() -> None:
    subject = PlantedSubject(Plant(names=3.0))
    scored = ioi.score_prompts(subject, ioi.make_prompts(probes.probe_set("ioi"), 20, seed=4))
    ahead = ioi.logit_differences(subject, [row.tokens for row in scored], [row.targets for row in scored], quiet)
    swapped = ioi.logit_differences(subject, [row.tokens for row in scored], [row.targets[::-1] for row in scored], quiet)
    assert ahead.mean() == pytest.approx(3.0, abs=0.2)
    assert swapped == pytest.approx(-ahead)


def test_the_first_token_of_the_repetition_counts_in_neither_copy() -> None:
    subject = PlantedSubject(Plant())
    repeated = make_repeated(subject, 3, 10, seed=0)
    assert repeated.items[0][1:11] == repeated.items[0][11:]
    assert repeated.start == 11
    subject.cross_entropy = lambda items, tick, edit=None: [np.arange(1.0, len(item)) for item in items]  # type: ignore[method-assign]
    losses = copy_losses(subject, repeated, quiet)
    # the loss of the token at position p is p: first copy at 1..10, second at 12..20
    assert losses.first == pytest.approx(np.full(3, np.mean(range(1, 11))))
    assert losses.second == pytest.approx(np.full(3, np.mean(range(12, 21))))


def test_induction_is_read_one_place_after_the_earlier_copy() -> None:
    asked: list[tuple[int, range]] = []
    subject = PlantedSubject(Plant(copying=1.0))
    original = subject.attention_to_offset

    def listen(items: Sequence[Tokens], offset: int, queries: range, tick: Tick) -> Floats:
        asked.append((offset, queries))
        return original(items, offset, queries, tick)

    subject.attention_to_offset = listen  # type: ignore[method-assign]
    scores = induction_scores(subject, make_repeated(subject, 2, 10, seed=0), quiet)
    assert asked == [(9, range(11, 21))]
    assert top_head(scores) == (2, 1)


def items(families: int, labels: tuple[str, ...], each: int) -> list[Item]:
    return [Item(f"{f}-{label}-{n}", f"family-{f}", label, f"{f} {label} {n}") for f in range(families) for label in labels for n in range(each)]


def test_spread_takes_families_and_labels_in_turn() -> None:
    chosen = spread(items(4, ("a", "b"), 3), 8)
    assert [item.family for item in chosen] == [f"family-{index}" for index in (0, 1, 2, 3)] * 2
    assert [item.label for item in chosen].count("a") == 4
    assert len(spread(items(2, ("a",), 2), 99)) == 4
    assert len({item.id for item in spread(items(3, ("a", "b"), 2), 12)}) == 12


def words_of(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    behaviour = BEHAVIOURS[name]
    answers = probes.probe_set(behaviour.answer_set)
    return answers.words(*behaviour.up_words), answers.words(*behaviour.down_words)


@pytest.mark.parametrize("name", ["sentiment", "refusal"])
def test_material_shares_no_family_between_exploration_and_confirmation(name: str) -> None:
    subject = PlantedSubject(Plant())
    material = prepare(BEHAVIOURS[name], subject, make_spec(METHODS[2], behaviour=name).probe_sets, 7, None)
    for explore, confirm in (
        (material.design.exploration, material.design.confirmation),
        (material.explore.items, material.confirm.items),
        (material.cost.exploration, material.cost.confirmation),
    ):
        assert not {item.family for item in explore} & {item.family for item in confirm}
    assert len(material.confirm.items) == BEHAVIOURS[name].items
    assert not set(material.up) & set(material.down)


def test_the_score_is_the_log_of_the_summed_probabilities() -> None:
    subject = PlantedSubject(Plant(), *words_of("sentiment"))
    material = prepare(BEHAVIOURS["sentiment"], subject, make_spec(METHODS[2]).probe_sets, 7, 8)
    probabilities = np.full(len(material.token_ids), 0.01)
    probabilities[: len(material.up)] = 0.03
    assert material.score(np.log(probabilities)) == pytest.approx(np.log(0.03 * len(material.up)) - np.log(0.01 * len(material.down)))


def test_answers_that_start_alike_on_both_sides_are_counted_and_left_out() -> None:
    subject = PlantedSubject(Plant())
    word = subject._word
    subject._word = lambda piece: word(" good") if piece == " bad" else word(piece)  # type: ignore[method-assign]
    material = prepare(BEHAVIOURS["sentiment"], subject, make_spec(METHODS[2]).probe_sets, 7, 8)
    assert material.unscored_answers == 2
    assert word(" good") not in material.token_ids


def test_answers_that_all_start_alike_are_refused() -> None:
    subject = PlantedSubject(Plant())
    word, every = subject._word, {answer.strip() for side in words_of("sentiment") for answer in side}
    subject._word = lambda piece: word(" same") if piece.strip() in every else word(piece)  # type: ignore[method-assign]
    with pytest.raises(Refused, match="answers of one side of sentiment start like those of the other"):
        prepare(BEHAVIOURS["sentiment"], subject, make_spec(METHODS[2]).probe_sets, 7, 8)
