"""A second copy of a model whose weight matrices carry Gaussian noise; the model itself is never touched."""

import gc
import zlib
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from assessments.contracts import Refused
from gpu_tasks.runtime.passes import Engine


class NoiseBench:
    """Holds one copy of ``original`` and writes the noise that is asked for into it; at most two models are in memory."""

    def __init__(self, original: Callable[[], Engine], copy: Callable[[], Engine]) -> None:
        self._original, self._copy = original, copy
        self._engine: Engine | None = None
        self._written: tuple[float, int] | None = None

    def engine(self, sigma: float, seed: int) -> Engine:
        """The copy with noise of ``sigma`` standard deviations of each matrix, drawn under ``seed``; written anew after another was asked for."""
        if self._engine is None:
            # What an earlier bench held is a cycle of modules and would stay in memory beside the new copy.
            gc.collect()
            self._engine = self._copy()
        if self._written != (sigma, seed):
            self._write(self._engine, sigma, seed)
            self._written = (sigma, seed)
        return self._engine

    def _write(self, engine: Engine, sigma: float, seed: int) -> None:
        clean = dict(matrices(self._original()))
        with torch.no_grad():
            for name, target in matrices(engine):
                target.copy_(noisy(clean[name], sigma, seed, name))


def checked_sigma(sigma: float) -> float:
    """``sigma`` if it is a finite number of at least 0."""
    if not 0 <= sigma < float("inf"):
        raise Refused(f"a noise level of {sigma} is not possible: give a finite number of at least 0, in standard deviations of each matrix")
    return sigma


def matrices(engine: Engine) -> Iterator[tuple[str, Tensor]]:
    """Every weight matrix by name, tied ones once; norms' gains and biases are left alone."""
    return ((name, tensor) for name, tensor in engine.bridge.original_model.named_parameters() if tensor.ndim >= 2)


def noisy(weight: Tensor, sigma: float, seed: int, name: str) -> Tensor:
    """``weight + sigma × std(weight) × z``; ``z`` depends on seed and name alone, so that a seed is one direction walked by rising ``sigma``."""
    source = torch.Generator().manual_seed(zlib.crc32(f"{seed}/{name}".encode()))
    draw = torch.randn(weight.shape, generator=source, dtype=torch.float32).to(weight.device)
    return weight + sigma * weight.float().std() * draw
