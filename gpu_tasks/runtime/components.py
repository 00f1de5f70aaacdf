"""Ablation of heads and MLP blocks at the last token, split exactly into direct effect and reactions (Rushing and Nanda 2024, arXiv:2402.15390)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from assessments.contracts import Refused
from assessments.subject import AblationEffects, Component, Floats, Tick, Tokens
from gpu_tasks.runtime.batching import length_groups
from gpu_tasks.runtime.interventions import HookFunction, NamedHook, checked_layer, checked_vectors, keep
from gpu_tasks.runtime.passes import Engine

if TYPE_CHECKING:
    from gpu_tasks.runtime.adapter import BridgeSubject

EPSILONS = ("eps", "variance_epsilon", "epsilon")
PARTS = 5


@dataclass(frozen=True)
class Norm:
    """A norm as ``gain * (x - centred * mean(x)) / scale(x)`` plus a bias, which is the same in every pass and cancels in differences."""

    gain: Tensor
    centred: bool
    eps: float

    def scale(self, residual: Tensor) -> Tensor:
        """Root mean square of ``residual [..., d_model]``, about its mean where the norm takes the mean off."""
        spread = residual - residual.mean(dim=-1, keepdim=True) if self.centred else residual
        return (spread.pow(2).mean(dim=-1) + self.eps).sqrt()


def read_norm(module: Any, width: int, device: torch.device) -> Norm:
    """Read a norm from what it does to four vectors, so that every way of writing its gain is covered; ``Refused`` when it is of another kind."""
    # Mean 0 and mean square 1: both kinds of norm leave it as it is, up to the gain.
    signs = torch.tensor([1.0, -1.0], device=device).repeat((width + 1) // 2)[:width]
    ramp = torch.linspace(-1, 2, width, device=device)
    with torch.no_grad():
        bias, raised, found, shifted = module(torch.stack([torch.zeros_like(ramp), signs, ramp, ramp + 1]))
    gain = (raised - bias) * signs
    eps = next((float(getattr(module, name)) for name in EPSILONS if hasattr(module, name)), 0.0)
    norm = Norm(gain, bool(torch.allclose(found, shifted, rtol=1e-3, atol=1e-3)), eps)
    spread = ramp - ramp.mean() if norm.centred else ramp
    if width % 2 or not torch.allclose(gain * spread / norm.scale(ramp), found - bias, rtol=1e-3, atol=1e-4):
        raise Refused("a norm of this architecture is of an unknown kind: choose an instrument that does not take logits apart")
    return norm


@dataclass(frozen=True)
class FinalNorm:
    """The last norm with the unembedding ``[vocabulary, d_model]`` behind it."""

    norm: Norm
    unembedding: Tensor

    def directions(self, reads: Tensor) -> Tensor:
        """``[reads, d_model]``: the logit of each token over the mean logit is ``x @ direction / scale(x)``."""
        # The mean over the vocabulary is taken off because a constant added to all logits changes no probability.
        rows = (self.unembedding[reads] - self.unembedding.mean(dim=0)) * self.norm.gain
        return rows - rows.mean(dim=-1, keepdim=True) if self.norm.centred else rows


def final_norm(engine: Engine) -> FinalNorm:
    """The final norm of a model and what reads it."""
    weights: Tensor = engine.bridge.original_model.get_output_embeddings().weight.detach().float()
    return FinalNorm(read_norm(engine.bridge.ln_final.original_component, weights.shape[1], weights.device), weights)


@dataclass(frozen=True)
class _Donated:
    """What every component computes at the last token of the donors: ``heads [items, layers, heads, d_head]``, ``mlps [items, layers, d_model]``."""

    heads: Tensor
    mlps: Tensor


Rows = Sequence[tuple[Component, ...]]
Shift = tuple[Component, Tensor]


def ablate_components(
    subject: "BridgeSubject", items: Sequence[Tokens], donors: Sequence[Tokens], sets: Rows, reads: Sequence[Sequence[int]], tick: Tick
) -> AblationEffects:
    """See ``Subject.ablate_components``."""
    rows = [tuple(_checked(subject, component) for component in members) for members in sets]
    if any(not members for members in rows):
        raise Refused("a set of components to ablate is empty: name at least one component")
    lab = _Lab(subject, items, donors, reads, tick)
    out = np.empty((PARTS, len(rows), len(items), lab.width), dtype=np.float32)
    for index, item in enumerate(items):

        def work(batch: Sequence[int], index: int = index) -> None:
            chosen = [rows[at] for at in batch]
            out[:, batch, index] = lab.parts(index, len(chosen), lab.swaps(index, chosen), [{_block(lab, c) for c in row} for row in chosen])

        subject.batcher.run(range(len(rows)), len(item), work, tick)
    return AblationEffects(*out)


def matched_random_effects(
    subject: "BridgeSubject",
    items: Sequence[Tokens],
    donors: Sequence[Tokens],
    component: Component,
    directions: Floats,
    reads: Sequence[Sequence[int]],
    tick: Tick,
) -> AblationEffects:
    """See ``Subject.matched_random_effects``."""
    _checked(subject, component)
    draws = checked_vectors(directions, subject.facts.d_model, subject.engine.device)
    lab = _Lab(subject, items, donors, reads, tick)
    out = np.empty((PARTS, len(draws), len(items), lab.width), dtype=np.float32)
    for index, item in enumerate(items):
        steps = _matched(lab.removed(index, component), lab.directions(index)[0], draws)

        def work(batch: Sequence[int], index: int = index, steps: Tensor = steps) -> None:
            hooks = [lab.shift(component, steps[list(batch)])]
            out[:, batch, index] = lab.parts(index, len(batch), hooks, [{_block(lab, component)}] * len(batch))

        subject.batcher.run(range(len(draws)), len(item), work, tick)
    return AblationEffects(*out)


def _matched(removed: Tensor, read: Tensor, draws: Tensor) -> Tensor:
    """``draws [n, d_model]`` turned until each has the length of ``removed`` and the same part along ``read``, the rest at random."""
    along = read / read.norm()
    kept = (removed @ along) * along
    rest = draws - (draws @ along)[:, None] * along
    found: Tensor = kept + rest / rest.norm(dim=-1, keepdim=True) * (removed - kept).norm()
    return found


def _checked(subject: "BridgeSubject", component: Component) -> Component:
    layer, part = component
    checked_layer(layer, subject.facts.n_layers)
    if not 0 <= part <= subject.facts.n_heads:
        raise Refused(f"component {part} of layer {layer} does not exist: heads count from 0, and {subject.facts.n_heads} is the MLP block")
    return component


def _block(lab: "_Lab", component: Component) -> int:
    """Place of the component's block among the writes to the residual stream: attention and MLP of every layer in turn."""
    layer, part = component
    return 2 * layer + int(part == lab.heads)


