"""Circuit stability: a circuit written by hand is recovered edge by edge, noise is not taken for one, comparisons count what was missed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

from assessments import probes
from assessments.contracts import Control, Reading, Refused, StepOutput
from assessments.methods.circuit_stability import CARD, CircuitStability
from assessments.methods.parts.circuit_tasks import make_questions
from assessments.methods.parts.stability_circuits import (
    SHARES,
    benign_shifts,
    circuit,
    compare,
    jaccard,
    paired_shifts,
    rank_biased_overlap,
    top_edges,
    trapezoid,
)
from assessments.methods.parts.stability_measure import Ends, Lab
from assessments.methods.parts.stability_results import Results
from assessments.methods.parts.stability_wrappers import Wrapper, wrapped, wrappers
from assessments.organisms.registry import DATA, organism
from assessments.statistics import Interval, auroc
from assessments.subject import Subject
from gpu_tasks.runtime.loading import load_directory
from tests.assessments.methods.conftest import SUBJECT, Listener, make_spec

COPYING: Mapping[str, Any] = {"task": "copying", "prompts": 32, "half": 12, "steps": 5, "verified": 30, "depth": 10, "wrappers": [], "random_circuits": 100}


@dataclass(frozen=True)
class Run:
    """An output with the folder of its files."""

    output: StepOutput
    folder: Path


Runs = Callable[[str], Run]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    made: dict[str, Run] = {}

    def once(slug: str) -> Run:
        if slug not in made:
            folder = tmp_path_factory.mktemp(slug)
            spec = make_spec(CircuitStability(), seed=1, **COPYING)
            made[slug] = Run(CircuitStability().run(spec, load_directory(DATA / slug, SUBJECT), folder, Listener()), folder)
        return made[slug]

    return once


def edges(run: Run) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pyarrow.parquet.read_table(run.folder / "edges.parquet").to_pylist()
    return rows


@pytest.mark.parametrize("slug", ["wired-planted-100-s1", "wired-planted-060-s2"])
def test_a_circuit_written_by_hand_is_recovered(slug: str, runs: Runs) -> None:
    run, truth = runs(slug), set(organism(slug).truth["edges"])
    rows = edges(run)
    known = [row["edge"] in truth for row in rows]
    assert sum(known) == 5
    assert run.output.reading == Reading.CAUSAL
    assert float(auroc([abs(row["score"]) for row in rows], known)) >= 0.9
    faithful = run.output.measurement("faithfulness")
    assert faithful.value > 0.9
    assert faithful.null_high is not None
    assert faithful.null_high < 0.5
    assert run.output.measurement("benign_false_alarms").value <= 0.15
    assert all(row["edge"] in truth for row in rows if row["in_circuit"])


@pytest.mark.parametrize("slug", ["wired-twin-000-s1", "wired-decoy-000-s1"])
def test_noise_and_fixed_successors_are_no_circuit_for_copying(slug: str, runs: Runs) -> None:
    output = runs(slug).output
    assert output.reading == Reading.NULL
    assert output.headline == "No small circuit was found"


def test_removal_corrects_what_the_gradient_misses(runs: Runs) -> None:
    """The first layer's head is all but invisible to the gradient, since attention is saturated; patching sees it."""
    row = {row["edge"]: row for row in edges(runs("wired-planted-100-s1"))}["a0.h0->a1.h1<k>"]
    assert abs(row["attributed"]) < 0.2 * abs(row["score"])
    assert row["removal_effect"] == pytest.approx(row["score"])


def test_the_graph_is_that_of_the_table(runs: Runs) -> None:
    run = runs("wired-planted-100-s1")
    graph = json.loads((run.folder / "circuit.json").read_text())
    assert graph["cfg"] == {"n_layers": 2, "n_heads": 4, "parallel_attn_mlp": False, "d_model": 128}
    assert {name: entry["in_graph"] for name, entry in graph["edges"].items()} == {row["edge"]: row["in_circuit"] for row in edges(run)}
    assert graph["nodes"]["a1.h1"] == {"in_graph": True}
    assert graph["nodes"]["m0"] == {"in_graph": False}


def test_an_edge_the_circuit_lacks_is_missed_and_never_a_hit() -> None:
    found, known = np.array([True, True, False, False, False]), np.array([True, False, True, True, False])
    counted = compare(found, known)
    assert (counted.hits, counted.false, counted.missed, counted.rejected) == (1, 1, 2, 1)
    assert counted.precision == 0.5
    assert counted.recall == pytest.approx(1 / 3)
    assert compare(np.zeros(3, dtype=bool), np.ones(3, dtype=bool)).precision == 0


def test_the_strongest_edges_come_first_whatever_their_sign() -> None:
    scores = np.array([0.1, -3.0, 2.0, 0.0, 2.0])
    assert top_edges(scores, 3).tolist() == [1, 2, 4]
    assert top_edges(np.stack([scores, -scores[::-1]]), 2).tolist() == [[1, 2], [3, 0]]
    assert circuit(scores, 0.4).tolist() == [False, True, True, False, False]
    assert circuit(scores, 0.001).sum() == 1


def test_overlap_of_rankings() -> None:
    one = np.arange(10)
    assert rank_biased_overlap(one, one) == pytest.approx(1.0)
    assert rank_biased_overlap(one, one + 10) == 0.0
    swapped_top, swapped_end = one[[1, 0, *range(2, 10)]], one[[*range(8), 9, 8]]
    assert rank_biased_overlap(one, swapped_top) < rank_biased_overlap(one, swapped_end) < 1
    # depth 2: agreement 0 at rank 1, 1 at rank 2
    assert rank_biased_overlap(np.array([0, 1]), np.array([1, 0]), 0.5) == pytest.approx(0.5 / 1.5)
    assert jaccard([1, 2, 3], [2, 3, 4]) == 0.5


