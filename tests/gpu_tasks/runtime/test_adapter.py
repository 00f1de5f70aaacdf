"""The adapter against the plain library model, over every family of architectures."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from assessments.contracts import Cancelled, Refused
from assessments.subject import Edit, Tick
from gpu_tasks.runtime.adapter import BridgeSubject
from gpu_tasks.runtime.interventions import edit_hooks
from tests.gpu_tasks.runtime.conftest import Loader
from tests.gpu_tasks.runtime.reference import Reference, adding
from tests.tiny_models import FAMILIES

IDS = [5, 17, 300]
WIDTH = 64


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def subject(tiny: Loader, family: str) -> BridgeSubject:
    return tiny(family)


@pytest.fixture
def reference(tiny_folder: Callable[[str], Path], family: str) -> Reference:
    return Reference(tiny_folder(family))


@pytest.fixture
def items(subject: BridgeSubject) -> list[tuple[int, ...]]:
    """Two lengths, mixed up, so that grouping must put rows back in place."""
    long, short = subject.random_tokens(3, 21, seed=1), subject.random_tokens(2, 9, seed=2)
    return [long[0], short[0], long[1], short[1], long[2]]


def vector(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=WIDTH).astype(np.float32)


def test_log_probs_equal_the_plain_model(subject: BridgeSubject, reference: Reference, items: list[tuple[int, ...]], tick: Tick) -> None:
    found = subject.log_probs(items, IDS, tick)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [reference.log_probs(item)[IDS] for item in items], atol=2e-5)


def test_batched_rows_equal_single_rows(subject: BridgeSubject, items: list[tuple[int, ...]], tick: Tick) -> None:
    single = np.concatenate([subject.log_probs([item], IDS, tick) for item in items])
    np.testing.assert_allclose(subject.log_probs(items, IDS, tick), single, atol=5e-6)


def test_the_same_input_twice_gives_the_same_bits(subject: BridgeSubject, items: list[tuple[int, ...]], tick: Tick) -> None:
    first, second = subject.log_probs(items, IDS, tick), subject.log_probs(items, IDS, tick)
    assert first.tobytes() == second.tobytes()


def test_residuals_equal_the_block_outputs(subject: BridgeSubject, reference: Reference, items: list[tuple[int, ...]], tick: Tick) -> None:
    found = subject.residuals(items, [1, 0], tick)
    wanted = [[reference.output(item, reference.layers[layer])[0, -1].numpy() for layer in (1, 0)] for item in items]
    np.testing.assert_allclose(found, wanted, atol=2e-5, rtol=1e-5)


def test_residuals_of_a_low_layer_do_not_run_the_blocks_above(subject: BridgeSubject, items: list[tuple[int, ...]], tick: Tick) -> None:
    ran: list[int] = []
    handle = subject.engine.blocks[1].register_forward_hook(lambda module, args, output: ran.append(1))
    subject.residuals(items, [0], tick)
    handle.remove()
    assert ran == []


def test_residual_norm_is_the_median_without_the_first_position(subject: BridgeSubject, reference: Reference, items: list[tuple[int, ...]], tick: Tick) -> None:
    every = np.concatenate([reference.output(item, reference.layers[0])[0, 1:].norm(dim=-1).numpy() for item in items])
    assert subject.residual_norm(items, 0, tick) == pytest.approx(np.median(every[every <= 4 * np.median(every)]), rel=1e-5)


def test_added_vector_acts_at_every_position(subject: BridgeSubject, reference: Reference, items: list[tuple[int, ...]], tick: Tick) -> None:
    found = subject.log_probs(items, IDS, tick, Edit("add", 0, vector()))
    wanted = [reference.log_probs(item, [(reference.layers[0], adding(vector()))])[IDS] for item in items]
    np.testing.assert_allclose(found, wanted, atol=2e-5)
    assert np.abs(found - subject.log_probs(items, IDS, tick)).max() > 1e-3


def test_ablation_projects_out_at_every_block(subject: BridgeSubject, reference: Reference, items: list[tuple[int, ...]], tick: Tick) -> None:
    unit = torch.as_tensor(vector() / np.linalg.norm(vector()))

    def without(value: torch.Tensor) -> torch.Tensor:
        return value - (value @ unit)[..., None] * unit

    found = subject.log_probs(items, IDS, tick, Edit("ablate", 0, vector() * 7))
    wanted = [reference.log_probs(item, [(layer, without) for layer in reference.layers])[IDS] for item in items]
    np.testing.assert_allclose(found, wanted, atol=2e-5)
    assert np.abs(found - subject.log_probs(items, IDS, tick)).max() > 1e-4


def test_ablation_leaves_what_it_is_told_to_leave(subject: BridgeSubject, reference: Reference, items: list[tuple[int, ...]], tick: Tick) -> None:
    unit = torch.as_tensor(vector() / np.linalg.norm(vector()))
    levels = np.arange(1, len(reference.layers) + 1, dtype=np.float32)

    def leaving(level: float) -> Callable[[torch.Tensor], torch.Tensor]:
        return lambda value: value - (value @ unit - level)[..., None] * unit

    found = subject.log_probs(items, IDS, tick, Edit("ablate", 0, vector(), levels))
    edits = [(layer, leaving(float(level))) for layer, level in zip(reference.layers, levels, strict=True)]
    np.testing.assert_allclose(found, [reference.log_probs(item, edits)[IDS] for item in items], atol=2e-5)
    assert np.abs(found - subject.log_probs(items, IDS, tick, Edit("ablate", 0, vector()))).max() > 1e-4


def test_residual_means_are_those_of_every_position(subject: BridgeSubject, reference: Reference, items: list[tuple[int, ...]], tick: Tick) -> None:
    found = subject.residual_means(items, tick)
    for layer, block in enumerate(reference.layers):
        every = torch.cat([reference.output(item, block)[0] for item in items])
        np.testing.assert_allclose(found[layer], every.mean(dim=0).numpy(), atol=2e-5)


def test_massive_activations_do_not_count_in_means(subject: BridgeSubject, items: list[tuple[int, ...]], tick: Tick, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = subject.residual_means(items[:1], tick)
    read = subject.engine.residuals

    def with_outlier(ids: torch.Tensor, layers: Sequence[int], last_only: bool) -> dict[int, torch.Tensor]:
        return {layer: torch.cat([value, 1e4 * value[:, :1]], dim=1) for layer, value in read(ids, layers, last_only).items()}

    monkeypatch.setattr(subject.engine, "residuals", with_outlier)
    np.testing.assert_allclose(subject.residual_means(items[:1], tick), plain, atol=1e-5)


def test_ablation_leaves_massive_activations_alone() -> None:
    """Four times the median of their own sequence and no longer: those are projected like the rest."""
    unit = torch.nn.functional.normalize(torch.ones(WIDTH), dim=0)
    value = unit.repeat(2, 5, 1) * torch.tensor([[9.0, 1.0, 1.0, 4.0, 2.0], [1.0, 1.0, 1.0, 1.0, 1.0]])[..., None]
    (_, hook), *_ = edit_hooks(Edit("ablate", 0, unit.numpy()), 2, WIDTH, torch.device("cpu"))
    left = hook(value, None)
    assert left is not None
    assert torch.equal(left[0, 0], value[0, 0])
    left[0, 0] = 0
    assert left.abs().max() < 1e-6


def test_noop_hook_changes_no_bit(subject: BridgeSubject, items: list[tuple[int, ...]], tick: Tick) -> None:
    assert subject.log_probs(items, IDS, tick, Edit("noop", 1, vector())).tobytes() == subject.log_probs(items, IDS, tick).tobytes()


@pytest.mark.parametrize("layer", [0, 1])
def test_steering_by_nothing_equals_the_plain_pass(subject: BridgeSubject, items: list[tuple[int, ...]], tick: Tick, layer: int) -> None:
    still = np.zeros((1, WIDTH), np.float32)
    assert subject.steered_log_probs(items, layer, still, IDS, tick)[0].tobytes() == subject.log_probs(items, IDS, tick).tobytes()


@pytest.mark.parametrize("layer", [0, 1])
def test_steering_equals_the_naive_pass_with_a_hook(subject: BridgeSubject, reference: Reference, items: list[tuple[int, ...]], tick: Tick, layer: int) -> None:
    vectors = np.stack([vector(seed) for seed in range(4)])
    found = subject.steered_log_probs(items, layer, vectors, IDS, tick)
    wanted = [[reference.log_probs(item, [(reference.layers[layer], adding(step))])[IDS] for item in items] for step in vectors]
    np.testing.assert_allclose(found, wanted, atol=3e-5)
    assert np.abs(found[0] - found[1]).max() > 1e-3


def test_steering_runs_no_block_at_or_below_the_layer(subject: BridgeSubject, items: list[tuple[int, ...]], tick: Tick) -> None:
    subject.engine.resumes_at(1)
    ran: list[int] = []
    handles = [block.original_component.register_forward_hook(lambda module, args, output: ran.append(1)) for block in subject.engine.blocks]
    subject.steered_log_probs(items, 1, np.zeros((5, WIDTH), np.float32), IDS, tick)
    for handle in handles:
        handle.remove()
    assert len(ran) == 2 * 2, "one clean pass through two blocks for each of two lengths, nothing for the five directions"


def test_the_model_is_as_before_after_steering(subject: BridgeSubject, items: list[tuple[int, ...]], tick: Tick) -> None:
    before = subject.log_probs(items, IDS, tick).tobytes()
    subject.steered_log_probs(items, 1, np.ones((2, WIDTH), np.float32), IDS, tick)
    assert subject.log_probs(items, IDS, tick).tobytes() == before


def test_continuations_sum_their_tokens(subject: BridgeSubject, reference: Reference, items: list[tuple[int, ...]], tick: Tick) -> None:
    continuations = [(9,), (40, 41, 42)]
    found = subject.continuation_log_probs(items, continuations, tick)
    for row, item in enumerate(items):
        for column, continuation in enumerate(continuations):
            scores = reference.logits((*item, *continuation)).log_softmax(-1)
            wanted = sum(float(scores[len(item) - 1 + at, token]) for at, token in enumerate(continuation))
            assert found[row, column] == pytest.approx(wanted, abs=5e-5)


def test_one_token_continuation_equals_log_probs(subject: BridgeSubject, items: list[tuple[int, ...]], tick: Tick) -> None:
    edit = Edit("add", 0, vector())
    one = subject.continuation_log_probs(items, [(token,) for token in IDS], tick, edit)
    np.testing.assert_allclose(one, subject.log_probs(items, IDS, tick, edit), atol=1e-5)


def test_cross_entropy_covers_every_token_but_the_first(subject: BridgeSubject, reference: Reference, items: list[tuple[int, ...]], tick: Tick) -> None:
    found = subject.cross_entropy(items, tick)
    assert [len(row) for row in found] == [len(item) - 1 for item in items]
    for row, item in zip(found, items, strict=True):
        wanted = torch.nn.functional.cross_entropy(reference.logits(item)[:-1], torch.tensor(item[1:]), reduction="none")
        np.testing.assert_allclose(row, wanted.numpy(), atol=3e-5)


def test_generation_equals_token_by_token_passes(subject: BridgeSubject, reference: Reference, items: list[tuple[int, ...]], tick: Tick) -> None:
    found = subject.generate(items, 8, tick)
    for row, item in zip(found, items, strict=True):
        wanted = reference.greedy(item, 8)
        assert list(row) == (wanted[: wanted.index(0)] if 0 in wanted else wanted)


def test_generation_under_an_edit_differs_from_the_plain_one(subject: BridgeSubject, items: list[tuple[int, ...]], tick: Tick) -> None:
    assert subject.generate(items, 6, tick, Edit("add", 1, 50 * vector())) != subject.generate(items, 6, tick)


def test_generation_stops_before_the_end_token(subject: BridgeSubject, items: list[tuple[int, ...]], tick: Tick) -> None:
    plain = subject.generate(items[:1], 6, tick)[0]
    ended = subject.for_step(subject.spec, 4)
    object.__setattr__(ended._boot, "end_tokens", frozenset({plain[3]}))
    assert ended.generate(items[:1], 6, tick)[0] == plain[: plain.index(plain[3])]


def test_tick_counts_the_tokens_of_every_batch(tiny: Loader, family: str, items: list[tuple[int, ...]]) -> None:
    subject, seen = tiny(family, max_batch=2), list[int]()
    subject.log_probs(items, IDS, seen.append)
    assert seen == [2 * 9, 2 * 21, 21]


def test_cancelling_at_a_batch_stops_and_leaves_the_model_usable(subject: BridgeSubject, items: list[tuple[int, ...]], tick: Tick) -> None:
    before = subject.log_probs(items, IDS, tick).tobytes()

    def stop(tokens: int) -> None:
        raise Cancelled

    for call in (
        lambda: subject.log_probs(items, IDS, stop, Edit("add", 0, vector())),
        lambda: subject.steered_log_probs(items, 0, vector()[None], IDS, stop),
        lambda: subject.generate(items, 3, stop),
    ):
        with pytest.raises(Cancelled):
            call()
    assert subject.log_probs(items, IDS, tick).tobytes() == before


@pytest.fixture
def chats(subject: BridgeSubject) -> list[tuple[int, ...]]:
    """Five items that begin with the same 40 tokens, longer than the sliding windows."""
    prefix = subject.random_tokens(1, 40, seed=5)[0]
    return [(*prefix, *row) for row in subject.random_tokens(5, 6, seed=6)]


def test_common_prefix_changes_no_number(subject: BridgeSubject, reference: Reference, chats: list[tuple[int, ...]], tick: Tick) -> None:
    np.testing.assert_allclose(subject.log_probs(chats, IDS, tick), [reference.log_probs(item)[IDS] for item in chats], atol=2e-5)
    wanted = [[reference.output(item, reference.layers[layer])[0, -1].numpy() for layer in (0, 1)] for item in chats]
    np.testing.assert_allclose(subject.residuals(chats, [0, 1], tick), wanted, atol=2e-5, rtol=1e-5)
    np.testing.assert_allclose(subject.residuals(chats, [0], tick), np.array(wanted)[:, :1], atol=2e-5, rtol=1e-5)
    edit = Edit("add", 0, vector())
    changed = [reference.log_probs(item, [(reference.layers[0], adding(vector()))]) for item in chats]
    np.testing.assert_allclose(subject.log_probs(chats, IDS, tick, edit), [row[IDS] for row in changed], atol=2e-5)
    np.testing.assert_allclose(subject.continuation_log_probs(chats, [(5,)], tick, edit)[:, 0], [row[5] for row in changed], atol=2e-5)


def test_common_prefix_runs_once(subject: BridgeSubject, chats: list[tuple[int, ...]], tick: Tick) -> None:
    assert subject.engine.shares_prefixes
    sizes: list[tuple[int, ...]] = []
    handle = subject.engine.blocks[0].register_forward_hook(lambda module, args, output: sizes.append(tuple(args[0].shape[:2])))
    subject.log_probs(chats, IDS, tick)
    subject.residuals(chats, [1], tick)
    subject.cross_entropy(chats, tick)
    handle.remove()
    assert sizes == [(1, 40), (5, 6), (1, 40), (5, 6), (5, 46)]


def test_prefix_that_is_the_whole_item_leaves_the_asked_positions(subject: BridgeSubject, tick: Tick) -> None:
    same = subject.random_tokens(1, 40, seed=5) * 4
    found = subject.log_probs(same, IDS, tick)
    np.testing.assert_allclose(found, np.repeat(subject.log_probs(same[:1], IDS, tick), 4, axis=0), atol=1e-5)


def test_small_batches_give_the_same_numbers(tiny: Loader, family: str, subject: BridgeSubject, items: list[tuple[int, ...]], tick: Tick) -> None:
    small, vectors = tiny(family, max_batch=2), np.stack([vector(seed) for seed in range(3)])
    np.testing.assert_allclose(small.steered_log_probs(items, 0, vectors, IDS, tick), subject.steered_log_probs(items, 0, vectors, IDS, tick), atol=1e-5)


def test_random_twin_is_seeded_shares_nothing_and_leaves_the_global_stream(subject: BridgeSubject, items: list[tuple[int, ...]], tick: Tick) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, again, other = (subject.random_twin(seed).log_probs(items, IDS, tick) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(3), expected)
    assert first.tobytes() == again.tobytes()
    assert np.abs(first - other).max() > 1e-3
    assert np.abs(first - subject.log_probs(items, IDS, tick)).max() > 1e-3
    twin = subject.random_twin(1)
    own = {parameter.data_ptr() for parameter in subject.engine.bridge.original_model.parameters()}
    assert own.isdisjoint(parameter.data_ptr() for parameter in twin.engine.bridge.original_model.parameters())


def test_random_twin_says_what_it_is_and_is_built_late(subject: BridgeSubject) -> None:
    twin = subject.random_twin(7)
    assert "engine" not in vars(twin)
    assert twin.facts.random_weights
    assert twin.facts.environment["random_twin_seed"] == 7
    assert twin.facts.environment["random_twin_of"] == subject.spec.weights_digest
    assert (twin.spec.source, twin.spec.weights_digest) == ("random", "")
    assert twin.facts.n_layers == subject.facts.n_layers


def test_facts_describe_the_model(subject: BridgeSubject, reference: Reference, family: str) -> None:
    facts = subject.facts
    assert (facts.n_layers, facts.n_heads, facts.d_model, facts.vocab_size) == (2, 4, WIDTH, 480)
    assert facts.parameters == sum(parameter.numel() for parameter in reference.model.parameters())
    assert (facts.dtype, facts.threads, facts.random_weights) == ("float32", 1, False)
    assert facts.architecture == type(reference.model).__name__
    assert facts.chat == ("template" if family == "qwen2" else "plain")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s, t: s.log_probs([()], [1], t), "no tokens"),
        (lambda s, t: s.log_probs([(1,) * 257], [1], t), "the model reads 256"),
        (lambda s, t: s.generate([(1,) * 250], 7, t), "the model reads 256"),
        (lambda s, t: s.log_probs([(1, 480)], [1], t), "outside the vocabulary of 480"),
        (lambda s, t: s.log_probs([(1, 2)], [-1], t), "outside the vocabulary"),
        (lambda s, t: s.residuals([(1, 2)], [2], t), "layers 0 to 1"),
        (lambda s, t: s.residual_norm([(1,)], 0, t), "at least two tokens"),
        (lambda s, t: s.steered_log_probs([(1, 2)], -1, np.zeros((1, WIDTH), np.float32), [1], t), "layers 0 to 1"),
        (lambda s, t: s.steered_log_probs([(1, 2)], 0, np.zeros((1, 63), np.float32), [1], t), "64 wide"),
        (lambda s, t: s.steered_log_probs([(1, 2)], 0, np.full((1, WIDTH), np.nan, np.float32), [1], t), "NaN"),
        (lambda s, t: s.log_probs([(1, 2)], [1], t, Edit("ablate", 0, np.zeros(WIDTH, np.float32))), "length zero"),
        (lambda s, t: s.log_probs([(1, 2)], [1], t, Edit("add", 9, np.ones(WIDTH, np.float32))), "layers 0 to 1"),
    ],
)
def test_what_cannot_be_run_is_refused_with_the_reason(tiny: Loader, tick: Tick, call: Callable[[BridgeSubject, Tick], object], words: str) -> None:
    with pytest.raises(Refused, match=words):
        call(tiny("llama"), tick)


def test_no_items_give_empty_results(tiny: Loader, tick: Tick) -> None:
    subject = tiny("llama")
    assert subject.log_probs([], IDS, tick).shape == (0, 3)
    assert subject.residuals([], [0], tick).shape == (0, 1, WIDTH)
    assert subject.steered_log_probs([], 0, vector()[None], IDS, tick).shape == (1, 0, 3)
    assert subject.cross_entropy([], tick) == []
    assert subject.generate([], 3, tick) == []