class _Lab:
    """Items with their donors: clean row first in every batch, all differences against it."""

    def __init__(self, subject: "BridgeSubject", items: Sequence[Tokens], donors: Sequence[Tokens], reads: Sequence[Sequence[int]], tick: Tick) -> None:
        if not items or not len(items) == len(donors) == len(reads) or len({len(row) for row in reads}) != 1:
            raise Refused("every item needs one donor and the same number of tokens to read: give as many of each as items, at least one")
        for row in (*items, *donors, *reads):
            subject.checked_vocabulary(row)
        self.subject, self.engine, self.items, self.reads = subject, subject.engine, items, reads
        self.heads, self.width, self.norm = subject.facts.n_heads, len(reads[0]), final_norm(subject.engine)
        self.z, self.mlp, self.mid = (subject.hook_names(kind) for kind in ("attn.hook_z", "hook_mlp_out", "hook_resid_mid"))
        self.post = subject.hook_names("hook_resid_post")
        self.donated = self._donated(donors, tick)

    def _donated(self, donors: Sequence[Tokens], tick: Tick) -> _Donated:
        heads: list[Tensor] = [torch.empty(0)] * len(donors)
        mlps = list(heads)
        for length, group in length_groups(donors):

            def work(batch: Sequence[int]) -> None:
                store: dict[str, Tensor] = {}
                ids = self.engine.ids([donors[index] for index in batch])
                self.engine.logits(ids, 1, [keep(store, name, last_only=True) for name in (*self.z, *self.mlp)])
                for row, index in enumerate(batch):
                    heads[index] = torch.stack([store[name][row] for name in self.z])
                    mlps[index] = torch.stack([store[name][row] for name in self.mlp])

            self.subject.batcher.run(group, length, work, tick)
        return _Donated(torch.stack(heads), torch.stack(mlps))

    def directions(self, index: int) -> Tensor:
        """``[reads, d_model]`` for item ``index``."""
        return self.norm.directions(torch.tensor(list(self.reads[index]), device=self.engine.device))

    def swaps(self, index: int, rows: Rows) -> list[NamedHook]:
        """Hooks that put the donor's values into row ``1 + r`` for every component of ``rows[r]``."""
        members = [(at + 1, component) for at, row in enumerate(rows) for component in row]
        hooks: list[NamedHook] = []
        for layer in sorted({component[0] for _, component in members}):
            here = [(at, part) for at, (own, part) in members if own == layer]
            heads, mlps = [pair for pair in here if pair[1] < self.heads], [at for at, part in here if part == self.heads]
            if heads:
                at, part = (list(column) for column in zip(*heads, strict=True))
                hooks.append((self.z[layer], self._at_last(len(rows), _swap((at, -1, part), self.donated.heads[index, layer, part]))))
            if mlps:
                hooks.append((self.mlp[layer], self._at_last(len(rows), _swap((mlps, -1), self.donated.mlps[index, layer]))))
        return hooks

    def shift(self, component: Component, steps: Tensor) -> NamedHook:
        """Hook that adds ``steps [rows, d_model]`` to what the component's block writes, rows counted after the clean one."""
        layer, part = component
        second = part == self.heads
        after_norm = f"blocks.{layer}.{'ln2_post' if second else 'ln1_post'}.hook_out"
        name = after_norm if after_norm in self.engine.points else f"blocks.{layer}.{'hook_mlp_out' if second else 'hook_attn_out'}"

        def add(value: Tensor) -> Tensor:
            value[1:, -1] += steps
            return value

        return name, self._at_last(len(steps), add)

    def _at_last(self, rows: int, change: Callable[[Tensor], Tensor]) -> HookFunction:
        """``change`` applied to a copy, only where all rows are there: a prefix computed once for all of them stays clean."""

        def hook(value: Tensor, hook: Any) -> Tensor | None:
            return change(value.clone()) if len(value) == rows + 1 else None

        return hook

    def removed(self, index: int, component: Component) -> Tensor:
        """``[d_model]``: what replacing ``component`` by its donor's value changes in the residual stream right there."""
        stream = self._stream(index, 1, self.swaps(index, [(component,)]))
        block = _block(self, component)
        return (stream[1, block + 1] - stream[0, block + 1]) - (stream[1, block] - stream[0, block])

    def parts(self, index: int, rows: int, hooks: Sequence[NamedHook], own: Sequence[set[int]]) -> Floats:
        """``[5, rows, reads]``: direct effect, change, and the shares of attention, MLP and norm in the reaction."""
        stream = self._stream(index, rows, hooks)
        read = self.directions(index)
        scale = self.norm.norm.scale(stream[:, -1])
        changed = (stream[1:] - stream[:1]) @ read.T / scale[0]
        writes = changed[:, 1:] - changed[:, :-1]
        mine = torch.tensor([[block in blocks for block in range(writes.shape[1])] for blocks in own], device=writes.device)[:, :, None]
        others = writes * ~mine
        logits = stream[:, -1] @ read.T / scale[:, None]
        norm = stream[1:, -1] @ read.T * (1 / scale[1:] - 1 / scale[0])[:, None]
        found = (-(writes * mine).sum(1), logits[1:] - logits[0], others[:, 0::2].sum(1), others[:, 1::2].sum(1), norm)
        out: Floats = torch.stack(found).cpu().numpy()
        return out

    def _stream(self, index: int, rows: int, hooks: Sequence[NamedHook]) -> Tensor:
        """``[1 + rows, 1 + 2 layers, d_model]``: residual at the last token before every block and at the end, clean row first."""
        store: dict[str, Tensor] = {}
        points = [f"blocks.0.{'hook_resid_pre'}", *(name for pair in zip(self.mid, self.post, strict=True) for name in pair)]
        ids = self.engine.ids([self.items[index]] * (rows + 1))
        self.engine.logits(ids, 1, [*hooks, *(keep(store, name, last_only=True) for name in points)], share=True)
        return torch.stack([store[name].float() for name in points], dim=1)


def _swap(at: tuple[Any, ...], values: Tensor) -> Callable[[Tensor], Tensor]:
    def change(value: Tensor) -> Tensor:
        value[at] = values
        return value

    return change
