"""From logits to the few numbers that are kept: chosen log-probabilities and per-token losses, in fp32."""

from collections.abc import Sequence

import torch
from torch import Tensor

from assessments.subject import Floats


def selected(logits: Tensor, token_ids: Sequence[int]) -> Floats:
    """``[rows, token_ids]``: log-softmax over the whole vocabulary of ``logits [rows, vocabulary]``, at ``token_ids``."""
    chosen = torch.as_tensor(token_ids, dtype=torch.long, device=logits.device)
    found: Floats = (logits[:, chosen] - logits.logsumexp(dim=-1, keepdim=True)).cpu().numpy()
    return found


def losses(logits: Tensor, ids: Tensor) -> Tensor:
    """Losses ``[rows, positions - 1]`` in nats of ``ids [rows, positions]`` under ``logits [rows, positions, vocabulary]`` of the same positions."""
    before, after = logits[:, :-1], ids[:, 1:, None]
    return before.logsumexp(dim=-1) - before.gather(-1, after)[..., 0]
