"""Self-repair on organisms: a stand-in is found where one was planted, and nowhere else; what is missing lowers the reading."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from assessments.contracts import Control, Reading, Refused, StepOutput, StepSpec
from assessments.methods.parts.circuit_tasks import Question, donors, make_questions, other_answers
from assessments.methods.parts.repair_measure import Plan, matched_sets, search
from assessments.methods.parts.repair_results import Results
from assessments.methods.self_repair import CARD, SelfRepair
from assessments.organisms.registry import DATA
from assessments.statistics import Interval
from assessments.subject import Subject
from gpu_tasks.runtime.loading import load_directory
from tests.assessments.methods.conftest import SUBJECT, Listener, make_spec

Runs = Callable[[str], StepOutput]


def spec(seed: int = 1) -> StepSpec:
    return make_spec(SelfRepair(), seed=seed, task="copying", prompts=32, half=12, candidates=6, random_directions=100, matched_sets=20)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    made: dict[str, StepOutput] = {}

    def once(slug: str) -> StepOutput:
        if slug not in made:
            folder = tmp_path_factory.mktemp(slug)
            made[slug] = SelfRepair().run(spec(), load_directory(DATA / slug, SUBJECT), folder, Listener())
        return made[slug]

    return once


@pytest.fixture(scope="module")
def planted() -> Subject:
    return load_directory(DATA / "redundant-planted-100-s1", SUBJECT)


def test_a_planted_stand_in_is_found_and_named(runs: Runs) -> None:
    output = runs("redundant-planted-100-s1")
    assert output.reading == Reading.CAUSAL
    assert "L1H0" in output.measurement("direct_effect").label
    assert "L2H0" in output.measurement("hidden_loss").label
    ratio = output.measurement("compensation_ratio")
    assert ratio.null_high is not None
    assert ratio.value > ratio.null_high
    parts = [output.measurement(f"repair_{name}").value for name in ("attention", "mlp", "norm")]
    assert sum(parts) == pytest.approx(output.measurement("self_repair").value, abs=1e-5)
    assert output.measurement("self_repair").value == pytest.approx(
        output.measurement("direct_effect").value - output.measurement("single_loss").value, abs=1e-9
    )
    assert output.measurement("joint_loss").value > 2 * output.measurement("single_loss").value


@pytest.mark.parametrize("slug", ["redundant-twin-000-s1", "redundant-decoy-000-s1"])
def test_without_a_stand_in_nothing_is_made_good(slug: str, runs: Runs) -> None:
    output = runs(slug)
    assert output.reading == Reading.NULL
    assert output.measurement("direct_effect").value > 1
    assert output.measurement("compensation_ratio").value < 0.2
    assert abs(output.measurement("hidden_loss").value) < 0.2


def test_backups_come_after_the_component_and_exploration_alone_chooses_them(planted: Subject) -> None:
    questions = make_questions("copying", planted, spec(), 32, 12)
    plan = Plan(candidates=6, backups=2, directions=20, sets=5, permutations=100, draws=200, seed=1)
    found = search(planted, questions.exploration, plan, lambda stage: lambda tokens: None)
    assert (found.headline, found.backups[0]) == ((1, 0), (2, 0))
    assert all(component[0] >= 1 for component in found.later)
    assert not {question.id for question in questions.exploration} & {question.id for question in questions.confirmation}
    for members in matched_sets(found, plan):
        assert len(set(members)) == 2
        assert not set(members) & {found.headline, *found.backups}


def test_a_donor_has_another_answer_and_answers_start_with_the_right_one(planted: Subject) -> None:
    questions = make_questions("copying", planted, spec(), 32, 12).every
    assert all(given.right != question.right for question, given in zip(questions, donors(questions, 1, "here"), strict=True))
    assert donors(questions, 1, "here") != donors(questions, 1, "there")
    assert [row[0] for row in other_answers(questions)] == [question.right for question in questions]
    assert {tuple(sorted(row)) for row in other_answers(questions)} == {tuple(sorted(question.right for question in questions))}
    alike: list[Question] = [replace(question, right=5) for question in questions]
    with pytest.raises(Refused, match="all questions have the same right answer"):
        donors(alike, 1, "here")


def test_copying_questions_are_answered_once_and_corrupted_ones_otherwise(planted: Subject) -> None:
    for question in make_questions("copying", planted, spec(), 32, 12).every:
        assert question.aligned
        first = question.tokens[1:13]
        assert len(set(first)) == 12
        assert question.tokens[13:] == first[:11]
        assert question.right == first[11]
        assert question.wrong == question.corrupted[12] != question.right
        assert question.corrupted[13:] == question.corrupted[1:12]


def test_a_vocabulary_too_small_for_different_tokens_is_refused(planted: Subject) -> None:
    with pytest.raises(Refused, match="lower the parameter half"):
        make_questions("copying", planted, spec(), 32, 90)


class Fixed(Results):
    """Results whose statistics are given instead of measured."""

    def __init__(self, **values: object) -> None:
        for name, value in values.items():
            vars(self)[name] = value


def fixed(**changed: object) -> Fixed:
    sound: dict[str, object] = {
        "limits": {row.metric: row.value for row in CARD.thresholds if row.value is not None},
        "noop": Control("noop_hook", 4, True, "idle"),
        "direct": Interval(3.0, 2.0, 4.0),
        "ratio": Interval(0.6, 0.5, 0.7),
        "repair": Interval(1.8, 1.5, 2.1),
        "twin_repair": Interval(0.0, -0.1, 0.1),
        "p_value": 0.01,
        "hidden": Interval(2.0, 1.5, 2.5),
        "matched_hidden": np.linspace(-0.1, 0.1, 20),
        "confirmed": type("Confirmed", (), {"permuted": np.linspace(-0.3, 0.3, 100)})(),
    }
    return Fixed(**(sound | changed))


@pytest.mark.parametrize(
    ("changed", "reading"),
    [
        ({}, Reading.CAUSAL),
        ({"noop": Control("noop_hook", 4, False, "not idle")}, Reading.INCONCLUSIVE),
        ({"direct": Interval(0.4, 0.3, 0.5)}, Reading.NULL),
        ({"direct": Interval(3.0, -0.1, 6.0)}, Reading.NULL),
        ({"ratio": Interval(0.19, 0.1, 0.3)}, Reading.NULL),
        ({"repair": Interval(1.8, -0.1, 3.0)}, Reading.INCONCLUSIVE),
        ({"p_value": 0.06}, Reading.INCONCLUSIVE),
        ({"twin_repair": Interval(1.4, 1.3, 1.6)}, Reading.INCONCLUSIVE),
        ({"confirmed": type("Confirmed", (), {"permuted": np.linspace(-3, 3, 100)})()}, Reading.INCONCLUSIVE),
        ({"hidden": Interval(0.1, 0.05, 0.15)}, Reading.OBSERVED),
        ({"hidden": Interval(2.0, -0.1, 4.0)}, Reading.OBSERVED),
        ({"matched_hidden": np.linspace(1, 3, 20)}, Reading.OBSERVED),
    ],
)
def test_each_condition_decides_the_reading(changed: dict[str, object], reading: Reading) -> None:
    assert fixed(**changed).reading == reading


@pytest.mark.parametrize(("ratios", "reading"), [(np.linspace(-0.2, 0.2, 100), Reading.CAUSAL), (np.linspace(0.1, 1.5, 100), Reading.INCONCLUSIVE)])
def test_what_random_directions_reach_decides_the_reading(ratios: np.ndarray, reading: Reading) -> None:
    found = fixed(random_ratios=ratios)
    del vars(found)["p_value"]
    assert found.reading == reading


def test_every_prompt_component_and_set_is_in_the_files(planted: Subject, workdir: Path) -> None:
    output = SelfRepair().run(spec(2), planted, workdir, Listener())
    items = pyarrow.parquet.read_table(workdir / "items.parquet").to_pylist()
    assert len(items) == output.counts["confirmation"] == 16
    mean = sum(row["self_repair"] for row in items) / len(items)
    assert mean == pytest.approx(output.measurement("self_repair").value)
    for row in items:
        assert row["repair_attention"] + row["repair_mlp"] + row["repair_norm"] == pytest.approx(row["self_repair"], abs=1e-5)
    components = pyarrow.parquet.read_table(workdir / "components.parquet").to_pylist()
    assert len(components) == 15
    assert sum(row["backup"] for row in components) == 2
    kinds = [row["kind"] for row in pyarrow.parquet.read_table(workdir / "sets.parquet").to_pylist()]
    assert kinds.count("backups") == 2
    assert kinds.count("matched") > 5


def test_name_prompts_need_their_probe_set_and_random_tokens_none() -> None:
    assert SelfRepair().probe_sets({}, lambda slug: pytest.fail(slug)) == ("ioi",)
    assert SelfRepair().probe_sets({"task": "copying"}, lambda slug: pytest.fail(slug)) == ()
