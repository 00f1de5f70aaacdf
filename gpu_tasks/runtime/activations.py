"""Activations at every ordinary position of a text, and the loss when they are replaced: what a dictionary of features is fitted to and judged by."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from assessments.contracts import Refused
from assessments.subject import Activations, Floats, Replace, Tick, Tokens
from gpu_tasks.runtime.batching import length_groups, rows_for
from gpu_tasks.runtime.interventions import NamedHook, checked_layer, resid_post
from gpu_tasks.runtime.readout import losses, selected

if TYPE_CHECKING:
    from gpu_tasks.runtime.adapter import BridgeSubject

ROWS = 8
"""Sequences per pass, whatever the batch size allows: what is fitted to these numbers must not hang on how they were batched."""


def activations(subject: "BridgeSubject", items: Sequence[Tokens], layer: int, tick: Tick, limit: float | None, outlier: float, fast: bool) -> Activations:
    """See ``Subject.activations``; positions come in the order of the items. ``fast`` multiplies in bfloat16 and adds in fp32."""
    checked_layer(layer, subject.facts.n_layers)
    found: list[Tensor] = [torch.empty(0)] * len(items)

    def work(batch: Sequence[int]) -> None:
        with _precision(subject.engine.device, fast):
            values = subject.engine.residuals(subject.engine.ids([items[index] for index in batch]), [layer], last_only=False)[layer]
        for index, row in zip(batch, values[:, 1:].float().cpu(), strict=True):
            found[index] = row

    for length, group in length_groups(subject.checked_items(items)):
        subject.batcher.run(group, length, work, tick, ROWS)
    values = torch.cat(found).numpy()
    if not values.size:
        raise Refused("activations need texts of at least two tokens: add longer texts")
    where = np.concatenate([np.stack([np.full(len(row), index), 1 + np.arange(len(row))], axis=1) for index, row in enumerate(found)])
    norms = np.linalg.norm(values, axis=1)
    longest = float(outlier * np.median(norms)) if limit is None else limit
    kept = norms <= longest
    return Activations(np.ascontiguousarray(values[kept]), where[kept], longest, int((~kept).sum()))


def spliced_cross_entropy(subject: "BridgeSubject", items: Sequence[Tokens], layer: int, replace: Replace, limit: float, tick: Tick) -> list[Floats]:
    """See ``Subject.spliced_cross_entropy``."""
    hook = _splice(resid_post(checked_layer(layer, subject.facts.n_layers)), replace, limit)
    out: list[Floats] = [np.empty(0, np.float32)] * len(items)

    def work(batch: Sequence[int]) -> None:
        ids = subject.engine.ids([items[index] for index in batch])
        for index, row in zip(batch, losses(subject.engine.logits(ids, None, [hook]), ids).cpu().numpy(), strict=True):
            out[index] = row

    for length, group in length_groups(subject.checked_items(items)):
        subject.batcher.run(group, length, work, tick, min(ROWS, rows_for(length, subject.facts.vocab_size)))
    return out


def spliced_log_probs(
    subject: "BridgeSubject", items: Sequence[Tokens], layer: int, replace: Replace, limit: float, token_ids: Sequence[int], tick: Tick
) -> Floats:
    """See ``Subject.spliced_log_probs``."""
    hook = _splice(resid_post(checked_layer(layer, subject.facts.n_layers)), replace, limit)
    chosen = subject.checked_vocabulary(token_ids)
    out = np.empty((len(items), len(token_ids)), dtype=np.float32)

    def work(batch: Sequence[int]) -> None:
        ids = subject.engine.ids([items[index] for index in batch])
        out[batch] = selected(subject.engine.logits(ids, 1, [hook])[:, 0], chosen)

    for length, group in length_groups(subject.checked_items(items)):
        subject.batcher.run(group, length, work, tick, ROWS)
    return out


def _splice(name: str, replace: Callable[[Floats], Floats], limit: float) -> NamedHook:
    def swap(value: Tensor, hook: Any) -> Tensor:
        ordinary = value.float().norm(dim=-1) <= limit
        ordinary[:, 0] = False
        swapped = value.clone()
        if ordinary.any():
            given = replace(value[ordinary].float().cpu().numpy())
            swapped[ordinary] = torch.as_tensor(given, dtype=value.dtype, device=value.device)
        return swapped

    return name, swap


def _precision(device: torch.device, fast: bool) -> Any:
    return torch.autocast(device.type, dtype=torch.bfloat16) if fast else nullcontext()
