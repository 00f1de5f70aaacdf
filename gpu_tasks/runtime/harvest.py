"""One forward pass, many readers: residuals at the last tokens of a batch stay beside the loaded model for the other steps of a run."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from torch import Tensor

from assessments.subject import Floats, Tokens
from core.hashing import sha256_bytes
from gpu_tasks.runtime.passes import Engine

BUDGET = 64 * 2**20
"""Bytes kept: an eighth of the default model, about 900 of its texts at every layer."""

Residuals = Mapping[int, Floats]
"""By layer, ``[rows, d_model]`` at the last tokens of a batch; not to be written to."""


class Harvest:
    """Residuals of the batches that steps of one run have run, for one loaded model and its random twins.

    A batch is found again only when the same rows of the same weights stand in it in the same order: other company changes the last bits of a sum,
    so what is read is to the bit what would have been computed. The batches read longest ago are given up first.
    """

    def __init__(self, budget: int = BUDGET) -> None:
        self.budget, self.size = budget, 0
        self.run, self.planned = "", tuple[int, ...]()
        self.tokens_read = 0
        self._batches: OrderedDict[str, Residuals] = OrderedDict()

    def begin(self, run: str, planned: Sequence[int]) -> "Harvest":
        """A step of ``run`` begins; ``planned`` layers are asked of its texts by some step of the run. Another run finds nothing."""
        if run != self.run:
            self.clear()
        self.run, self.planned, self.tokens_read = run, tuple(planned), 0
        return self

    def clear(self) -> None:
        """Forget everything."""
        self._batches.clear()
        self.run, self.size = "", 0

    def residuals(self, model: str, engine: Callable[[], Engine], rows: Sequence[Tokens], layers: Sequence[int]) -> Residuals:
        """Residuals of ``rows`` (of one length) for ``layers`` at least: read when they are there, else run for these and all planned layers."""
        key = batch_key(model, rows)
        found = self._batches.get(key, {})
        if found.keys() >= set(layers):
            self._batches.move_to_end(key)
            self.tokens_read += sum(map(len, rows))
            return found
        found = {**found, **run_batch(engine(), rows, sorted({*layers, *self.planned}))}
        self._keep(key, found)
        return found

    def _keep(self, key: str, found: Residuals) -> None:
        self._drop(key)
        size = _bytes(found)
        while self._batches and self.size + size > self.budget:
            self._drop(next(iter(self._batches)))
        if size <= self.budget:
            self._batches[key] = found
            self.size += size

    def _drop(self, key: str) -> None:
        self.size -= _bytes(self._batches.pop(key, {}))


def run_batch(engine: Engine, rows: Sequence[Tokens], layers: Sequence[int]) -> Residuals:
    """One truncated pass over ``rows`` of one length."""
    found = engine.residuals(engine.ids(rows), layers, last_only=True)
    return {layer: _frozen(value) for layer, value in found.items()}


def batch_key(model: str, rows: Sequence[Tokens]) -> str:
    """Hex SHA-256 of everything that decides the bits within one process: ``model`` (weights) and the token ids of every row, in order."""
    ids = np.array(rows, dtype=np.int64)
    return sha256_bytes(f"{model}\0{ids.shape}\0".encode() + ids.tobytes())


def _frozen(value: Tensor) -> Floats:
    array: Floats = value.float().cpu().numpy()
    array.setflags(write=False)
    return array


def _bytes(found: Residuals) -> int:
    return sum(array.nbytes for array in found.values())
