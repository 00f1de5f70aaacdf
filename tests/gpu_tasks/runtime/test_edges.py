"""Edges: all clean is the plain pass, all corrupted the corrupted one, a removed edge removes what its score says, on every family."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assessments.contracts import Refused, SubjectSpec
from gpu_tasks.runtime.adapter import BridgeSubject
from gpu_tasks.runtime.edges import layout
from gpu_tasks.runtime.loading import load_directory

SPEC = SubjectSpec("safetensors", "somewhere", "w" * 64, "t" * 64, "", "some model")
TARGETS = [(7, 9), (11, 5), (20, 8)]
Load = Callable[..., BridgeSubject]
Pairs = tuple[list[tuple[int, ...]], list[tuple[int, ...]]]


@pytest.fixture(scope="module")
def load(tiny_folder: Callable[[str], Path]) -> Load:
    return lambda family, max_batch=32: load_directory(tiny_folder(family), SPEC, max_batch=max_batch)


def nothing(tokens: int) -> None:
    """A tick nobody listens to."""


def pairs(subject: BridgeSubject) -> Pairs:
    return subject.random_tokens(3, 15, 1), subject.random_tokens(3, 15, 2)


def plain(subject: BridgeSubject, items: list[tuple[int, ...]]) -> np.ndarray:
    found = [subject.log_probs([item], list(pair), nothing)[0] for item, pair in zip(items, TARGETS, strict=True)]
    return np.array([row[0] - row[1] for row in found])


@pytest.mark.parametrize("family", ["llama", "gemma2", "gemma3", "qwen3", "gpt2"])
def test_all_edges_clean_or_all_corrupted_give_the_plain_passes(family: str, load: Load) -> None:
    subject = load(family)
    clean, corrupted = pairs(subject)
    possible = subject.edge_layout().possible
    found = subject.patched_circuits(clean, corrupted, TARGETS, np.stack([possible, np.zeros_like(possible)]), nothing)
    assert found[0] == pytest.approx(plain(subject, clean), abs=1e-5)
    assert found[1] == pytest.approx(plain(subject, corrupted), abs=1e-5)
    assert np.abs(found[0] - found[1]).min() > 1e-3


@pytest.mark.parametrize(("family", "least"), [("llama", 0.9), ("qwen3", 0.5), ("gpt2", 0.95)])
def test_scores_follow_what_removing_an_edge_does(family: str, least: float, load: Load) -> None:
    subject = load(family)
    clean, corrupted = pairs(subject)
    possible = subject.edge_layout().possible
    scores = subject.edge_scores(clean, corrupted, TARGETS, 5, nothing)
    assert np.abs(scores[:, ~possible]).max() == 0
    chosen = np.random.default_rng(0).permutation(np.argwhere(possible))[:30]
    without = np.repeat(possible[None], len(chosen), axis=0)
    without[np.arange(len(chosen)), chosen[:, 0], chosen[:, 1]] = False
    lost = plain(subject, clean)[None] - subject.patched_circuits(clean, corrupted, TARGETS, without, nothing)
    expected = scores[:, chosen[:, 0], chosen[:, 1]].T
    assert np.corrcoef(lost.ravel(), expected.ravel())[0, 1] > least
    # edges into the logits pass nothing but the final norm, so their scores come close to the whole difference
    assert scores[:, :, -1].sum(axis=1) == pytest.approx(plain(subject, clean) - plain(subject, corrupted), rel=0.6, abs=0.05)


def test_small_batches_change_nothing(load: Load) -> None:
    whole, few = (load("qwen3", size) for size in (32, 1))
    clean, corrupted = pairs(whole)
    first, second = (subject.edge_scores(clean, corrupted, TARGETS, 2, nothing) for subject in (whole, few))
    assert first == pytest.approx(second, abs=1e-5)


def test_edges_run_from_earlier_to_later_and_carry_the_names_of_circuit_graphs(load: Load) -> None:
    found = load("llama").edge_layout()
    edges = {f"{found.sources[s]}->{found.destinations[d]}" for s, d in np.argwhere(found.possible)}
    assert {"input->a0.h0<q>", "a0.h3->m0", "m0->a1.h0<k>", "a1.h3->m1", "m1->logits", "input->logits"} <= edges
    assert not {"a0.h0->a0.h1<q>", "m0->a0.h0<q>", "m1->m0", "m0->m0"} & edges
    # two key heads for four heads: named after the first head that shares them
    assert {name for name in found.destinations if "<v>" in name} == {f"a{layer}.h{head}<v>" for layer in (0, 1) for head in (0, 2)}
    assert layout(3, 4, 4).possible.shape == (16, 40)
    assert len(edges) == 82


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"targets": TARGETS[:2]}, "give one pair per item"),
        ({"targets": [(7, 9999), (1, 2), (3, 4)]}, "outside the vocabulary"),
        ({"corrupted": [(1, 2), (3, 4), (5, 6)]}, "exactly as many tokens"),
        ({"kept": np.ones((1, 3, 3), dtype=bool)}, "circuits of shape"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, object], message: str, load: Load) -> None:
    subject = load("llama")
    clean, corrupted = pairs(subject)
    given: dict[str, Any] = {"clean": clean, "corrupted": corrupted, "targets": TARGETS, "kept": subject.edge_layout().possible[None]} | change
    with pytest.raises(Refused, match=message):
        subject.patched_circuits(**given, tick=nothing)
