"""What the adapter must agree with: the plain library model with plain torch hooks, no bridge, no cache, one sequence at a time."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import AutoModelForCausalLM

Change = Callable[[Tensor], Tensor]


class Reference:
    """The model in ``folder`` as the library runs it."""

    def __init__(self, folder: Path) -> None:
        self.model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        base = getattr(self.model, "model", None) or self.model.transformer
        self.layers: list[Any] = list(getattr(base, "layers", None) or base.h)

    def component(self, layer: int, which: int) -> Any:
        """The module whose output is added to the residual stream: attention (0) or MLP (1), after a norm of its own if it has one."""
        block = self.layers[layer]
        if hasattr(block, "post_feedforward_layernorm"):
            return (block.post_attention_layernorm, block.post_feedforward_layernorm)[which]
        attention = block.self_attn if hasattr(block, "self_attn") else block.attn
        return (attention, block.mlp)[which]

    def logits(self, tokens: Sequence[int], changes: Sequence[tuple[Any, Change]] = ()) -> Tensor:
        """Logits ``[positions, vocabulary]`` with the outputs of some modules changed."""
        with torch.inference_mode(), changed(changes):
            return self.model(torch.tensor([list(tokens)]), use_cache=False).logits[0].float()

    def log_probs(self, tokens: Sequence[int], changes: Sequence[tuple[Any, Change]] = ()) -> Any:
        """Log-probabilities ``[vocabulary]`` of the next token."""
        return self.logits(tokens, changes)[-1].log_softmax(-1).numpy()

    def output(self, tokens: Sequence[int], module: Any) -> Tensor:
        """Output of ``module``, ``[1, positions, width]``."""
        seen: list[Tensor] = []
        self.logits(tokens, [(module, lambda value: seen.append(value.clone()) or value)])
        return seen[0]

    def greedy(self, tokens: Sequence[int], count: int) -> list[int]:
        """``count`` greedy tokens, each from a full pass."""
        row = list(tokens)
        for _ in range(count):
            row.append(int(self.logits(row)[-1].argmax()))
        return row[len(tokens) :]


@contextmanager
def changed(changes: Sequence[tuple[Any, Change]]) -> Iterator[None]:
    """Put each change on the first tensor its module returns."""
    handles = [module.register_forward_hook(_first(change)) for module, change in changes]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _first(change: Change) -> Callable[[Any, Any, Any], Any]:
    def hook(module: Any, args: Any, output: Any) -> Any:
        return (change(output[0]), *output[1:]) if isinstance(output, tuple) else change(output)

    return hook


def adding(vector: Any) -> Change:
    """Adds a vector at every position."""
    return lambda value: value + torch.as_tensor(np.asarray(vector))
