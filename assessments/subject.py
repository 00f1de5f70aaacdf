"""The subject as instruments see it: numpy in, numpy out. The torch adapter lives in ``gpu_tasks.runtime``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from assessments.autoencoders import Autoencoder, AutoencoderFit
from assessments.contracts import SubjectSpec

Floats = NDArray[np.float32]
Tokens = tuple[int, ...]
Tick = Callable[[int], None]
"""Called after every batch with the number of tokens processed; raises ``Cancelled`` to stop."""


@dataclass(frozen=True)
class SubjectFacts:
    """Shape and numerics of a loaded model, all of it attested.

    ``prefix_token``: document-start token put before plain text, None where the tokenizer has none.
    """

    architecture: str
    n_layers: int
    n_heads: int
    d_model: int
    vocab_size: int
    parameters: int
    dtype: str
    device: str
    threads: int
    prefix_token: int | None
    chat: Literal["template", "plain"]
    random_weights: bool
    environment: Mapping[str, Any]


@dataclass(frozen=True)
class Edit:
    """An intervention on the residual stream.

    ``add``: at the output of block ``layer``, at every position. ``ablate``: project out at the output of every block
    (``layer`` ignored), except at positions more than four times as long as the median of their sequence;
    ``levels [layers]`` is what is left along the unit vector at each block, nothing where it is None. ``noop``: hook installed, nothing changed.
    """

    kind: Literal["add", "ablate", "noop"]
    layer: int
    vector: Floats
    levels: Floats | None = None


Replace = Callable[[Floats], Floats]
"""What stands in for residuals ``[positions, d_model]``; the same shape comes back."""


@dataclass(frozen=True)
class Activations:
    """Residuals of one layer at ordinary positions: all but position 0 and those longer than ``limit``, of which there were ``outliers``.

    ``values [n, d_model]``; ``where [n, 2]`` holds the item and the position of each row.
    """

    values: Floats
    where: NDArray[np.int64]
    limit: float
    outliers: int


Component = tuple[int, int]
"""Layer and part of it: ``0 .. n_heads - 1`` an attention head, ``n_heads`` the MLP block."""


@dataclass(frozen=True)
class AblationEffects:
    """What replacing components changed at the last token, each array ``[sets, items, reads]`` in logits over the mean logit of the vocabulary.

    ``direct``: what they wrote towards the token, final norm held at its untouched scale. ``change``: logit after minus logit before. Without any
    reaction ``change = -direct``; exactly, ``change + direct = attention + mlp + norm``: what later attention, later MLP blocks and the final
    norm's scale did. For a set of several components ``direct`` is the whole change of their blocks.
    """

    direct: Floats
    change: Floats
    attention: Floats
    mlp: Floats
    norm: Floats


@dataclass(frozen=True)
class EdgeLayout:
    """Edges of a model, in the order of the arrays: from ``sources`` (embedding, heads, MLP blocks) to ``destinations`` (their inputs, the logits).

    ``possible [sources, destinations]`` is true where the source comes before. ``columns`` gives the destinations of each block input, ``before``
    how many sources come before it.
    """

    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    possible: NDArray[np.bool_]
    columns: Mapping[str, list[int]]
    before: Mapping[str, int]


class Subject(Protocol):
    """A loaded model. Layers count from 0; the residual of layer ``l`` is ``blocks.l.hook_resid_post``."""

    spec: SubjectSpec
    facts: SubjectFacts

    def encode(self, text: str, *, prefix: bool = True) -> Tokens:
        """Token ids of plain text, with the document-start token in front when ``prefix`` and when there is one."""

    def encode_chat(self, text: str) -> Tokens:
        """Token ids of one user turn up to where the assistant begins; a plain question-and-answer frame on base models."""

    def decode(self, tokens: Sequence[int]) -> str:
        """Text of token ids, special tokens included."""

    def random_tokens(self, count: int, length: int, seed: int) -> list[Tokens]:
        """``count`` sequences of ``length`` ordinary (not special) token ids, uniform under ``seed``."""

    def residuals(self, items: Sequence[Tokens], layers: Sequence[int], tick: Tick) -> Floats:
        """Residuals ``[items, layers, d_model]`` at each item's last token; one truncated forward pass for all layers."""

    def residual_means(self, items: Sequence[Tokens], tick: Tick) -> Floats:
        """``[layers, d_model]``: mean of the residual at the output of every block over all positions that ``ablate`` would change."""

    def residual_norm(self, items: Sequence[Tokens], layer: int, tick: Tick) -> float:
        """Median L2 norm of the residual of ``layer`` over all positions but position 0 and norm outliers (> 4 × median)."""

    def activations(self, items: Sequence[Tokens], layer: int, tick: Tick, *, limit: float | None = None, fast: bool = False) -> Activations:
        """Residuals of ``layer`` at every ordinary position; ``limit`` None takes 4 × the median norm. ``fast`` may multiply in bfloat16."""

    def fit_autoencoder(self, values: Floats, fit: AutoencoderFit, tick: Tick) -> Autoencoder:
        """A sparse autoencoder fitted to ``values [n, d]`` on this subject's device; ``tick`` is told the rows of each batch."""

    def spliced_cross_entropy(self, items: Sequence[Tokens], layer: int, replace: Replace, limit: float, tick: Tick) -> list[Floats]:
        """As ``cross_entropy`` with the residuals of ``layer`` at ordinary positions (by ``limit``) replaced; the others pass through."""

    def spliced_log_probs(self, items: Sequence[Tokens], layer: int, replace: Replace, limit: float, token_ids: Sequence[int], tick: Tick) -> Floats:
        """As ``log_probs`` with the residuals of ``layer`` at ordinary positions (by ``limit``) replaced; the others pass through."""

    def log_probs(self, items: Sequence[Tokens], token_ids: Sequence[int], tick: Tick, edit: Edit | None = None) -> Floats:
        """Log-probabilities ``[items, token_ids]`` of the next token after each item, under ``edit`` if given."""

    def steered_log_probs(self, items: Sequence[Tokens], layer: int, vectors: Floats, token_ids: Sequence[int], tick: Tick) -> Floats:
        """``[vectors, items, token_ids]``: as ``log_probs`` with each of ``vectors[v, d_model]`` added; starts from the cached residual at ``layer``."""

    def continuation_log_probs(self, items: Sequence[Tokens], continuations: Sequence[Tokens], tick: Tick, edit: Edit | None = None) -> Floats:
        """``[items, continuations]``: summed log-probability of each continuation after each item."""

    def cross_entropy(self, items: Sequence[Tokens], tick: Tick, edit: Edit | None = None) -> list[Floats]:
        """Per item the next-token losses in nats at every position but the first."""

    def attention_to_offset(self, items: Sequence[Tokens], offset: int, queries: range, tick: Tick) -> Floats:
        """``[layers, heads]``: mean attention from each query position ``q`` in ``queries`` to key ``q - offset``; items of one length."""

    def patch_components(self, clean: Sequence[Tokens], corrupted: Sequence[Tokens], targets: Sequence[tuple[int, int]], tick: Tick) -> Floats:
        """``[layers, 2, items]``: logit of ``targets[i][0]`` minus ``targets[i][1]`` at the last token of the corrupted item.

        The output of one attention (0) or MLP (1) block is replaced, at all positions, by its clean value; pairs of equal length.
        """

    def ablate_components(
        self, items: Sequence[Tokens], donors: Sequence[Tokens], sets: Sequence[tuple[Component, ...]], reads: Sequence[Sequence[int]], tick: Tick
    ) -> AblationEffects:
        """Every set of components replaced, at the last token of item ``i``, by what they compute at the last token of ``donors[i]``.

        Read at the tokens ``reads[i]``, as many for every item. Lengths may differ: only the last token is touched.
        """

    def matched_random_effects(
        self, items: Sequence[Tokens], donors: Sequence[Tokens], component: Component, directions: Floats, reads: Sequence[Sequence[int]], tick: Tick
    ) -> AblationEffects:
        """As ``ablate_components`` of one component, with a random change in its place: sets are ``directions [n, d_model]``.

        Each is turned so that it changes the residual by as much as the ablation, and ``reads[i][0]`` directly by the same amount.
        """

    def edge_layout(self) -> EdgeLayout:
        """The edges between components of this model."""

    def edge_scores(self, clean: Sequence[Tokens], corrupted: Sequence[Tokens], targets: Sequence[tuple[int, int]], steps: int, tick: Tick) -> Floats:
        """``[items, sources, destinations]``: EAP-IG score of every edge for the logit of ``targets[i][0]`` minus that of ``targets[i][1]``.

        Clean minus corrupted writing of the source, times the gradient at the destination averaged over ``steps`` points between both embeddings.
        """

    def patched_circuits(
        self, clean: Sequence[Tokens], corrupted: Sequence[Tokens], targets: Sequence[tuple[int, int]], kept: NDArray[np.bool_], tick: Tick
    ) -> Floats:
        """``[circuits, items]``: the logit difference after each clean item when only the edges ``kept [circuits, sources, destinations]`` carry what the
        clean item gives and all others what the corrupted one wrote."""

    def generate(self, items: Sequence[Tokens], max_new: int, tick: Tick, edit: Edit | None = None) -> list[Tokens]:
        """Greedy continuations of at most ``max_new`` tokens, without the prompt."""

    def noisy(self, sigma: float, seed: int) -> "Subject":
        """The same model with Gaussian noise on every weight matrix, ``sigma`` in units of the matrix's own standard deviation; this one stays untouched."""

    def random_twin(self, seed: int) -> "Subject":
        """The same architecture and tokenizer with weights drawn at random under ``seed``."""
