"""Attention read-out and activation patching over every block (Wang et al. 2022, arXiv:2211.00593; Zhang and Nanda 2023, arXiv:2309.16042)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from assessments.contracts import Refused
from assessments.subject import Floats, Tick, Tokens
from gpu_tasks.runtime.batching import length_groups
from gpu_tasks.runtime.interventions import NamedHook, keep, replaced

if TYPE_CHECKING:
    from gpu_tasks.runtime.adapter import BridgeSubject

COMPONENTS = ("hook_attn_out", "hook_mlp_out")


def attention_to_offset(subject: "BridgeSubject", items: Sequence[Tokens], offset: int, queries: range, tick: Tick) -> Floats:
    """``[layers, heads]``: attention from ``q`` to ``q - offset``, mean over ``queries`` and items of one length."""
    length = len(items[0]) if items else 0
    if not items or any(len(item) != length for item in items):
        raise Refused("attention is read on items of one length: give at least one item, all of the same number of tokens")
    if not queries or min(queries) < max(offset, 0) or max(queries) >= length or offset < 0:
        raise Refused(f"query positions {queries} with offset {offset} do not fit items of {length} tokens")
    names = subject.hook_names("attn.hook_pattern")
    total = np.zeros((subject.facts.n_layers, subject.facts.n_heads), dtype=np.float64)
    at = torch.tensor(list(queries), device=subject.engine.device)

    def read(layer: int) -> NamedHook:
        def add(pattern: Tensor, hook: Any) -> None:
            total[layer] += pattern[:, :, at, at - offset].double().mean(dim=-1).sum(dim=0).cpu().numpy()

        return names[layer], add

    def work(batch: Sequence[int]) -> None:
        subject.engine.logits(subject.engine.ids([items[index] for index in batch]), 1, [read(layer) for layer in range(len(names))])

    subject.batcher.run(range(len(items)), length, work, tick)
    return (total / len(items)).astype(np.float32)


def patch_components(subject: "BridgeSubject", clean: Sequence[Tokens], corrupted: Sequence[Tokens], targets: Sequence[tuple[int, int]], tick: Tick) -> Floats:
    """``[layers, 2, items]``: see ``Subject.patch_components``. Blocks below the patched one are not run again."""
    subject.checked_pairs(clean, corrupted)
    if len(targets) != len(clean):
        raise Refused(f"{len(targets)} target pairs for {len(clean)} items: give one pair per item")
    subject.checked_vocabulary([token for pair in targets for token in pair])
    names = [subject.hook_names(kind) for kind in COMPONENTS]
    out = np.empty((subject.facts.n_layers, len(COMPONENTS), len(clean)), dtype=np.float32)
    for length, group in length_groups(clean):

        def work(batch: Sequence[int]) -> None:
            ids = [subject.engine.ids([side[index] for index in batch]) for side in (clean, corrupted)]
            pairs = torch.tensor([targets[index] for index in batch], device=ids[0].device)
            patch = _Patch(subject, names, ids[0], ids[1], pairs)
            for layer in range(subject.facts.n_layers):
                out[layer, :, batch] = patch.one_layer(layer)
                # Told per layer: a batch takes many seconds, and a person who cancels should not wait for all of it.
                tick(patch.twice.numel())

        subject.batcher.run(group, 2 * length, work, tick, max(1, subject.batcher.size // len(COMPONENTS)))
    return out


class _Patch:
    """One batch: caches of the clean and the corrupted pass, then one resumed pass per layer that patches both components at once."""

    def __init__(self, subject: "BridgeSubject", names: Sequence[Sequence[str]], clean: Tensor, corrupted: Tensor, pairs: Tensor) -> None:
        self.engine, self.names, self.pairs = subject.engine, names, pairs
        self.rows = len(clean)
        self.twice = corrupted.repeat(len(COMPONENTS), 1)
        self.clean: dict[str, Tensor] = {}
        self.engine.logits(clean, 1, [keep(self.clean, name) for kind in names for name in kind])
        self.residual = self.engine.residuals(corrupted, range(self.engine.n_layers), last_only=False)

    def one_layer(self, layer: int) -> Floats:
        """``[rows, components]`` of logit differences."""
        hooks = [replaced(kind[layer], self.clean[kind[layer]], slice(at * self.rows, (at + 1) * self.rows)) for at, kind in enumerate(self.names)]
        logits = self._last_logits(layer, hooks)
        pairs = self.pairs.repeat(len(COMPONENTS), 1)
        chosen = logits.gather(1, pairs)
        difference: Floats = (chosen[:, 0] - chosen[:, 1]).view(len(COMPONENTS), self.rows).T.cpu().numpy()
        return difference

    def _last_logits(self, layer: int, hooks: Sequence[NamedHook]) -> Tensor:
        below = layer - 1
        if below < 0 or not self.engine.resumes_at(below):
            return self.engine.logits(self.twice, 1, hooks)[:, 0]
        return self.engine.resume(self.twice, below, self.residual[below].repeat(len(COMPONENTS), 1, 1), hooks)
