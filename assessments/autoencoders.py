"""Sparse autoencoders as instruments see them: activations to a few active features and back, in numpy."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class AutoencoderFit:
    """How to fit one: ``width`` features of which ``k`` may be active, ``passes`` over the activations in batches of ``batch`` rows."""

    width: int
    k: int
    passes: int
    seed: int
    batch: int = 512
    rate: float = 3e-3


@dataclass(frozen=True)
class Autoencoder:
    """``encoder [d_in, width]``, ``decoder [width, d_in]``. Takes raw activations: any centring is in the biases.

    ``centred``: the decoder bias is taken off before encoding. ``topk``: the ``k`` highest scores that are positive are active;
    ``jumprelu``: those above ``threshold``; ``standard``: those above zero. ``about`` is what its file says of it.
    """

    architecture: Literal["topk", "jumprelu", "standard"]
    encoder: Floats
    encoder_bias: Floats
    decoder: Floats
    decoder_bias: Floats
    centred: bool = True
    k: int = 0
    threshold: Floats | None = None
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """Number of features."""
        return len(self.encoder_bias)

    @property
    def d_in(self) -> int:
        """Width of the activations it reads."""
        return len(self.decoder_bias)

    def encode(self, rows: Floats) -> Floats:
        """``[n, width]``: activation of every feature for ``rows[n, d_in]``; zero where it is not active."""
        scores = (rows - self.decoder_bias if self.centred else rows) @ self.encoder + self.encoder_bias
        if self.architecture == "jumprelu" and self.threshold is not None:
            return np.where(scores > self.threshold, scores, np.float32(0))
        if self.architecture == "topk" and self.k < self.width:
            chosen = np.argpartition(scores, -self.k, axis=1)[:, -self.k :]
            values = np.maximum(np.take_along_axis(scores, chosen, axis=1), 0)
            scores = np.zeros_like(scores)
            np.put_along_axis(scores, chosen, values, axis=1)
        return np.maximum(scores, 0)

    def decode(self, codes: Floats) -> Floats:
        """``[n, d_in]`` from ``codes[n, width]``."""
        return np.asarray(codes @ self.decoder + self.decoder_bias, dtype=np.float32)

    def reconstruct(self, rows: Floats) -> Floats:
        """``[n, d_in]``: ``rows`` as the active features render them."""
        return self.decode(self.encode(rows))
