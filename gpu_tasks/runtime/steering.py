"""Many directions on many items from one clean pass: the residual is cached, the blocks below never run again."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from assessments.subject import Tick
from gpu_tasks.runtime.batching import Batcher
from gpu_tasks.runtime.interventions import resid_post
from gpu_tasks.runtime.passes import Engine

Store = Callable[[Tensor, Tensor, Tensor], None]
"""Takes vector indices, item indices and last logits ``[rows, vocabulary]`` of one batch."""


def steered_batches(engine: Engine, batcher: Batcher, ids: Tensor, layer: int, steps: Tensor, store: Store, tick: Tick, most: int) -> None:
    """Run every one of ``steps [vectors, d_model]`` on every row of ``ids [items, positions]``, batched over both."""
    items, length = ids.shape
    cached: list[Tensor] = []
    batcher.run(range(items), length, lambda rows: cached.append(engine.residuals(ids[_span(rows)], [layer], last_only=False)[layer]), tick)
    residual = torch.cat(cached)
    resumes = engine.resumes_at(layer)

    def work(pairs: Sequence[int]) -> None:
        rows = torch.arange(pairs[0], pairs[-1] + 1, device=ids.device)
        vector, item = rows // items, rows % items
        step = steps[vector][:, None]
        if resumes:
            logits = engine.resume(ids[item], layer, residual[item] + step)
        else:
            logits = engine.logits(ids[item], 1, [(resid_post(layer), lambda value, hook: value + step)])[:, 0]
        store(vector, item, logits)

    batcher.run(range(len(steps) * items), length, work, tick, most)


def _span(rows: Sequence[int]) -> slice:
    return slice(rows[0], rows[-1] + 1)
