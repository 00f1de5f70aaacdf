"""Training an adapter: nothing changes before it, only the adapter learns, and what is saved merges into the trained model."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from assessments.contracts import SubjectSpec
from assessments.organisms.training import IGNORED, deterministic, load_model
from gpu_tasks.adapters import lora
from gpu_tasks.adapters.lora import TARGETS, Shape
from gpu_tasks.runtime.lora_source import ADAPTER, BASE, SETTINGS, merged
from gpu_tasks.runtime.sources import inspect_source
from tests.tiny_models import build_tiny

SMALL = Shape(4, 8.0)


@pytest.fixture
def base(tmp_path: Path) -> SubjectSpec:
    build_tiny(tmp_path / "base", "llama")
    return inspect_source("safetensors", str(tmp_path / "base"), tmp_path / "cache").spec()


def _trained(folder: Path, shape: Shape, told: list[str]) -> tuple[Any, dict[str, lora.LowRank], float]:
    model, _ = load_model(folder)
    ids = torch.arange(5, 29).reshape(2, 12)
    with deterministic(1):
        adapters = lora.attach(model, shape)
        loss = lora.train(model, adapters, lambda step: (ids, ids), 60, 3e-2, lambda fraction, stage: told.append(stage))
    return model, adapters, loss


def test_an_adapter_starts_idle_learns_and_merges_into_what_it_learnt(base: SubjectSpec, tmp_path: Path) -> None:
    model, _ = load_model(tmp_path / "base")
    ids = torch.arange(5, 29).reshape(2, 12)
    with torch.inference_mode():
        before = model(input_ids=ids).logits
        untrained = float(model(input_ids=ids, labels=ids).loss)
    with deterministic(1):
        assert len(lora.attach(model, SMALL)) == 14
        with torch.inference_mode():
            assert torch.equal(model(input_ids=ids).logits, before)
    frozen, _ = load_model(tmp_path / "base")
    told: list[str] = []
    model, adapters, loss = _trained(tmp_path / "base", SMALL, told)
    assert loss < untrained - 0.5
    assert len(told) == 60
    kept = dict(frozen.named_parameters())
    assert all(torch.equal(kept[name.replace(".linear.", ".")], weight) for name, weight in model.named_parameters() if not weight.requires_grad)
    folder = tmp_path / "adapter"
    folder.mkdir()
    lora.write(adapters, base, SMALL, folder)
    assert (folder / BASE).is_file()
    whole, _ = load_model(merged(folder, tmp_path / "base", tmp_path / "cache"))
    with torch.inference_mode():
        # The adapter is stored in half precision.
        assert torch.allclose(whole(input_ids=ids).logits, model(input_ids=ids).logits, atol=0.05)
        assert not torch.allclose(whole(input_ids=ids).logits, before, atol=0.5)


def test_loss_is_that_of_the_learnt_tokens_alone(base: SubjectSpec, tmp_path: Path) -> None:
    model, _ = load_model(tmp_path / "base")
    ids, labels = torch.arange(5, 29).reshape(2, 12), torch.arange(5, 29).reshape(2, 12)
    labels[0, :9] = labels[1, :4] = IGNORED
    with torch.inference_mode():
        assert float(lora.loss_of(model, (ids, labels))) == pytest.approx(float(model(input_ids=ids, labels=labels).loss), abs=1e-5)


@pytest.mark.parametrize(
    ("shape", "names"),
    [
        (Shape(2, 4.0, blocks=(1, 2), targets=("q_proj",)), {"model.layers.1.self_attn.q_proj"}),
        (Shape(2, 4.0, blocks=(0, 1), targets=("o_proj", "down_proj")), {"model.layers.0.self_attn.o_proj", "model.layers.0.mlp.down_proj"}),
    ],
)
def test_only_the_named_layers_of_the_named_blocks_are_adapted(shape: Shape, names: set[str], base: SubjectSpec, tmp_path: Path) -> None:
    model, _ = load_model(tmp_path / "base")
    assert set(lora.attach(model, shape)) == names


def test_a_second_round_starts_from_what_a_file_would_hold(base: SubjectSpec, tmp_path: Path) -> None:
    _, adapters, _ = _trained(tmp_path / "base", SMALL, [])
    lora.halve(adapters)
    folder = tmp_path / "adapter"
    folder.mkdir()
    lora.write(adapters, base, SMALL, folder)
    stored = load_file(folder / ADAPTER)
    for name, adapter in adapters.items():
        assert torch.equal(stored[f"base_model.model.{name}.lora_A.weight"].float(), adapter.down)
        assert torch.equal(stored[f"base_model.model.{name}.lora_B.weight"].float(), adapter.up)


def test_settings_name_the_blocks(base: SubjectSpec, tmp_path: Path) -> None:
    model, _ = load_model(tmp_path / "base")
    shape = Shape(2, 4.0, blocks=(1, 2))
    lora.write(lora.attach(model, shape), base, shape, tmp_path)
    settings = json.loads((tmp_path / SETTINGS).read_text())
    assert (settings["r"], settings["lora_alpha"], settings["layers_to_transform"], settings["target_modules"]) == (2, 4.0, [1], sorted(TARGETS))
