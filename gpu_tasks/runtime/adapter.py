"""``BridgeSubject``: a causal language model behind the subject protocol, on TransformerBridge in raw mode."""

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from assessments.autoencoders import Autoencoder, AutoencoderFit
from assessments.contracts import Refused, SubjectSpec
from assessments.subject import AblationEffects, Activations, Component, EdgeLayout, Edit, Floats, Replace, SubjectFacts, Tick, Tokens
from gpu_tasks.runtime import activations, components, edges, patching, sae
from gpu_tasks.runtime.batching import Batcher, length_groups, rows_for
from gpu_tasks.runtime.harvest import Harvest, Residuals, run_batch
from gpu_tasks.runtime.interventions import OUTLIER, NamedHook, checked_layer, checked_vectors, edit_hooks, ordinary
from gpu_tasks.runtime.noise import NoiseBench, checked_sigma
from gpu_tasks.runtime.passes import Engine
from gpu_tasks.runtime.readout import losses, selected
from gpu_tasks.runtime.steering import steered_batches
from gpu_tasks.runtime.text import TextCodec

"""Positions whose residual is longer than this many medians are sinks and left out of norms."""


@dataclass(frozen=True)
class Boot:
    """How to get the model whenever it is needed, a second copy of it, its random twins, and what ends a generation."""

    engine: Callable[[], Engine]
    copy: Callable[[], Engine]
    twin: Callable[[int], Callable[[], Engine]]
    end_tokens: frozenset[int]
    context: int


