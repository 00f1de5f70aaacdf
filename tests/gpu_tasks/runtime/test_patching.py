"""Attention read-out and activation patching against plain hooks on the plain model."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from assessments.contracts import Refused
from assessments.subject import Tick
from gpu_tasks.runtime.adapter import BridgeSubject
from tests.gpu_tasks.runtime.conftest import Loader
from tests.gpu_tasks.runtime.reference import Reference
from tests.tiny_models import FAMILIES


@pytest.mark.parametrize("family", FAMILIES)
def test_attention_to_an_offset_equals_the_models_own_weights(tiny: Loader, tiny_folder: Callable[[str], Path], family: str, tick: Tick) -> None:
    subject, reference = tiny(family), Reference(tiny_folder(family))
    items, offset, queries = subject.random_tokens(5, 24, seed=3), 4, range(10, 20)
    with torch.inference_mode():
        weights = reference.model(torch.tensor(items), output_attentions=True).attentions
    wanted = [[[float(weights[layer][row, head, q, q - offset]) for q in queries] for row in range(5) for head in range(4)] for layer in range(2)]
    np.testing.assert_allclose(
        subject.attention_to_offset(items, offset, queries, tick), np.array(wanted).reshape(2, 5, 4, len(queries)).mean(axis=(1, 3)), atol=1e-6
    )


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("max_batch", [1, 5, 32])
def test_patching_equals_replacing_one_module_output(tiny: Loader, tiny_folder: Callable[[str], Path], family: str, max_batch: int, tick: Tick) -> None:
    subject, reference = tiny(family, max_batch=max_batch), Reference(tiny_folder(family))
    clean = [*subject.random_tokens(3, 12, seed=1), *subject.random_tokens(1, 7, seed=2)]
    corrupted = [*subject.random_tokens(3, 12, seed=3), *subject.random_tokens(1, 7, seed=4)]
    targets = [(5, 9), (9, 5), (100, 200), (7, 8)]
    found = subject.patch_components(clean, corrupted, targets, tick)
    assert found.shape == (2, 2, 4)
    for layer in range(2):
        for which in range(2):
            module = reference.component(layer, which)
            for row, (good, bad, (first, second)) in enumerate(zip(clean, corrupted, targets, strict=True)):
                value = reference.output(good, module)
                logits = reference.logits(bad, [(module, lambda current, value=value: value)])[-1]
                assert found[layer, which, row] == pytest.approx(float(logits[first] - logits[second]), abs=5e-5)


def test_patching_an_item_into_itself_changes_nothing(tiny: Loader, tick: Tick) -> None:
    subject = tiny("qwen3")
    items = subject.random_tokens(2, 10, seed=0)
    found = subject.patch_components(items, items, [(5, 6), (7, 8)], tick)
    plain = subject.log_probs(items, [5, 6, 7, 8], tick)
    np.testing.assert_allclose(found, np.broadcast_to([plain[0, 0] - plain[0, 1], plain[1, 2] - plain[1, 3]], (2, 2, 2)), atol=1e-5)


def test_patching_does_not_run_the_blocks_below_again(tiny: Loader, tick: Tick) -> None:
    subject = tiny("llama")
    items = subject.random_tokens(1, 10, seed=0)
    subject.patch_components(items, items, [(5, 6)], tick)
    ran: list[int] = []
    handles = [
        block.original_component.register_forward_hook(lambda module, args, output, at=at: ran.append(at)) for at, block in enumerate(subject.engine.blocks)
    ]
    subject.patch_components(items, items, [(5, 6)], tick)
    for handle in handles:
        handle.remove()
    assert ran.count(0) == 3, "clean, corrupted, and the patch of layer 0"
    assert ran.count(1) == 4


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s, t: s.attention_to_offset([], 1, range(2, 3), t), "at least one item"),
        (lambda s, t: s.attention_to_offset([(1, 2, 3), (1, 2)], 1, range(1, 2), t), "one length"),
        (lambda s, t: s.attention_to_offset([(1, 2, 3)], 2, range(1, 3), t), "do not fit"),
        (lambda s, t: s.attention_to_offset([(1, 2, 3)], 1, range(1, 4), t), "do not fit"),
        (lambda s, t: s.attention_to_offset([(1, 2, 3)], 1, range(0), t), "do not fit"),
        (lambda s, t: s.patch_components([(1, 2)], [(1, 2, 3)], [(1, 2)], t), "as many tokens"),
        (lambda s, t: s.patch_components([(1, 2)], [], [(1, 2)], t), "as many tokens"),
        (lambda s, t: s.patch_components([(1, 2)], [(1, 3)], [], t), "one pair per item"),
        (lambda s, t: s.patch_components([(1, 2)], [(1, 3)], [(1, 999)], t), "outside the vocabulary"),
    ],
)
def test_what_does_not_fit_is_refused(tiny: Loader, tick: Tick, call: Callable[[BridgeSubject, Tick], object], words: str) -> None:
    with pytest.raises(Refused, match=words):
        call(tiny("llama"), tick)


def test_patching_can_be_stopped_at_every_layer(tiny: Loader) -> None:
    class Stopped(Exception):
        pass

    calls: list[int] = []

    def tick(tokens: int) -> None:
        calls.append(tokens)
        if len(calls) == 2:
            raise Stopped

    item = tuple(range(5, 13))
    with pytest.raises(Stopped):
        tiny("llama").patch_components([item], [item], [(5, 6)], tick)
    assert calls == [2 * len(item)] * 2, "one call per layer, both components at once"
