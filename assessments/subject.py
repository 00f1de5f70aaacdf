"""The subject as instruments see it: numpy in, numpy out. The torch adapter lives in ``gpu_tasks.runtime``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

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
    (``layer`` ignored). ``noop``: hook installed, nothing changed.
    """

    kind: Literal["add", "ablate", "noop"]
    layer: int
    vector: Floats


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

    def residual_norm(self, items: Sequence[Tokens], layer: int, tick: Tick) -> float:
        """Median L2 norm of the residual of ``layer`` over all positions but position 0 and norm outliers (> 4 × median)."""

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

    def generate(self, items: Sequence[Tokens], max_new: int, tick: Tick, edit: Edit | None = None) -> list[Tokens]:
        """Greedy continuations of at most ``max_new`` tokens, without the prompt."""

    def random_twin(self, seed: int) -> "Subject":
        """The same architecture and tokenizer with weights drawn at random under ``seed``."""
