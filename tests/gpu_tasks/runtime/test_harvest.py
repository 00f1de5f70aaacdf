"""One pass, many readers: the same bits as without sharing, nothing run twice, nothing mixed up, nothing beyond the budget."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from assessments import probes
from assessments.contracts import Cancelled, StepOutput, StepSpec, SubjectSpec
from assessments.registry import instrument, layers_shared, probe_sets_of
from assessments.subject import Tick, Tokens
from gpu_tasks.runtime.adapter import BridgeSubject
from gpu_tasks.runtime.execute import Sharing, execute, tokens_shared
from gpu_tasks.runtime.harvest import Harvest
from gpu_tasks.runtime.sources import inspect_source
from gpu_tasks.runtime.subjects import SHELF
from tests.gpu_tasks.runtime.conftest import Loader
from tests.tiny_models import FAMILIES

ROW = 64 * 4
"""Bytes of one residual of a tiny model."""


@pytest.fixture
def plain(tiny: Loader) -> BridgeSubject:
    return fresh(tiny("llama"))


@pytest.fixture
def items(plain: BridgeSubject) -> list[Tokens]:
    """Two lengths, mixed up; the long ones begin alike, so that their prefix is computed once."""
    head, tails = plain.random_tokens(1, 40, seed=1)[0], plain.random_tokens(3, 5, seed=2)
    short = plain.random_tokens(2, 9, seed=3)
    return [head + tails[0], short[0], head + tails[1], short[1], head + tails[2]]


def fresh(subject: BridgeSubject) -> BridgeSubject:
    """The same loaded model, sharing nothing yet."""
    return subject.for_step(subject.spec, subject.batcher.size)


def harvest(*planned: int, budget: int = 2**20) -> Harvest:
    return Harvest(budget).begin("run 1", planned)


@contextmanager
def passes(subject: BridgeSubject) -> Iterator[list[int]]:
    """Collects the layers whose blocks ran."""
    ran: list[int] = []
    handles = [block.register_forward_hook(lambda module, args, output, at=at: ran.append(at)) for at, block in enumerate(subject.engine.blocks)]
    try:
        yield ran
    finally:
        for handle in handles:
            handle.remove()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("orders", [([0], [1, 0]), ([1, 0], [0]), ([1], [0])])
def test_what_is_read_equals_what_is_computed_to_the_bit(
    tiny: Loader, family: str, orders: tuple[list[int], list[int]], items: list[Tokens], tick: Tick
) -> None:
    shared, alone = fresh(tiny(family)).sharing(harvest(1)), fresh(tiny(family))
    for layers in orders:
        assert shared.residuals(items, layers, tick).tobytes() == alone.residuals(items, layers, tick).tobytes()


def test_a_second_reader_of_the_same_texts_runs_nothing_and_the_tokens_are_counted(plain: BridgeSubject, items: list[Tokens], tick: Tick) -> None:
    store = harvest()
    plain.sharing(store).residuals(items, [1], tick)
    assert store.tokens_read == 0
    with passes(plain) as ran:
        fresh(plain).sharing(store).residuals(items, [1], tick)
    assert ran == []
    assert store.tokens_read == sum(map(len, items))


def test_layers_that_others_will_ask_for_are_taken_along(plain: BridgeSubject, items: list[Tokens], tick: Tick) -> None:
    store = harvest(0, 1)
    plain.sharing(store).residuals(items, [0], tick)
    with passes(plain) as ran:
        plain.residuals(items, [1], tick)
    assert ran == []


def test_an_unplanned_higher_layer_is_run_and_then_kept_beside_the_lower_one(plain: BridgeSubject, items: list[Tokens], tick: Tick) -> None:
    plain.sharing(harvest())
    plain.residuals(items, [0], tick)
    with passes(plain) as ran:
        plain.residuals(items, [1], tick)
        assert ran
        ran.clear()
        plain.residuals(items, [0, 1], tick)
    assert ran == []


@pytest.mark.parametrize("change", [lambda rows: rows[::-1], lambda rows: rows[:-1], lambda rows: [*rows, rows[0]]])
def test_other_company_is_another_batch(plain: BridgeSubject, items: list[Tokens], tick: Tick, change: Callable[[list[Tokens]], list[Tokens]]) -> None:
    store = harvest()
    plain.sharing(store).residuals(items, [1], tick)
    other = change([item for item in items if len(item) == len(items[0])])
    with passes(plain) as ran:
        found = plain.residuals(other, [1], tick)
    assert ran
    assert store.tokens_read == 0
    assert found.tobytes() == fresh(plain).residuals(other, [1], tick).tobytes()


def test_rows_of_another_length_with_the_same_ids_are_another_batch(plain: BridgeSubject, tick: Tick) -> None:
    plain.sharing(harvest())
    pairs, fours = plain.residuals([(5, 6), (7, 8)], [1], tick), plain.residuals([(5, 6, 7, 8)], [1], tick)
    assert (len(pairs), len(fours)) == (2, 1)
    assert fours.tobytes() == fresh(plain).residuals([(5, 6, 7, 8)], [1], tick).tobytes()


def test_random_twins_are_kept_apart_and_one_that_was_read_is_not_built_again(plain: BridgeSubject, items: list[Tokens], tick: Tick) -> None:
    plain.sharing(harvest())
    found = [subject.residuals(items, [1], tick) for subject in (plain, plain.random_twin(1), plain.random_twin(2))]
    assert len({values.tobytes() for values in found}) == 3
    again = plain.random_twin(1)
    again._boot = None  # type: ignore[assignment]  # whoever asks for the model fails
    again._checked = lambda rows, room=0: rows  # type: ignore[method-assign]
    assert again.residuals(items, [1], tick).tobytes() == found[1].tobytes()
    assert fresh(plain).random_twin(1).residuals(items, [1], tick).tobytes() == found[1].tobytes()


def test_a_noisy_copy_never_shares(plain: BridgeSubject, items: list[Tokens], tick: Tick) -> None:
    store = harvest()
    clean = plain.sharing(store).residuals(items, [1], tick)
    noisy = plain.noisy(0.5, 1).residuals(items, [1], tick)
    assert store.tokens_read == 0
    assert np.abs(clean - noisy).max() > 1e-3


def test_ticks_are_the_same_with_and_without(plain: BridgeSubject, items: list[Tokens]) -> None:
    heard: list[list[int]] = []
    store = harvest()
    for subject in (fresh(plain), fresh(plain).sharing(store), fresh(plain).sharing(store)):
        heard.append([])
        subject.residuals(items, [1], heard[-1].append)
    assert heard[0] == heard[1] == heard[2]


def test_what_a_reader_does_to_its_copy_stays_with_it(plain: BridgeSubject, items: list[Tokens], tick: Tick) -> None:
    plain.sharing(harvest())
    first = plain.residuals(items, [1], tick)
    wanted = first.tobytes()
    first[:] = 0
    assert plain.residuals(items, [1], tick).tobytes() == wanted


def test_the_budget_holds_and_the_batch_read_longest_ago_goes_first(plain: BridgeSubject, tick: Tick) -> None:
    store = harvest(budget=2 * ROW)
    plain.sharing(store)
    one, two, three = plain.random_tokens(3, 7, seed=4)
    for item in (one, two, one, three):
        plain.residuals([item], [0], tick)
        assert store.size <= store.budget
    assert (store.size, store.tokens_read) == (2 * ROW, 7)
    plain.residuals([one], [0], tick)
    assert store.tokens_read == 14
    plain.residuals([two], [0], tick)
    assert store.tokens_read == 14


def test_a_batch_beyond_the_budget_is_not_kept_and_drives_nothing_wrong(plain: BridgeSubject, items: list[Tokens], tick: Tick) -> None:
    store = harvest(budget=ROW)
    found = plain.sharing(store).residuals(items, [0, 1], tick)
    assert store.size == 0
    assert found.tobytes() == fresh(plain).residuals(items, [0, 1], tick).tobytes()


def test_another_run_finds_nothing_and_another_step_of_the_same_run_everything(plain: BridgeSubject, items: list[Tokens], tick: Tick) -> None:
    store = harvest()
    plain.sharing(store).residuals(items, [1], tick)
    plain.sharing(store.begin("run 1", ())).residuals(items, [1], tick)
    assert store.tokens_read == sum(map(len, items))
    plain.sharing(store.begin("run 2", ())).residuals(items, [1], tick)
    assert store.tokens_read == 0


def sealed(slug: str, subject: SubjectSpec, **params: object) -> StepSpec:
    method = instrument(slug)
    digests = {name: probes.probe_set(name).digest for name in probe_sets_of(method, params)}
    return StepSpec(slug, slug, method.card.version, params, digests, method.card.thresholds, 5, subject)


@pytest.fixture
def subject(tiny_folder: Callable[[str], Path], tmp_path: Path) -> SubjectSpec:
    return inspect_source("safetensors", str(tiny_folder("llama")), tmp_path).spec()


def test_layers_are_those_of_all_steps_on_the_same_set_and_model(subject: SubjectSpec) -> None:
    steering = sealed("steering_validation", subject, behaviour="refusal", layer=4)
    steps = [
        steering,
        sealed("linear_direction", subject, layers=(2, 9)),
        sealed("steering_validation", subject, behaviour="sentiment", layer=7),
        sealed("evaluation_gaming", subject),
        sealed("linear_direction", SubjectSpec("safetensors", "elsewhere", "", "", "", "another"), layers=(1,)),
        sealed("linear_direction", subject, layers=(400,)),
        sealed("known_circuits", subject),
    ]
    # the steered layer, those whose directions may be taken out, and what the other step on the set reads
    assert layers_shared(steering, steps, 10) == (2, 3, 4, 5, 6, 7, 9)
    assert layers_shared(steps[2], steps, 10) == (2, 3, 4, 5, 6, 7)
    assert layers_shared(steps[3], steps, 10) == (0, 3, 6, 9)
    assert layers_shared(steps[-1], steps, 10) == ()
    assert layers_shared(steering, [], 10) == (2, 3, 4, 5, 6, 7)


SMALL = {"bootstrap": 200, "random_directions": 20}
STEPS = [
    (
        "steering_validation",
        {**SMALL, "random_directions": 39, "behaviour": "refusal", "layer": 0, "permuted_directions": 20, "ablated_directions": 39, "written_answers": 0},
    ),
    ("linear_direction", {**SMALL, "permutations": 200}),
    ("evaluation_gaming", {**SMALL, "permutations": 200, "stride": 1}),
]


def run(spec: StepSpec, folder: Path, sharing: Sharing | None = None) -> StepOutput:
    folder.mkdir(exist_ok=True)
    return execute(spec, folder, lambda fraction, stage, tokens=0: None, folder / "cache", sharing=sharing)


@pytest.fixture(scope="module")
def alone(tiny_folder: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> list[tuple[StepSpec, StepOutput]]:
    """Each step with what it gives on a model loaded anew, sharing nothing."""
    root = tmp_path_factory.mktemp("alone")
    found = []
    for place, (slug, params) in enumerate(STEPS):
        SHELF.clear()
        spec = sealed(slug, inspect_source("safetensors", str(tiny_folder("llama")), root).spec(), **params)
        found.append((spec, run(spec, root / str(place))))
        assert SHELF.harvest.size == 0
    SHELF.clear()
    return found


# Steering reads its random-weight twin at two layers, and so what it has read itself.
@pytest.mark.parametrize(("order", "reads"), [((0, 1, 2), [True, True, False]), ((1, 0), [False, True])])
def test_steps_of_a_run_give_the_same_as_alone_and_the_second_on_a_set_reads(
    order: tuple[int, ...], reads: list[bool], alone: list[tuple[StepSpec, StepOutput]], tmp_path: Path
) -> None:
    sharing = Sharing(str(order), [spec for spec, _ in alone])
    read = []
    for place in order:
        spec, wanted = alone[place]
        assert run(spec, tmp_path / str(place), sharing) == wanted
        read.append(tokens_shared())
        assert read[-1] <= wanted.tokens
    assert [count > 0 for count in read] == reads


def test_instruments_declare_the_layers_they_ask_for(alone: list[tuple[StepSpec, StepOutput]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[int] = set()

    def stop(self: Harvest, model: str, engine: object, rows: object, layers: list[int]) -> None:
        asked.update(layers)
        raise Cancelled

    monkeypatch.setattr(Harvest, "residuals", stop)
    for spec, _ in alone:
        asked.clear()
        with pytest.raises(Cancelled):
            run(spec, tmp_path / spec.key, Sharing("run 3", [spec]))
        assert asked == set(SHELF.harvest.planned)


def test_giving_the_model_back_gives_the_harvest_back(subject: SubjectSpec, tmp_path: Path) -> None:
    run(sealed(STEPS[1][0], subject, **STEPS[1][1]), tmp_path / "one", Sharing("run 4", ()))
    assert SHELF.harvest.size > 0
    SHELF.clear()
    assert SHELF.harvest.size == 0
