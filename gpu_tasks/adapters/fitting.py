"""Training some low-rank adapters of a model by any loss, and running the model without them."""

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from assessments.organisms.contracts import TICK
from gpu_tasks.adapters.lora import LowRank


@contextmanager
def off(adapters: Mapping[str, LowRank]) -> Any:
    """Within: the frozen layers alone."""
    scales = {name: adapter.scale for name, adapter in adapters.items()}
    for adapter in adapters.values():
        adapter.scale = 0.0
    try:
        yield
    finally:
        for name, adapter in adapters.items():
            adapter.scale = scales[name]


def fit(
    adapters: Mapping[str, LowRank], loss_of: Callable[[int], Any], steps: int, rate: float, name: str, tick: TICK, *, decay: float = 0.0, warm: int = 15,
    least: float = 0.02,
) -> None:  # fmt: skip
    """AdamW on what of the ``adapters`` may be learnt, ``warm`` steps of warm-up, then a rate that falls to the share ``least``; ``name`` is said."""
    learnt = [weight for adapter in adapters.values() for weight in (adapter.down, adapter.up) if weight.requires_grad]
    optimiser = torch.optim.AdamW(learnt, lr=rate, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: min((step + 1) / warm, max(least, (steps - step) / steps)))
    for step in range(steps):
        loss = loss_of(step)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learnt, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        schedule.step()
        tick(step / steps, f"{name}, step {step} of {steps}, loss {float(loss.detach()):.3f}")
