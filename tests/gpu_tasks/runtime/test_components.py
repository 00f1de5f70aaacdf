"""Ablation of components: the parts add up, the numbers are those of the plain forward pass, and a donor equal to the item changes nothing."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

from assessments.contracts import Refused, SubjectSpec
from assessments.subject import Component
from gpu_tasks.runtime.adapter import BridgeSubject
from gpu_tasks.runtime.components import final_norm
from gpu_tasks.runtime.loading import load_directory

SPEC = SubjectSpec("safetensors", "somewhere", "w" * 64, "t" * 64, "", "some model")
EVERY: list[tuple[Component, ...]] = [((layer, part),) for layer in range(2) for part in range(5)]
READS = [[7, 9], [11, 5], [20, 8]]
Load = Callable[..., BridgeSubject]


@pytest.fixture(scope="module")
def load(tiny_folder: Callable[[str], Path]) -> Load:
    return lambda family, max_batch=32: load_directory(tiny_folder(family), SPEC, max_batch=max_batch)


def nothing(tokens: int) -> None:
    """A tick nobody listens to."""


def material(subject: BridgeSubject, length: int = 24) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    return subject.random_tokens(3, length, 1), subject.random_tokens(3, length - 3, 2)


@pytest.mark.parametrize("family", ["llama", "gemma2", "gemma3", "qwen3", "gpt2"])
def test_what_later_parts_do_adds_up_to_the_difference_between_loss_and_direct_effect(family: str, load: Load) -> None:
    subject = load(family)
    items, donors = material(subject)
    found = subject.ablate_components(items, donors, EVERY, READS, nothing)
    assert np.abs(found.change + found.direct - found.attention - found.mlp - found.norm).max() < 1e-6
    assert found.direct.shape == (10, 3, 2)
    assert np.abs(found.direct).min() > 0
    # heads of one layer work side by side: after a head of the last layer comes no attention, after its MLP block nothing
    assert np.abs(found.attention[5:]).max() == 0
    assert np.abs(found.mlp[9]).max() == 0
    assert np.abs(found.mlp[:9]).min() > 0


@pytest.mark.parametrize("family", ["llama", "gemma3", "gpt2"])
def test_the_logits_are_those_of_the_model(family: str, load: Load) -> None:
    """The whole last block ablated by hand against the plain pass: logits over their mean, before and after."""
    subject = load(family)
    (item, *_), (donor, *_) = material(subject)
    engine, norm = subject.engine, final_norm(subject.engine)
    kept: dict[str, Tensor] = {}
    engine.logits(engine.ids([donor]), 1, [("blocks.1.hook_mlp_out", lambda value, hook: kept.update(mlp=value[:, -1].clone()))])

    def swap(value: Tensor, hook: object) -> Tensor:
        changed = value.clone()
        changed[:, -1] = kept["mlp"]
        return changed

    before, after = engine.logits(engine.ids([item]), 1)[0, 0], engine.logits(engine.ids([item]), 1, [("blocks.1.hook_mlp_out", swap)])[0, 0]
    expected = (after - after.mean()) - (before - before.mean())
    found = subject.ablate_components([item], [donor], [((1, 4),)], [[7, 9]], nothing)
    assert found.change[0, 0] == pytest.approx(expected[[7, 9]].cpu().numpy(), abs=1e-5)
    assert norm.norm.centred is (family == "gpt2")


def test_what_the_item_itself_computes_changes_nothing(load: Load) -> None:
    subject = load("llama")
    items, _ = material(subject)
    found = subject.ablate_components(items, items, [*EVERY, ((0, 1), (1, 4))], READS, nothing)
    assert np.abs(found.change).max() < 1e-6


def test_small_batches_and_a_shared_prefix_change_nothing(load: Load) -> None:
    whole, few = (load("qwen3", size) for size in (32, 1))
    items, donors = material(whole)
    # one row at a time leaves no prefix to share
    first, second = (subject.ablate_components(items, donors, EVERY, READS, nothing) for subject in (whole, few))
    assert first.change == pytest.approx(second.change, abs=1e-6)


def test_two_components_together_are_not_the_sum_of_both(load: Load) -> None:
    subject = load("llama")
    items, donors = material(subject)
    found = subject.ablate_components(items, donors, [((0, 1),), ((1, 2),), ((0, 1), (1, 2))], READS, nothing)
    assert np.abs(found.change[2] - found.change[0] - found.change[1]).max() > 1e-6
    assert np.abs(found.change[2] - found.change[0]).max() > 1e-3


def test_random_changes_have_the_same_size_and_the_same_direct_effect(load: Load) -> None:
    subject = load("gemma3")
    items, donors = material(subject)
    draws = np.random.default_rng(0).standard_normal((4, 64)).astype(np.float32)
    alone = subject.ablate_components(items, donors, [((0, 2),)], READS, nothing)
    random = subject.matched_random_effects(items, donors, (0, 2), draws, READS, nothing)
    assert random.direct[..., 0] == pytest.approx(np.broadcast_to(alone.direct[..., 0], (4, 3)), abs=1e-6)
    assert np.ptp(random.direct[..., 1], axis=0).min() > 1e-4
    assert np.ptp(random.change[..., 0], axis=0).min() > 1e-6


@pytest.mark.parametrize(
    ("sets", "reads", "message"),
    [
        ([((2, 0),)], READS, "layer 2 does not exist"),
        ([((0, 5),)], READS, "component 5 of layer 0 does not exist"),
        ([()], READS, "name at least one component"),
        (EVERY, READS[:2], "every item needs one donor"),
        (EVERY, [[1], [1, 2], [1]], "the same number of tokens to read"),
        (EVERY, [[1], [2], [9999]], "outside the vocabulary"),
    ],
)
def test_what_cannot_be_ablated_is_refused(sets: list[tuple[Component, ...]], reads: list[list[int]], message: str, load: Load) -> None:
    subject = load("llama")
    items, donors = material(subject)
    with pytest.raises(Refused, match=message):
        subject.ablate_components(items, donors, sets, reads, nothing)


def test_a_final_norm_of_another_kind_is_refused(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load("llama").engine
    monkeypatch.setattr(engine.bridge.ln_final.original_component, "forward", lambda x: x)
    with pytest.raises(Refused, match="a norm of this architecture is of an unknown kind"):
        final_norm(engine)
