"""Fits a TopK sparse autoencoder to plain activations (Gao et al. 2024, arXiv:2406.04093); one seed gives the same weights to the bit."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag, normalize

from assessments.autoencoders import Autoencoder, AutoencoderFit
from assessments.contracts import Refused
from assessments.subject import Floats, Tick

AUXILIARY = 1 / 32
"""Weight of the loss by which features that do not fire learn what the others leave over (appendix A.2 of the paper)."""
DEAD_AFTER = 100
"""Batches without firing after which a feature counts as dead."""
START = 0.1
"""Length of the encoder's rows at the beginning: with 1 the first sums of features are many times too long, and most of the fit is spent shrinking them."""
WARM_UP, DECAY = 0.05, 0.3
"""Shares of the steps in which the rate rises from zero and falls back to zero."""


class TopK:
    """Weights in units of standardised activations; ``encoder`` and ``decoder`` are both ``[width, d_in]``, decoder rows of length 1."""

    def __init__(self, rows: Tensor, fit: AutoencoderFit, chance: torch.Generator) -> None:
        # Features start at activations that occur, so that few are dead from the beginning.
        start = rows[torch.randint(len(rows), (fit.width,), generator=chance).to(rows.device)]
        start = normalize(start, dim=1) + normalize(torch.randn(start.shape, generator=chance), dim=1).to(rows.device)
        self.decoder = normalize(start, dim=1).requires_grad_()
        self.encoder = (START * normalize(start, dim=1)).requires_grad_()
        self.encoder_bias = torch.zeros(fit.width, device=rows.device, requires_grad=True)
        self.decoder_bias = torch.zeros(rows.shape[1], device=rows.device, requires_grad=True)
        self.quiet = torch.zeros(fit.width, dtype=torch.long, device=rows.device)
        self.k = fit.k

    @property
    def parameters(self) -> list[Tensor]:
        """All that is learnt."""
        return [self.encoder, self.decoder, self.encoder_bias, self.decoder_bias]

    def backward(self, batch: Tensor) -> None:
        """Add the gradients of the mean squared error per unit of variance on ``batch [n, d_in]``, touching active features only."""
        with torch.no_grad():
            scores = (batch - self.decoder_bias) @ self.encoder.t() + self.encoder_bias
            chosen = scores.topk(self.k, dim=1, sorted=False)
        active = chosen.values.relu().requires_grad_()
        error = batch - self.decoder_bias - self._decode(chosen.indices, active)
        torch.autograd.backward(error.square().mean() / batch.square().mean())
        self._encoder_backward(batch, chosen.indices, active)
        self._revive(batch, scores, error.detach())
        self.quiet += 1
        self.quiet[chosen.indices[chosen.values > 0]] = 0

    def _decode(self, indices: Tensor, values: Tensor) -> Tensor:
        return embedding_bag(indices, self.decoder, per_sample_weights=values, mode="sum")

    def _encoder_backward(self, batch: Tensor, indices: Tensor, values: Tensor) -> None:
        """Carry the gradient of ``values`` on to what they were scored with: its inner product with the scores has the same derivative."""
        assert values.grad is not None
        slopes = values.grad * (values > 0)
        directions = embedding_bag(indices, self.encoder, per_sample_weights=slopes, mode="sum")
        torch.autograd.backward((directions * (batch - self.decoder_bias)).sum() + (slopes * self.encoder_bias[indices]).sum())

    def _revive(self, batch: Tensor, scores: Tensor, error: Tensor) -> None:
        """Auxiliary loss: dead features render the error of the living ones."""
        dead = self.quiet > DEAD_AFTER
        if not dead.any():
            return
        chosen = scores.masked_fill(~dead, -torch.inf).topk(min(2 * self.k, int(dead.sum())), dim=1, sorted=False)
        active = chosen.values.relu().requires_grad_()
        rest = error - self._decode(chosen.indices, active)
        torch.autograd.backward(AUXILIARY * rest.square().mean() / error.square().mean())
        self._encoder_backward(batch, chosen.indices, active)

    @torch.no_grad()
    def normalise(self) -> None:
        """Give every decoder row length 1 again."""
        self.decoder /= self.decoder.norm(dim=1, keepdim=True).clamp_min(1e-8)


def fit_autoencoder(values: Floats, fit: AutoencoderFit, device: torch.device, tick: Tick) -> Autoencoder:
    """Fit to ``values [n, d_in]``; the result works on raw activations. ``tick`` is told the rows of each batch; ``Refused`` on too few rows."""
    if len(values) < max(fit.k, 2):
        raise Refused(f"fitting features needs more activations than {len(values)}: give more tokens")
    centre = values.mean(axis=0, dtype=np.float64).astype(np.float32)
    scale = np.float32(np.sqrt(np.square(values - centre).mean(dtype=np.float64)))
    if not np.isfinite(scale) or scale == 0:
        raise Refused("the activations are constant or not finite, so there is nothing to fit: choose another layer")
    rows = torch.from_numpy((values - centre) / scale).to(device)
    chance = torch.Generator().manual_seed(fit.seed)
    model = TopK(rows, fit, chance)
    steps = fit.passes * -(-len(rows) // fit.batch)
    optimiser = torch.optim.Adam(model.parameters, lr=fit.rate, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: min(1.0, (step + 1) / (WARM_UP * steps + 1), (steps - step) / (DECAY * steps + 1)))
    for batch in _batches(rows, fit, chance):
        model.backward(batch)
        torch.nn.utils.clip_grad_norm_(model.parameters, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        schedule.step()
        model.normalise()
        tick(len(batch))
    return _folded(model, centre, scale)


def _batches(rows: Tensor, fit: AutoencoderFit, chance: torch.Generator) -> Iterator[Tensor]:
    for _ in range(fit.passes):
        for part in torch.split(torch.randperm(len(rows), generator=chance).to(rows.device), fit.batch):
            yield rows[part]


def _folded(model: TopK, centre: Floats, scale: np.float32) -> Autoencoder:
    """Scores and codes grow by ``scale``, the decoder bias takes the centre: which features are highest does not change."""
    encoder, decoder, encoder_bias, decoder_bias = (tensor.detach().cpu().numpy() for tensor in model.parameters)
    return Autoencoder("topk", np.ascontiguousarray(encoder.T), encoder_bias * scale, decoder.copy(), decoder_bias * scale + centre, k=model.k)
