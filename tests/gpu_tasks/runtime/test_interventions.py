"""Skipping blocks leaves no trace, whatever form a block returns."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gpu_tasks.runtime.interventions import keep, missing_hooks, replaced, resumed


class Block(nn.Module):
    """Adds one; returns a tensor or a tuple of one."""

    def __init__(self, as_tuple: bool) -> None:
        super().__init__()
        self.as_tuple, self.calls = as_tuple, 0

    def forward(self, hidden_states: Tensor, mask: Any = None) -> Any:
        self.calls += 1
        return (hidden_states + 1,) if self.as_tuple else hidden_states + 1


def run(blocks: list[Block], value: Tensor, by_keyword: bool) -> Tensor:
    for block in blocks:
        out = block(hidden_states=value, mask=None) if by_keyword else block(value, None)
        value = out[0] if isinstance(out, tuple) else out
    return value


@pytest.mark.parametrize("as_tuple", [True, False])
@pytest.mark.parametrize("by_keyword", [True, False])
def test_blocks_up_to_the_layer_are_skipped_and_come_back(as_tuple: bool, by_keyword: bool) -> None:
    blocks = [Block(as_tuple) for _ in range(4)]
    with resumed(blocks, 1, torch.tensor([10.0]), as_tuple):
        assert run(blocks, torch.tensor([0.0]), by_keyword).item() == 12
    assert [block.calls for block in blocks] == [0, 0, 1, 1]
    assert run(blocks, torch.tensor([0.0]), by_keyword).item() == 4


def test_blocks_come_back_after_an_error() -> None:
    blocks = [Block(False) for _ in range(2)]
    with pytest.raises(RuntimeError), resumed(blocks, 1, torch.zeros(1), False):
        raise RuntimeError
    assert run(blocks, torch.zeros(1), False).item() == 2


def test_kept_activation_is_a_copy_and_may_be_the_last_position_only() -> None:
    store: dict[str, Tensor] = {}
    value = torch.arange(6.0).view(1, 3, 2)
    keep(store, "whole")[1](value, hook=None)
    keep(store, "last", last_only=True)[1](value, hook=None)
    value.zero_()
    assert store["whole"].sum() == 15
    assert store["last"].tolist() == [[4.0, 5.0]]


def test_replacing_rows_leaves_the_others_and_the_original_alone() -> None:
    value = torch.zeros(4, 1)
    swapped = replaced("x", torch.ones(2, 1), slice(2, 4))[1](value, hook=None)
    assert swapped is not None
    assert swapped[:, 0].tolist() == [0, 0, 1, 1]
    assert value.sum() == 0


def test_missing_hook_names_are_found() -> None:
    assert missing_hooks(["a", "b"], {"a": 1}) == ["b"]
