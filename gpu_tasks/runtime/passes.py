"""Forward passes through TransformerBridge in raw mode: truncated, resumed from a cached residual, last logits only."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from assessments.contracts import Refused
from gpu_tasks.runtime.interventions import NamedHook, Reached, keep, missing_hooks, resid_post, resumed

UNEMBED = "unembed.hook_in"
WORTH_SHARING = 64
"""Tokens that a shared prefix must save before the extra pass pays."""


class Engine:
    """A booted bridge and the few ways in which it is run; tensors in and out, one batch at a time."""

    def __init__(self, bridge: Any) -> None:
        self.bridge = bridge
        self.blocks: list[Any] = list(bridge.blocks)
        self.n_layers = len(self.blocks)
        self.device = next(bridge.original_model.parameters()).device
        # The bridge resolves its aliases anew at every call of its own hook context: 68 ms per pass on a model of 30 layers.
        self.points: dict[str, Any] = dict(bridge.hook_dict)
        self._depth = 0
        self.require([UNEMBED, *(resid_post(layer) for layer in range(self.n_layers))])
        self.output_form = self._probe_output_form()
        self._resumes: dict[int, bool] = {}

    def require(self, names: Sequence[str]) -> None:
        """Refuse when a hook point is missing; a hook on a missing name would silently do nothing."""
        missing = missing_hooks(names, self.points)
        if missing:
            raise Refused(f"this architecture has no hook point {missing[0]}: choose an instrument that does not need it")

    def ids(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """Token ids ``[rows, positions]`` on the model's device."""
        return torch.tensor(rows, dtype=torch.long, device=self.device)

    def logits(self, ids: Tensor, positions: int | None, hooks: Sequence[NamedHook] = (), share: bool = False) -> Tensor:
        """Logits ``[rows, positions, vocabulary]`` in fp32 of the last ``positions`` positions; all positions with None.

        ``share``: a prefix common to all rows may be computed once, so ``hooks`` see it apart from the rest.
        """
        tail = [] if positions is None else [(UNEMBED, lambda value, hook: value[:, -positions:])]
        prefix = self.shared_prefix(ids, positions) if share and positions else 0
        logits: Tensor = self._after_prefix(ids, prefix, [*hooks, *tail]) if prefix else self.forward(ids, [*hooks, *tail])
        return logits.float()

    def shared_prefix(self, ids: Tensor, needed: int) -> int:
        """Length of the prefix worth computing once: common to all rows, without the last ``needed`` positions; 0 when too little is saved."""
        same = (ids == ids[0]).all(dim=0).long().cumprod(dim=0)
        length = min(int(same.sum()), ids.shape[1] - needed)
        return length if (len(ids) - 1) * length >= WORTH_SHARING and self.shares_prefixes else 0

    def _after_prefix(self, ids: Tensor, prefix: int, hooks: Sequence[NamedHook]) -> Any:
        cache = DynamicCache(config=self.bridge.original_model.config)
        with suppress(Reached):
            self.forward(ids[:1, :prefix], hooks, use_cache=True, past_key_values=cache)
        cache.batch_repeat_interleave(len(ids))
        return self.forward(ids[:, prefix:], hooks, use_cache=True, past_key_values=cache)

    @cached_property
    def shares_prefixes(self) -> bool:
        """Whether a prefix computed once gives what the full pass gives; tried once, since some architectures keep more than keys and values."""
        ids = self.ids([[*range(8), end, 8] for end in (9, 10)])
        tail: NamedHook = (UNEMBED, lambda value, hook: value[:, -1:])
        return torch.allclose(self._after_prefix(ids, 8, [tail]).float(), self.logits(ids, 1), rtol=1e-4, atol=1e-4)

    def forward(self, ids: Tensor, hooks: Sequence[NamedHook], **kwargs: Any) -> Any:
        """One pass under ``hooks``, without key-value cache unless ``kwargs`` ask for one."""
        options = {"use_cache": False, **kwargs}
        with torch.inference_mode(), self.hooked(hooks):
            return self.bridge(ids, **options)

    @contextmanager
    def hooked(self, hooks: Sequence[NamedHook]) -> Iterator[None]:
        """Context in which ``hooks`` are installed; on leaving exactly these are removed."""
        self._depth += 1
        level = self._depth
        try:
            for name, function in hooks:
                self.points[name].add_hook(function, level=level)
            yield
        finally:
            for name, _ in hooks:
                self.points[name].remove_hooks(level=level)
            self._depth -= 1

    def residuals(self, ids: Tensor, layers: Sequence[int], last_only: bool) -> dict[int, Tensor]:
        """Residuals per layer, ``[rows, d_model]`` or ``[rows, positions, d_model]``; blocks above the highest layer do not run."""
        store: dict[str, Tensor] = {}
        top = max(layers)
        hooks = [keep(store, resid_post(layer), last_only, stop=layer == top) for layer in sorted(set(layers))]
        self.truncated(ids, hooks, share=last_only)
        return {layer: store[resid_post(layer)] for layer in layers}

    def truncated(self, ids: Tensor, hooks: Sequence[NamedHook], share: bool) -> None:
        """One pass that ends where a hook raises ``Reached``; ``share`` as for ``logits``."""
        prefix = self.shared_prefix(ids, 1) if share else 0
        with suppress(Reached):
            _ = self._after_prefix(ids, prefix, hooks) if prefix else self.forward(ids, hooks)

    def resume(self, ids: Tensor, layer: int, start: Tensor, hooks: Sequence[NamedHook] = ()) -> Tensor:
        """Last logits ``[rows, vocabulary]`` when the residual at ``layer`` is ``start``; nothing at or below ``layer`` is computed."""
        with resumed(self.blocks, layer, start, as_tuple=self.output_form == "tuple"):
            return self.logits(ids, 1, hooks)[:, 0]

    def resumes_at(self, layer: int) -> bool:
        """Whether resuming at ``layer`` gives what the full pass gives; tried once per layer, since some architectures carry more than the residual upwards."""
        if self.output_form == "other":
            return False
        if layer not in self._resumes:
            ids, residuals, whole = self._trial
            self._resumes[layer] = torch.allclose(self.resume(ids, layer, residuals[resid_post(layer)]), whole, rtol=1e-4, atol=1e-4)
        return self._resumes[layer]

    @cached_property
    def _trial(self) -> tuple[Tensor, dict[str, Tensor], Tensor]:
        """A short sequence with its residuals at every layer and its last logits."""
        store: dict[str, Tensor] = {}
        ids = self.ids([list(range(8))])
        whole = self.logits(ids, 1, [keep(store, resid_post(layer)) for layer in range(self.n_layers)])[:, 0]
        return ids, store, whole

    def forget_trials(self) -> None:
        """A new step tries anew, so that it attests its own trials and not those of the steps before it."""
        self._resumes.clear()

    def trials(self) -> dict[str, list[int]]:
        """Layers at which resuming was tried, by outcome."""
        tried = sorted(self._resumes.items())
        return {"resumed_layers": [layer for layer, same in tried if same], "not_resumable_layers": [layer for layer, same in tried if not same]}

    def greedy(self, ids: Tensor, most: int, ends: frozenset[int], hooks: Sequence[NamedHook]) -> Tensor:
        """Greedy continuation ``[rows, ≤ most]`` with a key-value cache; stops when every row has met one of ``ends``."""
        new: list[Tensor] = []
        cache, step = None, ids
        stop = torch.tensor(sorted(ends), dtype=torch.long, device=self.device)
        done = torch.zeros(len(ids), dtype=torch.bool, device=self.device)
        tail: NamedHook = (UNEMBED, lambda value, hook: value[:, -1:])
        with self.hooked([*hooks, tail]):
            while len(new) < most and not done.all():
                logits, cache = self.forward(step, [], use_cache=True, past_key_values=cache, return_type="logits_and_cache")
                step = logits[:, -1].argmax(dim=-1, keepdim=True)
                done |= torch.isin(step[:, 0], stop)
                new.append(step)
        return torch.cat(new, dim=1) if new else ids[:, :0]

    def _probe_output_form(self) -> str:
        """``tensor``, ``tuple`` (of one) or ``other``: what a block returns to the library's own loop."""
        seen: list[str] = []

        def look(module: Any, args: Any, output: Any) -> None:
            single = isinstance(output, tuple) and len(output) == 1
            seen.append("tensor" if isinstance(output, Tensor) else "tuple" if single else "other")

        handles = [block.register_forward_hook(look) for block in self.blocks]
        try:
            self.forward(self.ids([[0, 0]]), [])
        finally:
            for handle in handles:
                handle.remove()
        return seen[0] if len(set(seen)) == 1 else "other"