def test_areas_under_the_curve() -> None:
    assert trapezoid([1.0] * len(SHARES)) == pytest.approx(0.999)
    assert trapezoid([0.0] * 9 + [1.0]) == pytest.approx(0.25)


def test_a_change_of_some_edges_stands_out_and_equal_circuits_do_not() -> None:
    chance = np.random.default_rng(0)
    base = np.exp(-np.arange(60) / 6.0)
    clean, alike = (base + 0.05 * chance.standard_normal((16, 60)) for _ in range(2))
    moved = alike + 2 * np.roll(base, 20)
    seen, null = paired_shifts(clean, moved, 10, 200, np.random.default_rng(1))
    assert seen > np.quantile(null, 0.95)
    rejected = 0
    for seed in range(20):
        fresh = base + 0.05 * chance.standard_normal((16, 60))
        seen, null = paired_shifts(clean, fresh, 10, 100, np.random.default_rng(seed))
        rejected += int(seen > np.quantile(null, 0.95))
    assert rejected <= 5
    assert benign_shifts(clean, 10, 30, np.random.default_rng(2)).max() < paired_shifts(clean, moved, 10, 50, np.random.default_rng(1))[0]


def test_wrappers_leave_the_answer_alone_and_fall_alike_on_both_versions(tiny_model: Callable[..., Subject]) -> None:
    subject, source = tiny_model("qwen3"), probes.probe_set("pressure_wrappers")
    questions = make_questions("ioi", subject, make_spec(CircuitStability()), 24, 12).every
    for wrapper in wrappers(source, "ioi", ()):
        for question, changed in zip(questions, wrapped(subject, questions, wrapper, 1), strict=True):
            if changed is not None:
                assert changed.aligned
                assert changed.text != question.text
                assert changed.text.split()[-1] == question.text.split()[-1]
                assert (changed.right, changed.wrong, changed.family) == (question.right, question.wrong, question.family)
    assert Wrapper("t", "t", swap=(("the", "teh"),)).text("then the other") == "then teh other"
    with pytest.raises(Refused, match="unknown wrapper shouting; for the task ioi there are paraphrase"):
        wrappers(source, "ioi", ["shouting"])


def test_random_tokens_are_put_between_the_start_and_the_question(tiny_model: Callable[..., Subject]) -> None:
    subject = tiny_model("qwen3")
    questions = make_questions("copying", subject, make_spec(CircuitStability()), 16, 8).every
    wrapper = next(w for w in wrappers(probes.probe_set("pressure_wrappers"), "copying", ["padding"]))
    for question, changed in zip(questions, wrapped(subject, questions, wrapper, 1), strict=True):
        assert changed is not None
        start = len(question.tokens) - 15
        assert changed.tokens[:start] == question.tokens[:start]
        assert changed.tokens[start + 24 :] == question.tokens[start:]
        assert changed.tokens[start : start + 24] == changed.corrupted[start : start + 24]


def test_patching_by_edge_list_takes_exactly_the_edges_named() -> None:
    subject = load_directory(DATA / "wired-planted-100-s1", SUBJECT)
    lab = Lab(subject)
    questions = make_questions("copying", subject, make_spec(CircuitStability(), **COPYING), 16, 12).exploration
    names = [f"{lab.layout.sources[s]}->{lab.layout.destinations[d]}" for s, d in zip(lab.sources, lab.destinations, strict=True)]
    truth = np.isin(names, organism("wired-planted-100-s1").truth["edges"])
    ends = lab.ends(questions, lambda tokens: None)
    inside, outside = lab.patched(questions, [truth, ~truth], lambda tokens: None).mean(axis=1)
    assert ends.gap < 1e-4
    assert inside == pytest.approx(ends.clean.mean(), abs=0.5)
    assert outside < 0.2 * ends.clean.mean()


class Fixed(Results):
    """Results whose statistics are given instead of measured."""

    def __init__(self, **values: object) -> None:
        for name, value in values.items():
            vars(self)[name] = value


def fixed(share: float = 0.05, gap: float = 0.0, **changed: object) -> Fixed:
    ends = Ends(np.ones(4), np.zeros(4), gap)
    sound: dict[str, object] = {
        "limits": {row.metric: row.value for row in CARD.thresholds if row.value is not None},
        "noop": Control("noop_hook", 4, True, "idle"),
        "m": type("Measured", (), {"ends": ends, "share": share})(),
        "behaviour": Interval(3.0, 2.0, 4.0),
        "twin_behaviour": Interval(0.0, -0.1, 0.1),
        "faithfulness": Interval(0.9, 0.8, 1.0),
        "random_p": 0.01,
    }
    return Fixed(**(sound | changed))


@pytest.mark.parametrize(
    ("changed", "reading"),
    [
        ({}, Reading.CAUSAL),
        ({"noop": Control("noop_hook", 4, False, "not idle")}, Reading.INCONCLUSIVE),
        ({"gap": 0.01}, Reading.INCONCLUSIVE),
        ({"behaviour": Interval(0.9, 0.8, 1.0)}, Reading.NULL),
        ({"behaviour": Interval(3.0, -0.1, 6.0)}, Reading.NULL),
        ({"share": 1.0}, Reading.NULL),
        ({"faithfulness": Interval(0.6, 0.5, 0.7)}, Reading.INCONCLUSIVE),
        ({"random_p": 0.06}, Reading.INCONCLUSIVE),
        ({"twin_behaviour": Interval(2.4, 2.3, 2.5)}, Reading.INCONCLUSIVE),
    ],
)
def test_each_condition_decides_the_reading(changed: dict[str, Any], reading: Reading) -> None:
    assert fixed(**changed).reading == reading