class BridgeSubject:
    """See ``assessments.subject.Subject``. Weights are loaded on first use; passes run under inference mode, without padding."""

    def __init__(self, spec: SubjectSpec, facts: SubjectFacts, text: TextCodec, boot: Boot, max_batch: int) -> None:
        self.spec, self.facts, self.text, self._boot = spec, facts, text, boot
        self.batcher = Batcher(max_batch)
        self._harvest: Harvest | None = None
        self._weights = spec.weights_digest
        self._bench: weakref.ref[NoiseBench] | None = None

    @property
    def engine(self) -> Engine:
        """The loaded model."""
        return self._boot.engine()

    def _noise_bench(self) -> NoiseBench:
        """The bench that living noisy subjects share; its copy of the model goes with the last of them."""
        found = self._bench() if self._bench else None
        if found is None:
            found = NoiseBench(self._boot.engine, self._boot.copy)
            self._bench = weakref.ref(found)
        return found

    def encode(self, text: str, *, prefix: bool = True) -> Tokens:
        """Ids of plain text, with the document-start token when there is one."""
        return self.text.encode(text, prefix)

    def encode_chat(self, text: str) -> Tokens:
        """Ids of one user turn up to where the assistant begins."""
        return self.text.encode_chat(text)

    def decode(self, tokens: Sequence[int]) -> str:
        """Text of token ids."""
        return self.text.decode(tokens)

    def random_tokens(self, count: int, length: int, seed: int) -> list[Tokens]:
        """Ordinary token ids, uniform under ``seed``."""
        return self.text.random_tokens(count, length, seed)

    def residuals(self, items: Sequence[Tokens], layers: Sequence[int], tick: Tick) -> Floats:
        """``[items, layers, d_model]`` at the last token."""
        wanted = [checked_layer(layer, self.facts.n_layers) for layer in layers]
        out = np.empty((len(items), len(wanted), self.facts.d_model), dtype=np.float32)

        def work(batch: Sequence[int]) -> None:
            found = self._read([items[index] for index in batch], wanted)
            out[batch] = np.stack([found[layer] for layer in wanted], axis=1)

        self._each(items, work, tick)
        return out

    def residual_norm(self, items: Sequence[Tokens], layer: int, tick: Tick) -> float:
        """Median norm over positions, without position 0 and outliers; ``Refused`` when no position is left."""
        norms: list[Floats] = []

        def work(batch: Sequence[int]) -> None:
            found = self.engine.residuals(self._ids(items, batch), [checked_layer(layer, self.facts.n_layers)], last_only=False)
            norms.append(found[layer][:, 1:].float().norm(dim=-1).flatten().cpu().numpy())

        self._each(items, work, tick)
        every = np.concatenate([np.empty(0, np.float32), *norms])
        if not every.size:
            raise Refused("the residual norm needs items of at least two tokens: add longer probe items")
        return float(np.median(every[every <= OUTLIER * np.median(every)]))

    def residual_means(self, items: Sequence[Tokens], tick: Tick) -> Floats:
        """``[layers, d_model]``: mean residual at the output of every block over all ordinary positions."""
        layers = range(self.facts.n_layers)
        sums, count = np.zeros((len(layers), self.facts.d_model)), np.zeros((len(layers), 1))

        def work(batch: Sequence[int]) -> None:
            for layer, value in self.engine.residuals(self._ids(items, batch), layers, last_only=False).items():
                kept = value[ordinary(value)].double()
                sums[layer] += kept.sum(dim=0).cpu().numpy()
                count[layer] += len(kept)

        self._each(items, work, tick)
        return np.asarray(sums / count, dtype=np.float32)

    def activations(self, items: Sequence[Tokens], layer: int, tick: Tick, *, limit: float | None = None, fast: bool = False) -> Activations:
        """Residuals of ``layer`` at every ordinary position."""
        return activations.activations(self, items, layer, tick, limit, OUTLIER, fast)

    def fit_autoencoder(self, values: Floats, fit: AutoencoderFit, tick: Tick) -> Autoencoder:
        """A TopK autoencoder fitted to ``values [n, d]``."""
        return sae.fit_autoencoder(values, fit, self.engine.device, tick)

    def spliced_cross_entropy(self, items: Sequence[Tokens], layer: int, replace: Replace, limit: float, tick: Tick) -> list[Floats]:
        """Per item the losses in nats with the residuals of ``layer`` replaced at ordinary positions."""
        return activations.spliced_cross_entropy(self, items, layer, replace, limit, tick)

    def spliced_log_probs(self, items: Sequence[Tokens], layer: int, replace: Replace, limit: float, token_ids: Sequence[int], tick: Tick) -> Floats:
        """``[items, token_ids]``: log-probability of the next token with the residuals of ``layer`` replaced at ordinary positions."""
        return activations.spliced_log_probs(self, items, layer, replace, limit, token_ids, tick)

    def log_probs(self, items: Sequence[Tokens], token_ids: Sequence[int], tick: Tick, edit: Edit | None = None) -> Floats:
        """``[items, token_ids]``: log-probability of the next token."""
        hooks, chosen = self._hooks(edit), self.checked_vocabulary(token_ids)
        out = np.empty((len(items), len(token_ids)), dtype=np.float32)

        def work(batch: Sequence[int]) -> None:
            out[batch] = selected(self.engine.logits(self._ids(items, batch), 1, hooks, share=True)[:, 0], chosen)

        self._each(items, work, tick, positions=1)
        return out

    def steered_log_probs(self, items: Sequence[Tokens], layer: int, vectors: Floats, token_ids: Sequence[int], tick: Tick) -> Floats:
        """``[vectors, items, token_ids]`` from the cached residual at ``layer``."""
        checked_layer(layer, self.facts.n_layers)
        steps = checked_vectors(vectors, self.facts.d_model, self.engine.device)
        chosen = self.checked_vocabulary(token_ids)
        out = np.empty((len(steps), len(items), len(token_ids)), dtype=np.float32)
        for _, group in length_groups(self._checked(items)):
            ids = self._ids(items, group)

            def store(vector: Tensor, item: Tensor, logits: Tensor, group: Sequence[int] = group) -> None:
                out[vector.cpu().numpy(), np.asarray(group)[item.cpu().numpy()]] = selected(logits, chosen)

            steered_batches(self.engine, self.batcher, ids, layer, steps, store, tick, rows_for(1, self.facts.vocab_size))
        return out

    def continuation_log_probs(self, items: Sequence[Tokens], continuations: Sequence[Tokens], tick: Tick, edit: Edit | None = None) -> Floats:
        """``[items, continuations]``: summed log-probability in nats."""
        hooks = self._hooks(edit)
        out = np.empty((len(items), len(continuations)), dtype=np.float32)
        for column, continuation in enumerate(continuations):
            self.checked_vocabulary(continuation)
            whole = [(*item, *continuation) for item in items]
            kept = len(continuation) + 1

            def work(batch: Sequence[int], column: int = column, whole: Sequence[Tokens] = whole, kept: int = kept) -> None:
                ids = self._ids(whole, batch)
                out[batch, column] = -losses(self.engine.logits(ids, kept, hooks, share=True), ids[:, -kept:]).sum(dim=-1).cpu().numpy()

            self._each(whole, work, tick, positions=kept)
        return out

    def cross_entropy(self, items: Sequence[Tokens], tick: Tick, edit: Edit | None = None) -> list[Floats]:
        """Per item the losses in nats of every token but the first."""
        hooks = self._hooks(edit)
        out: list[Floats] = [np.empty(0, np.float32)] * len(items)

        def work(batch: Sequence[int]) -> None:
            ids = self._ids(items, batch)
            for index, row in zip(batch, losses(self.engine.logits(ids, None, hooks), ids).cpu().numpy(), strict=True):
                out[index] = row

        self._each(items, work, tick, positions=0)
        return out

    def attention_to_offset(self, items: Sequence[Tokens], offset: int, queries: range, tick: Tick) -> Floats:
        """``[layers, heads]``: mean attention from ``q`` to ``q - offset``."""
        return patching.attention_to_offset(self, items, offset, queries, tick)

    def patch_components(self, clean: Sequence[Tokens], corrupted: Sequence[Tokens], targets: Sequence[tuple[int, int]], tick: Tick) -> Floats:
        """``[layers, 2, items]``: logit difference with one clean block output put into the corrupted pass."""
        return patching.patch_components(self, clean, corrupted, targets, tick)

    def ablate_components(
        self, items: Sequence[Tokens], donors: Sequence[Tokens], sets: Sequence[tuple[Component, ...]], reads: Sequence[Sequence[int]], tick: Tick
    ) -> AblationEffects:
        """``[sets, items, reads]``: components replaced at the last token by their value on a donor."""
        return components.ablate_components(self, self._checked(items), self._checked(donors), sets, reads, tick)

    def matched_random_effects(
        self, items: Sequence[Tokens], donors: Sequence[Tokens], component: Component, directions: Floats, reads: Sequence[Sequence[int]], tick: Tick
    ) -> AblationEffects:
        """``[directions, items, reads]``: random changes as large as the ablation of ``component``."""
        return components.matched_random_effects(self, self._checked(items), self._checked(donors), component, directions, reads, tick)

    def edge_layout(self) -> EdgeLayout:
        """The edges between components."""
        return edges.Wiring(self).layout

    def edge_scores(self, clean: Sequence[Tokens], corrupted: Sequence[Tokens], targets: Sequence[tuple[int, int]], steps: int, tick: Tick) -> Floats:
        """``[items, sources, destinations]``: gradient averaged between corrupted and clean embedding times the change of what the source writes."""
        return edges.edge_scores(self, clean, corrupted, targets, steps, tick)

    def patched_circuits(
        self, clean: Sequence[Tokens], corrupted: Sequence[Tokens], targets: Sequence[tuple[int, int]], kept: NDArray[np.bool_], tick: Tick
    ) -> Floats:
        """``[circuits, items]``: logit difference with all edges but those kept carrying the corrupted activations."""
        return edges.patched_circuits(self, clean, corrupted, targets, kept, tick)

    def generate(self, items: Sequence[Tokens], max_new: int, tick: Tick, edit: Edit | None = None) -> list[Tokens]:
        """Greedy continuations, ended before the first end token."""
        hooks = self._hooks(edit)
        out: list[Tokens] = [()] * len(items)

        def work(batch: Sequence[int]) -> None:
            for index, row in zip(batch, self._greedy(self._ids(items, batch), max_new, hooks), strict=True):
                out[index] = row

        self._each(items, work, tick, room=max_new)
        return out

    def random_twin(self, seed: int) -> "BridgeSubject":
        """Same shape and tokenizer, weights drawn from the configuration's own initialisation under ``seed``."""
        spec = replace(self.spec, source="random", locator=f"seed {seed}", weights_digest="", name=f"{self.spec.name}, random weights (seed {seed})")
        origin = {"random_twin_of": self.spec.weights_digest, "random_twin_seed": seed, "loaded_digest": ""}
        facts = replace(self.facts, random_weights=True, environment={**self.facts.environment, **origin})
        build = self._boot.twin(seed)
        boot = replace(self._boot, engine=cache(build), copy=build)
        twin = BridgeSubject(spec, facts, self.text, boot, self.batcher.size)
        return twin.sharing(self._harvest, f"{self._weights}, random weights {seed}")

    def noisy(self, sigma: float, seed: int) -> "BridgeSubject":
        """Same model and tokenizer with Gaussian noise on every weight matrix."""
        name = f"{self.spec.name}, weight noise {checked_sigma(sigma):g} (seed {seed})"
        facts = replace(self.facts, environment={**self.facts.environment, "weight_noise": sigma, "weight_noise_seed": seed})
        bench = self._noise_bench()
        boot = replace(self._boot, engine=lambda: bench.engine(sigma, seed))
        return BridgeSubject(replace(self.spec, name=name), facts, self.text, boot, self.batcher.size)

    def for_step(self, spec: SubjectSpec, max_batch: int) -> "BridgeSubject":
        """The same loaded model under the name and batch size of another step; it shares nothing until told to."""
        facts = replace(self.facts, environment={**self.facts.environment, "max_batch": max_batch})
        self.engine.forget_trials()
        return BridgeSubject(spec, facts, self.text, replace(self._boot, engine=lambda: self.engine), max_batch)

    def sharing(self, harvest: Harvest | None, weights: str = "") -> "BridgeSubject":
        """This subject reading residuals at last tokens from ``harvest``, as its random twins made from now on will; noisy copies never do.

        ``weights`` names what is loaded, where that is not what the specification says.
        """
        self._harvest, self._weights = harvest, weights or self._weights
        return self

    def happened(self) -> dict[str, Any]:
        """What batching and resuming came to, for the attestation."""
        return {"batch_halvings": self.batcher.halvings, "batch_at_end": self.batcher.size, **self.engine.trials()}

    def hook_names(self, kind: str) -> list[str]:
        """Hook names of ``kind`` in every block, refused when the architecture lacks one."""
        names = [f"blocks.{layer}.{kind}" for layer in range(self.facts.n_layers)]
        self.engine.require(names)
        return names

    def checked_pairs(self, *sides: Sequence[Tokens]) -> None:
        """Refuse sides of different count or pairs of different length."""
        for side in sides:
            self._checked(side)
        if len({len(side) for side in sides}) != 1 or any(len({len(item) for item in row}) != 1 for row in zip(*sides, strict=True)):
            raise Refused("each corrupted item must have exactly as many tokens as its clean one")

    def checked_items(self, items: Sequence[Tokens]) -> Sequence[Tokens]:
        """``items``, refused when one is empty, too long or not of this vocabulary."""
        return self._checked(items)

    def checked_vocabulary(self, token_ids: Sequence[int]) -> Sequence[int]:
        """``token_ids``, refused when one lies outside the embedding."""
        if any(not 0 <= token < self.facts.vocab_size for token in token_ids):
            raise Refused(f"a token id lies outside the vocabulary of {self.facts.vocab_size}: encode the text with this model's tokenizer")
        return token_ids

    def _each(self, items: Sequence[Tokens], work: Callable[[Sequence[int]], None], tick: Tick, positions: int | None = None, room: int = 0) -> None:
        """Run ``work`` over batches of indices of equal length; ``positions``: how many logits each row asks for (0: all, None: none)."""
        for length, group in length_groups(self._checked(items, room)):
            most = self.batcher.size if positions is None else rows_for(positions or length, self.facts.vocab_size)
            self.batcher.run(group, length + room, work, tick, most)

    def _checked(self, items: Sequence[Tokens], room: int = 0) -> Sequence[Tokens]:
        for item in items:
            if not item:
                raise Refused("an item has no tokens: give at least one")
            if len(item) + room > self._boot.context:
                raise Refused(f"an item needs {len(item) + room} tokens but the model reads {self._boot.context}: shorten it")
            self.checked_vocabulary(item)
        return items

    def _read(self, rows: Sequence[Tokens], layers: Sequence[int]) -> Residuals:
        if self._harvest is None:
            return run_batch(self.engine, rows, layers)
        return self._harvest.residuals(self._weights, lambda: self.engine, rows, layers)

    def _ids(self, items: Sequence[Tokens], batch: Sequence[int]) -> Tensor:
        return self.engine.ids([items[index] for index in batch])

    def _hooks(self, edit: Edit | None) -> list[NamedHook]:
        return edit_hooks(edit, self.facts.n_layers, self.facts.d_model, self.engine.device)

    def _greedy(self, ids: Tensor, max_new: int, hooks: Sequence[NamedHook]) -> list[Tokens]:
        new = self.engine.greedy(ids, max_new, self._boot.end_tokens, hooks)
        rows = new.cpu().tolist()
        ends = [next((at for at, token in enumerate(row) if token in self._boot.end_tokens), len(row)) for row in rows]
        return [tuple(row[:end]) for row, end in zip(rows, ends, strict=True)]
