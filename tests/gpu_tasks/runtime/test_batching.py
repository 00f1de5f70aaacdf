"""Equal lengths together, results in place, halving when the accelerator is full."""

from collections.abc import Sequence

import pytest
import torch

from assessments.contracts import Cancelled, Refused
from gpu_tasks.runtime.batching import LOGIT_BUDGET, Batcher, length_groups, rows_for


def test_items_are_grouped_by_rising_length_in_their_order() -> None:
    assert length_groups([(1, 2), (3,), (4, 5), (6,)]) == [(1, [1, 3]), (2, [0, 2])]


def test_rows_are_cut_into_batches_and_counted() -> None:
    done, ticks = list[Sequence[int]](), list[int]()
    Batcher(3).run(range(8), 5, done.append, ticks.append)
    assert [list(rows) for rows in done] == [[0, 1, 2], [3, 4, 5], [6, 7]]
    assert ticks == [15, 15, 10]


def test_a_tighter_cap_holds_for_one_run_only() -> None:
    batcher, sizes = Batcher(4), list[int]()
    batcher.run(range(4), 1, lambda rows: sizes.append(len(rows)), lambda tokens: None, most=1)
    batcher.run(range(4), 1, lambda rows: sizes.append(len(rows)), lambda tokens: None)
    assert sizes == [1, 1, 1, 1, 4]


def test_batches_halve_when_memory_runs_out_and_no_row_is_lost_or_done_twice() -> None:
    done, batcher = list[int](), Batcher(8)

    def work(rows: Sequence[int]) -> None:
        if len(rows) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        done.extend(rows)

    ticks = list[int]()
    batcher.run(range(11), 1, work, ticks.append)
    assert done == list(range(11))
    assert sum(ticks) == 11
    assert (batcher.size, batcher.halvings) == (2, 2)


def test_one_sequence_that_does_not_fit_is_refused() -> None:
    def work(rows: Sequence[int]) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(Refused, match="does not hold one sequence"):
        Batcher(4).run(range(4), 1, work, lambda tokens: None)


def test_cancelling_between_batches_leaves_the_rest_undone() -> None:
    done = list[int]()

    def stop(tokens: int) -> None:
        if len(done) >= 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        Batcher(2).run(range(10), 1, done.extend, stop)
    assert done == [0, 1, 2, 3]


def test_batch_size_below_one_is_refused() -> None:
    with pytest.raises(Refused, match="max_batch is 0"):
        Batcher(0)


def test_rows_for_keeps_the_logits_within_the_budget() -> None:
    assert rows_for(64, 49152) * 64 * 49152 <= LOGIT_BUDGET
    assert (rows_for(64, 49152) + 1) * 64 * 49152 > LOGIT_BUDGET
    assert rows_for(10**6, 10**6) == 1
