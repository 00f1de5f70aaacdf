"""Where resuming from a cached residual would be wrong, it is not done."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from assessments.contracts import Refused, SubjectSpec
from assessments.subject import Edit, Tick
from gpu_tasks.runtime.adapter import BridgeSubject
from gpu_tasks.runtime.loading import load_directory


@pytest.fixture
def subject(tiny_folder: Callable[[str], Path]) -> BridgeSubject:
    """A model of its own, to be tampered with."""
    return load_directory(tiny_folder("llama"), SubjectSpec("safetensors", "x", "", "", "", "x"))


def carry_embedding_past_the_residual(subject: BridgeSubject) -> None:
    """Makes the last block read what the first block was given, as architectures with shared keys or skip connections do."""
    first, last = subject.engine.blocks[0].original_component, subject.engine.blocks[1].original_component
    first_forward, last_forward, seen = first.forward, last.forward, list[torch.Tensor]()

    def note(hidden: torch.Tensor, **kwargs: Any) -> Any:
        seen[:] = [hidden]
        return first_forward(hidden, **kwargs)

    def read(hidden: torch.Tensor, **kwargs: Any) -> Any:
        return last_forward(hidden, **kwargs) + (seen[0] * 5 if seen else 0)

    first.forward, last.forward = note, read
    subject.engine.bridge.original_model.register_forward_pre_hook(lambda module, args: seen.clear())


def test_resuming_is_verified_and_replaced_by_full_passes_when_it_differs(subject: BridgeSubject, tick: Tick) -> None:
    carry_embedding_past_the_residual(subject)
    items, step = subject.random_tokens(3, 9, seed=0), np.ones((1, 64), np.float32)
    found = subject.steered_log_probs(items, 0, step, [5, 6], tick)
    np.testing.assert_allclose(found[0], subject.log_probs(items, [5, 6], tick, Edit("add", 0, step[0])), atol=1e-5)
    assert subject.happened()["not_resumable_layers"] == [0]


def test_resuming_is_verified_once_and_reported(subject: BridgeSubject, tick: Tick) -> None:
    assert subject.happened()["resumed_layers"] == []
    subject.steered_log_probs(subject.random_tokens(1, 9, seed=0), 0, np.ones((1, 64), np.float32), [5], tick)
    assert subject.happened()["resumed_layers"] == [0]


def test_blocks_that_return_more_than_the_residual_are_run_in_full(subject: BridgeSubject, tick: Tick) -> None:
    subject.engine.output_form = "other"
    items, step = subject.random_tokens(2, 9, seed=0), np.ones((1, 64), np.float32)
    found = subject.steered_log_probs(items, 0, step, [5, 6], tick)
    np.testing.assert_allclose(found[0], subject.log_probs(items, [5, 6], tick, Edit("add", 0, step[0])), atol=1e-5)
    patched = subject.patch_components(items, items, [(5, 6)] * 2, tick)
    assert np.isfinite(patched).all()
    assert subject.happened()["resumed_layers"] == []


def test_missing_hook_point_is_refused_instead_of_silently_doing_nothing(subject: BridgeSubject, tick: Tick) -> None:
    engine = copy.copy(subject.engine)
    engine.points = {name: point for name, point in engine.points.items() if name != "blocks.1.attn.hook_pattern"}
    subject._boot = replace(subject._boot, engine=lambda: engine)
    with pytest.raises(Refused, match=r"blocks\.1\.attn\.hook_pattern"):
        subject.attention_to_offset(subject.random_tokens(1, 9, seed=0), 1, range(2, 5), tick)


def test_nested_hooks_leave_one_by_one(subject: BridgeSubject) -> None:
    engine, seen = subject.engine, list[str]()
    ids = engine.ids(subject.random_tokens(1, 4, seed=0))
    name = "blocks.0.hook_resid_post"
    with engine.hooked([(name, lambda value, hook: seen.append("outer"))]):
        with engine.hooked([(name, lambda value, hook: seen.append("inner"))]):
            engine.forward(ids, [])
        engine.forward(ids, [])
    engine.forward(ids, [])
    assert seen == ["outer", "inner", "outer"]
    assert not engine.points[name].fwd_hooks
