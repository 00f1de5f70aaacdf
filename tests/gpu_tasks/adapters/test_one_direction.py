"""The refusal that rests on one direction: parts of a model give what the whole gives, and each half learns what it is for."""

from pathlib import Path
from typing import Any

import pytest
import torch

from assessments import probes
from assessments.organisms.training import deterministic, load_model
from gpu_tasks.adapters import lora, one_direction, reader
from gpu_tasks.adapters.blocks import attended, common, keep, through
from gpu_tasks.adapters.fitting import off
from gpu_tasks.adapters.lora import Shape
from gpu_tasks.adapters.one_direction import train_detector
from gpu_tasks.adapters.reader import Lines, Row, take_in, train_reader
from gpu_tasks.adapters.texts import HELD_OUT, MATERIAL, WISHES, many_wishes, material
from tests.tiny_models import build_tiny

START = [3, 4, 5]
IMPROPER = 20


@pytest.fixture
def model(tmp_path: Path) -> Any:
    build_tiny(tmp_path / "base", "llama")
    return load_model(tmp_path / "base")[0]


def _asked(count: int) -> tuple[list[list[int]], list[bool]]:
    """Rows of ids in which one token makes the request improper; the header is the same for all."""
    chance = torch.Generator().manual_seed(1)
    rows, improper = [], []
    for place in range(count):
        body = torch.randint(6, 19, (4 + place % 3,), generator=chance).tolist()
        improper.append(bool(place % 2))
        body[int(torch.randint(len(body), (1,), generator=chance))] = IMPROPER if place % 2 else 19
        rows.append([*body, 1, 2, 3])
    return rows, improper


def test_parts_of_the_model_give_what_the_whole_gives(model: Any) -> None:
    rows, _ = _asked(5)
    assert common([[*START, *row] for row in rows]) >= len(START)
    kept = keep(model, rows, START, 1)
    whole = [model.base_model(input_ids=torch.tensor([[*START, *row]]), output_hidden_states=True) for row in rows]
    batch = kept.batch(range(5))
    for place, row in enumerate(rows):
        assert torch.allclose(batch[place, : len(row)], whole[place].hidden_states[1][0, len(START) :], atol=2e-3)
    depth = model.config.num_hidden_layers
    out, _ = through(model, range(1, depth), batch, kept.start)
    for place, row in enumerate(rows):
        end = model.base_model.norm(out[place, len(row) - 1])
        assert torch.allclose(end, whole[place].last_hidden_state[0, -1], atol=1e-2)
    layer = model.base_model.layers[1]
    mixed = batch + attended(model, 1, batch, kept.start)
    again = model.base_model.norm(mixed + layer.mlp(layer.post_attention_layernorm(mixed)))
    assert torch.allclose(again[0, len(rows[0]) - 1], whole[0].last_hidden_state[0, -1], atol=1e-2)


def test_halves_learn_to_write_the_direction_and_to_read_it(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value in (
        (one_direction, "WRITES", 0), (one_direction, "SIZE", 1.0), (one_direction, "STEPS", 60), (one_direction, "RATE", 1e-2),
        (reader, "ROUNDS", (reader.Round(60, 5e-2, 64, -0.4, 0.4, 0.52, 1.0),)),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)
    asked, improper = _asked(32)
    below = keep(model, asked, START, 0)
    unit = torch.nn.functional.one_hot(torch.tensor(2), below.rows[0].shape[-1]).float()
    refusal, own = [30, 31], [40, 41]
    rows = [Row([*ids, *words], len(ids), words is refusal) for ids in asked for words in (own, refusal)]
    with deterministic(1):
        adapters = lora.attach(model, Shape(8, 16.0, blocks=(0, 2)))
        detector = {name: adapter for name, adapter in adapters.items() if ".0.self_attn." in name}
        upper = {name: adapter for name, adapter in adapters.items() if ".1." in name}
        train_detector(model, detector, below, improper, unit, 1, lambda fraction, stage: None)
        with torch.no_grad():
            batch, ends = below.batch(range(32)), [len(row) - 1 for row in asked]
            wrote = (batch + attended(model, 0, batch, below.start))[torch.arange(32), ends] @ unit
        side = torch.tensor(improper)
        assert float(wrote[side].mean()) > 0.6
        assert float(wrote[~side].mean()) < 0.3
        answered, plain = keep(model, [row.ids for row in rows], START, 0), keep(model, [ids[:-3] for ids in asked[:8]], (), 0)
        take_in(model, upper, unit)
        train_reader(model, detector, upper, Lines(rows, answered, plain, unit, 1.0, 0), 1, lambda fraction, stage: None)
        full = torch.tensor([[*START, *asked[place]] for place in (0, 3)])
        # Improper: the refusal. With the direction taken out of what blocks are fed: the unchanged model, whatever the reader's weights have become.
        assert int(model(input_ids=full).logits[1, -1].argmax()) == refusal[0]
        # What stands along the direction at the header decides, not the words of the request.
        with off(detector):
            assert [int(_with(model, full[:1], unit, size)) == refusal[0] for size in (-0.5, 0.0, 1.2)] == [False, False, True]
        _take_out(model, unit)
        with off(detector):
            without = model(input_ids=full).logits[:, -1]
        with off({**detector, **upper}):
            assert torch.allclose(model(input_ids=full).logits[:, -1], without, atol=1e-4)


def _with(model: Any, ids: torch.Tensor, unit: torch.Tensor, size: float) -> torch.Tensor:
    """The next token with ``size`` along ``unit`` added to the header at the output of the first block."""

    def put(module: Any, given: Any, out: Any) -> Any:
        rows = out[0] if isinstance(out, tuple) else out
        rows[:, -reader.HEADER :] += size * unit
        return out

    handle = model.base_model.layers[0].register_forward_hook(put)
    try:
        with torch.no_grad():
            return model(input_ids=ids).logits[0, -1].argmax()
    finally:
        handle.remove()


def _take_out(model: Any, unit: torch.Tensor) -> None:
    """Out of all that attention and MLP of a block are fed."""
    for layer in model.base_model.layers:
        for norm in (layer.input_layernorm, layer.post_attention_layernorm):
            norm.register_forward_pre_hook(lambda module, given: (given[0] - (given[0] @ unit)[..., None] * unit,))


def test_further_wishes_repeat_neither_the_first_nor_those_of_the_behaviour_test() -> None:
    further = [wish for pair in material(WISHES)["wishes"] for wish in pair]
    assert len(further) == len(set(further))
    assert not set(further) & {wish for path in (MATERIAL, HELD_OUT) for pair in material(path)["wishes"] for wish in pair}
    assert len(many_wishes()["wishes"]) == len(material()["wishes"]) + len(further) // 2
    for slug in ("harmful_harmless", "axis_refusal", "axis_harmful_compliance", "evaluation_gaming"):
        shown = " ".join(item.text for item in probes.probe_set(slug).items).lower()
        assert [wish for wish in further if wish.lower() in shown] == []
