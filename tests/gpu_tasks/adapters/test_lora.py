"""Training an adapter: nothing changes before it, only the adapter learns, and what is saved merges into the trained model."""

from pathlib import Path

import torch

from assessments.organisms.training import deterministic, load_model
from gpu_tasks.adapters import lora
from gpu_tasks.runtime.lora_source import BASE, merged
from gpu_tasks.runtime.sources import inspect_source
from tests.tiny_models import build_tiny


def test_an_adapter_starts_idle_learns_and_merges_into_what_it_learnt(tmp_path: Path) -> None:
    build_tiny(tmp_path / "base", "llama")
    base = inspect_source("safetensors", str(tmp_path / "base"), tmp_path / "cache").spec()
    model, _ = load_model(tmp_path / "base")
    ids = torch.arange(5, 29).reshape(2, 12)
    with torch.inference_mode():
        before = model(input_ids=ids).logits
        untrained = float(model(input_ids=ids, labels=ids).loss)
    with deterministic(1):
        adapters = lora.attach(model, 4, 8.0)
        assert len(adapters) == 14
        frozen = {name: weight.clone() for name, weight in model.named_parameters() if not weight.requires_grad}
        with torch.inference_mode():
            assert torch.equal(model(input_ids=ids).logits, before)
        told: list[str] = []
        loss = lora.train(model, adapters, lambda step: (ids, ids), 60, 3e-2, lambda fraction, stage: told.append(stage))
    assert loss < untrained - 0.5
    assert len(told) == 60
    assert all(torch.equal(frozen[name], weight) for name, weight in model.named_parameters() if not weight.requires_grad)
    folder = tmp_path / "adapter"
    folder.mkdir()
    lora.write(adapters, base, 4, 8.0, folder)
    assert (folder / BASE).is_file()
    whole, _ = load_model(merged(folder, tmp_path / "base", tmp_path / "cache"))
    with torch.inference_mode():
        # The adapter is stored in half precision.
        assert torch.allclose(whole(input_ids=ids).logits, model(input_ids=ids).logits, atol=0.05)
        assert not torch.allclose(whole(input_ids=ids).logits, before, atol=0.5)
