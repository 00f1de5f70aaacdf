"""Edges between components: EAP-IG scores and passes in which chosen edges carry corrupted activations (Hanna et al. 2024, arXiv:2403.17806)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from assessments.contracts import Refused
from assessments.subject import EdgeLayout, Floats, Tick, Tokens
from gpu_tasks.runtime.batching import length_groups
from gpu_tasks.runtime.components import read_norm
from gpu_tasks.runtime.interventions import NamedHook

if TYPE_CHECKING:
    from gpu_tasks.runtime.adapter import BridgeSubject

EMBED, FINAL = "hook_embed", "ln_final.hook_in"
CHANNELS = ("q", "k", "v")


@dataclass(frozen=True)
class _Batch:
    """Pairs of one length: ids, right and wrong tokens, contributions of every source in both passes ``[sources, rows, positions, d_model]``."""

    clean: Tensor
    targets: Tensor
    embedded: tuple[Tensor, Tensor]
    written: tuple[Tensor, Tensor]


class Wiring:
    """The model as sources that write to the residual stream and destinations that read it, each with an input of its own."""

    def __init__(self, subject: "BridgeSubject") -> None:
        self.subject, self.engine = subject, subject.engine
        self.layers, self.heads = subject.facts.n_layers, subject.facts.n_heads
        for kind in (*(f"attn.{channel}.hook_out" for channel in CHANNELS), "attn.hook_z", "ln1.hook_in", "ln2.hook_in", "hook_mlp_out"):
            subject.hook_names(kind)
        self.engine.require([EMBED, FINAL])
        self.groups = self._key_heads()
        self.layout = layout(self.layers, self.heads, self.groups)

    def _key_heads(self) -> int:
        seen: list[int] = []
        with torch.no_grad():
            self._forward(self.engine.ids([[0, 0]]), [("blocks.0.attn.k.hook_out", lambda value, hook: seen.append(value.shape[2]))])
        return seen[0]

    def batch(self, clean: Sequence[Tokens], corrupted: Sequence[Tokens], targets: Sequence[tuple[int, int]]) -> _Batch:
        """Both plain passes."""
        ids = [self.engine.ids(side) for side in (clean, corrupted)]
        with torch.no_grad():
            embeds: list[Tensor] = []
            written = []
            for side in ids:
                trace = _Trace(self)
                self._forward(side, [(EMBED, lambda value, hook: embeds.append(value.clone())), *trace.hooks()])
                written.append(torch.stack(trace.written))
        return _Batch(ids[0], torch.tensor(targets, device=ids[0].device), (embeds[0], embeds[1]), (written[0], written[1]))

    def gradient_scores(self, batch: _Batch, steps: int) -> Floats:
        """``[rows, sources, destinations]``: what every edge brings, by the gradient averaged between the corrupted and the clean embedding."""
        clean, corrupted = batch.embedded
        change = batch.written[0] - batch.written[1]
        total = torch.zeros((len(batch.clean), *self.layout.possible.shape), device=clean.device)
        for step in range(steps):
            start = (corrupted + (step + 0.5) / steps * (clean - corrupted)).requires_grad_()
            with torch.enable_grad():
                leaves = self._leaves(batch.clean)
                metric = self._metric(batch, [(EMBED, lambda value, hook, start=start: start), *_Inputs(self, leaves).hooks()])
                found = torch.autograd.grad(metric.sum(), list(leaves.values()))
            for (name, _), gradient in zip(leaves.items(), found, strict=True):
                columns, before = self.layout.columns[name], self.layout.before[name]
                total[:, :before, columns] += torch.einsum("srpd,rphd->rsh", change[:before], gradient) / steps
        out: Floats = total.cpu().numpy()
        return out

    def patched(self, batch: _Batch, kept: NDArray[np.bool_]) -> Floats:
        """``[rows]``: logit difference when the edges not ``kept [sources, destinations]`` carry what the corrupted pass wrote."""
        dropped = torch.from_numpy(~kept & self.layout.possible).to(batch.clean.device, torch.float32)
        with torch.no_grad():
            trace = _Trace(self, batch, dropped)
            hooks = [(EMBED, lambda value, hook: batch.embedded[0]), *trace.hooks(), *_Inputs(self, trace).hooks()]
            out: Floats = self._metric(batch, hooks).cpu().numpy()
        return out

    def _leaves(self, ids: Tensor) -> dict[str, Tensor]:
        width = self.subject.facts.d_model
        return {name: torch.zeros((*ids.shape, len(columns), width), device=ids.device, requires_grad=True) for name, columns in self.layout.columns.items()}

    def _metric(self, batch: _Batch, hooks: Sequence[NamedHook]) -> Tensor:
        logits = self._forward(batch.clean, hooks)[:, -1].float()
        chosen = logits.gather(1, batch.targets)
        return chosen[:, 0] - chosen[:, 1]

    def _forward(self, ids: Tensor, hooks: Sequence[NamedHook]) -> Tensor:
        with self.engine.hooked(hooks):
            found: Tensor = self.engine.bridge(ids, use_cache=False)
        return found


class _Trace(Mapping[str, Tensor]):
    """What every source writes during a pass, in order; with a batch and ``dropped``, also what is to be added to the input of every destination."""

    def __init__(self, wiring: Wiring, batch: _Batch | None = None, dropped: Tensor | None = None) -> None:
        self.wiring, self.batch, self.dropped = wiring, batch, dropped
        self.written: list[Tensor] = []

    def hooks(self) -> list[NamedHook]:
        """Hooks that follow the pass."""
        found: list[NamedHook] = [(EMBED, lambda value, hook: self.written.append(value.clone()))]
        if self.batch is not None:
            corrupted = self.batch.embedded
            found = [(EMBED, lambda value, hook: self.written.append(corrupted[0]))]
        for layer in range(self.wiring.layers):
            found.append((f"blocks.{layer}.attn.hook_z", lambda value, hook, layer=layer: self._heads(layer, value)))
            after = f"blocks.{layer}.ln2_post.hook_out"
            name = after if after in self.wiring.engine.points else f"blocks.{layer}.hook_mlp_out"
            found.append((name, lambda value, hook: self.written.append(value.clone())))
        return found

    def _heads(self, layer: int, z: Tensor) -> None:
        block = self.wiring.engine.blocks[layer]
        out = block.attn.o.original_component
        count = self.wiring.heads
        alone = torch.eye(count, device=z.device)[:, None, None, :, None] * z[None]
        parts = out(alone.flatten(-2)) - out(torch.zeros_like(z).flatten(-2))[None]
        if f"blocks.{layer}.ln1_post.hook_out" in self.wiring.engine.points:
            norm = read_norm(block.ln1_post.original_component, parts.shape[-1], parts.device)
            parts = parts * norm.gain / norm.scale(parts.sum(dim=0))[..., None]
        self.written += list(parts)

    def __getitem__(self, name: str) -> Tensor:
        """``[rows, positions, columns, d_model]``: corrupted minus present writing of the dropped edges into destination ``name``."""
        if self.batch is None or self.dropped is None:
            raise KeyError(name)
        layout = self.wiring.layout
        before, columns = layout.before[name], layout.columns[name]
        change = self.batch.written[1][:before] - torch.stack(self.written[:before])
        return torch.einsum("sh,srpd->rphd", self.dropped[:before, columns], change)

    def __iter__(self) -> Any:
        return iter(self.wiring.layout.columns)

    def __len__(self) -> int:
        return len(self.wiring.layout.columns)


class _Inputs:
    """Gives every destination its own input: the residual stream plus ``shifts[name] [rows, positions, columns, d_model]``."""

    def __init__(self, wiring: Wiring, shifts: Mapping[str, Tensor]) -> None:
        self.wiring, self.shifts = wiring, shifts
        self.seen: dict[int, Tensor] = {}

    def hooks(self) -> list[NamedHook]:
        """Hooks at the inputs of attention, MLP and the final norm."""
        found: list[NamedHook] = [(FINAL, lambda value, hook: value + self.shifts["logits"][:, :, 0])]
        for layer in range(self.wiring.layers):
            found.append((f"blocks.{layer}.ln1.hook_in", lambda value, hook, layer=layer: self.seen.update({layer: value})))
            found.append((f"blocks.{layer}.ln2.hook_in", lambda value, hook, layer=layer: value + self.shifts[f"m{layer}"][:, :, 0]))
            for channel in CHANNELS:
                name = f"blocks.{layer}.attn.{channel}.hook_out"
                found.append((name, lambda value, hook, layer=layer, channel=channel: self._projected(layer, channel, value)))
        return found

    def _projected(self, layer: int, channel: str, value: Tensor) -> Tensor:
        block = self.wiring.engine.blocks[layer]
        own = self.seen[layer][:, :, None] + self.shifts[f"a{layer}<{channel}>"]
        # Every head reads through the norm and the projection on its own; of what each computes for all heads only its own share is used.
        every = getattr(block.attn, channel).original_component(block.ln1.original_component(own))
        wide = every.unflatten(-1, (own.shape[2], -1))
        return torch.diagonal(wide, dim1=2, dim2=3).movedim(-1, 2).reshape(value.shape)


def layout(layers: int, heads: int, groups: int) -> EdgeLayout:
    """Names in the order of the arrays; key and value inputs are shared by the heads of a group and named after its first."""
    sources: list[str] = ["input"]
    destinations: list[str] = []
    columns: dict[str, list[int]] = {}
    before: dict[str, int] = {}

    def add(name: str, members: list[str]) -> None:
        columns[name] = list(range(len(destinations), len(destinations) + len(members)))
        before[name] = len(sources)
        destinations.extend(members)

    for layer in range(layers):
        for channel in CHANNELS:
            step = 1 if channel == "q" else heads // groups
            add(f"a{layer}<{channel}>", [f"a{layer}.h{head}<{channel}>" for head in range(0, heads, step)])
        sources += [f"a{layer}.h{head}" for head in range(heads)]
        add(f"m{layer}", [f"m{layer}"])
        sources.append(f"m{layer}")
    add("logits", ["logits"])
    possible = np.zeros((len(sources), len(destinations)), dtype=bool)
    for name, members in columns.items():
        possible[: before[name], members] = True
    return EdgeLayout(tuple(sources), tuple(destinations), possible, columns, before)


def edge_scores(
    subject: "BridgeSubject", clean: Sequence[Tokens], corrupted: Sequence[Tokens], targets: Sequence[tuple[int, int]], steps: int, tick: Tick
) -> Floats:
    """See ``Subject.edge_scores``."""
    wiring = _checked(subject, clean, corrupted, targets)
    out = np.empty((len(clean), *wiring.layout.possible.shape), dtype=np.float32)
    for length, group in length_groups(clean):

        def work(batch: Sequence[int]) -> None:
            out[batch] = wiring.gradient_scores(_pairs(wiring, batch, clean, corrupted, targets), steps)

        subject.batcher.run(group, length * (2 * steps + 2), work, tick, max(1, subject.batcher.size // 4))
    return out


def patched_circuits(
    subject: "BridgeSubject",
    clean: Sequence[Tokens],
    corrupted: Sequence[Tokens],
    targets: Sequence[tuple[int, int]],
    kept: NDArray[np.bool_],
    tick: Tick,
) -> Floats:
    """See ``Subject.patched_circuits``."""
    wiring = _checked(subject, clean, corrupted, targets)
    if kept.ndim != 3 or kept.shape[1:] != wiring.layout.possible.shape:
        raise Refused(f"circuits of shape {list(kept.shape)} do not fit: this model has {wiring.layout.possible.shape} sources and destinations")
    out = np.empty((len(kept), len(clean)), dtype=np.float32)
    for _, group in length_groups(clean):

        def work(batch: Sequence[int]) -> None:
            pairs = _pairs(wiring, batch, clean, corrupted, targets)
            for row, circuit in enumerate(kept):
                out[row, batch] = wiring.patched(pairs, circuit)
                # Told per circuit: a batch takes long, and a person who cancels should not wait for all of it.
                tick(pairs.clean.numel())

        subject.batcher.run(group, 0, work, tick, max(1, subject.batcher.size // 4))
    return out


def _pairs(wiring: Wiring, batch: Sequence[int], clean: Sequence[Tokens], corrupted: Sequence[Tokens], targets: Sequence[tuple[int, int]]) -> _Batch:
    return wiring.batch([clean[i] for i in batch], [corrupted[i] for i in batch], [targets[i] for i in batch])


def _checked(subject: "BridgeSubject", clean: Sequence[Tokens], corrupted: Sequence[Tokens], targets: Sequence[tuple[int, int]]) -> Wiring:
    subject.checked_pairs(clean, corrupted)
    if len(targets) != len(clean):
        raise Refused(f"{len(targets)} target pairs for {len(clean)} items: give one pair per item")
    subject.checked_vocabulary([token for pair in targets for token in pair])
    return Wiring(subject)
