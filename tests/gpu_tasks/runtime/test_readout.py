"""Log-probabilities and losses from logits."""

import numpy as np
import torch

from gpu_tasks.runtime.readout import losses, selected


def test_selected_is_the_log_softmax_over_the_whole_vocabulary() -> None:
    logits = torch.randn(3, 50, generator=torch.Generator().manual_seed(0)) * 10
    np.testing.assert_allclose(selected(logits, [4, 4, 49]), logits.log_softmax(-1)[:, [4, 4, 49]].numpy(), atol=1e-5)


def test_selected_survives_large_logits() -> None:
    assert selected(torch.tensor([[1e4, 0.0]]), [0, 1]).tolist() == [[0.0, -1e4]]


def test_losses_are_those_of_the_following_tokens() -> None:
    logits, ids = torch.randn(2, 5, 11, generator=torch.Generator().manual_seed(1)), torch.tensor([[1, 2, 3, 4, 5], [10, 9, 8, 7, 6]])
    wanted = torch.nn.functional.cross_entropy(logits[:, :-1].transpose(1, 2), ids[:, 1:], reduction="none")
    np.testing.assert_allclose(losses(logits, ids).numpy(), wanted.numpy(), atol=1e-5)
