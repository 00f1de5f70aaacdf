"""Batches of equal-length sequences: no padding anywhere, and a batch halves when the accelerator's memory runs out."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch

from assessments.contracts import Refused
from assessments.subject import Tick, Tokens

POLICY = "sequences of equal length together, no padding, order kept within a length; a prefix common to a batch is computed once"
LOGIT_BUDGET = 2**26
"""Most logits (rows × positions × vocabulary) held at once: 256 MiB in fp32."""

Row = TypeVar("Row")


def length_groups(items: Sequence[Tokens]) -> list[tuple[int, list[int]]]:
    """``(length, indices)`` by rising length; indices keep the order of ``items``."""
    groups: dict[int, list[int]] = {}
    for index, item in enumerate(items):
        groups.setdefault(len(item), []).append(index)
    return sorted(groups.items())


class Batcher:
    """Cuts rows into batches of at most ``size``; halves ``size`` for good when the accelerator reports out of memory."""

    def __init__(self, size: int) -> None:
        if size < 1:
            raise Refused(f"max_batch is {size}: give at least 1")
        self.size = size
        self.halvings = 0

    def run(self, rows: Sequence[Row], length: int, work: Callable[[Sequence[Row]], None], tick: Tick, most: int | None = None) -> None:
        """Call ``work`` on consecutive slices of ``rows`` (``length`` tokens each), ``tick`` after each; ``most`` caps the slice further."""
        for batch in self._slices(rows, most or self.size, work):
            tick(len(batch) * length)

    def _slices(self, rows: Sequence[Row], most: int, work: Callable[[Sequence[Row]], None]) -> Iterator[Sequence[Row]]:
        start = 0
        while start < len(rows):
            batch = rows[start : start + min(self.size, most)]
            try:
                work(batch)
            except torch.OutOfMemoryError as error:
                self._halve(len(batch), error)
                continue
            start += len(batch)
            yield batch

    def _halve(self, rows: int, error: torch.OutOfMemoryError) -> None:
        if rows == 1:
            raise Refused("the accelerator's memory does not hold one sequence: use shorter probes, a smaller model, or run on the CPU") from error
        self.size, self.halvings = max(1, rows // 2), self.halvings + 1
        torch.cuda.empty_cache()


def rows_for(positions: int, vocab: int) -> int:
    """How many sequences may ask for the logits of ``positions`` positions at once."""
    return max(1, LOGIT_BUDGET // (positions * vocab))
