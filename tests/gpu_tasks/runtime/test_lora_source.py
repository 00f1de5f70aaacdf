"""Low-rank adapters: the sum that is made of base and adapter, what names it, and what is refused in which words."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from assessments.contracts import Refused, SubjectSpec
from gpu_tasks.runtime.lora_source import ADAPTER, BASE, SETTINGS, base_record
from gpu_tasks.runtime.sources import SourceFacts, inspect_source, materialise
from tests.tiny_models import build_tiny

TARGET = "model.layers.0.self_attn.q_proj"


@pytest.fixture
def base(tmp_path: Path) -> SubjectSpec:
    """A random base model that lies beside the adapter."""
    build_tiny(tmp_path / "base", "llama", with_template=True)
    return inspect_source("safetensors", str(tmp_path / "base"), tmp_path / "cache").spec()


@pytest.fixture
def folder(tmp_path: Path, base: SubjectSpec) -> Path:
    """An adapter of rank 2 on one matrix."""
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    tensors = {f"base_model.model.{TARGET}.lora_{letter}.weight": torch.randn(shape) for letter, shape in (("A", (2, 64)), ("B", (64, 2)))}
    save_file(tensors, adapter / ADAPTER)
    write(adapter / SETTINGS, {"peft_type": "LORA", "r": 2, "lora_alpha": 6.0, "bias": "none"})
    write(adapter / BASE, {**base_record(base), "locator": "../base"})
    return adapter


def write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content))


def inspect(folder: Path) -> SourceFacts:
    return inspect_source("lora", str(folder), folder.parent / "cache")


def test_the_merged_weights_are_base_plus_scaled_product(folder: Path) -> None:
    facts = inspect(folder)
    merged, base, adapter = (load_file(path) for path in (materialise(facts.spec(), folder.parent / "cache") / "model.safetensors",
                                                         folder.parent / "base" / "model.safetensors", folder / ADAPTER))  # fmt: skip
    halves = [adapter[f"base_model.model.{TARGET}.lora_{letter}.weight"] for letter in "BA"]
    name = f"{TARGET}.weight"
    assert torch.allclose(merged[name], base[name] + 3.0 * halves[0] @ halves[1], atol=1e-6)
    assert all(torch.equal(merged[other], base[other]) for other in base if other != name)
    assert set(merged) == set(base)


def test_the_digest_covers_adapter_and_base_and_the_template_is_the_bases(folder: Path, base: SubjectSpec) -> None:
    facts = inspect(folder)
    names = [row["name"] for row in facts.weights_manifest]
    assert {ADAPTER, SETTINGS, BASE, "base/model.safetensors"} <= set(names)
    assert (facts.tokenizer_digest, facts.template_digest) == (base.tokenizer_digest, base.template_digest)
    write(folder / SETTINGS, {"peft_type": "LORA", "r": 2, "lora_alpha": 7.0, "bias": "none"})
    assert inspect(folder).weights_digest != facts.weights_digest


def test_a_changed_adapter_is_refused_and_a_damaged_cache_made_again(folder: Path) -> None:
    spec, cache = inspect(folder).spec(), folder.parent / "cache"
    stored = materialise(spec, cache) / "model.safetensors"
    before = stored.read_bytes()
    stored.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    assert (materialise(spec, cache) / "model.safetensors").read_bytes() == before
    tensors = load_file(folder / ADAPTER)
    save_file({name: tensor + 1 for name, tensor in tensors.items()}, folder / ADAPTER)
    with pytest.raises(Refused, match="the weights changed since"):
        materialise(spec, cache)


def test_a_changed_base_is_refused(folder: Path) -> None:
    inspect(folder)
    weights = folder.parent / "base" / "model.safetensors"
    tensors = load_file(weights)
    save_file({name: tensor * 2 for name, tensor in tensors.items()}, weights, metadata={"format": "pt"})
    with pytest.raises(Refused, match="the weights changed since"):
        inspect(folder)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"use_dora": True}, "use_dora is True"),
        ({"peft_type": "IA3"}, "peft_type is 'IA3'"),
        ({"bias": "all"}, "bias is 'all'"),
        ({"rank_pattern": {"q_proj": 4}}, "rank_pattern is"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save is"),
        ({"r": 0}, "r must be a whole number above 0"),
        ({"lora_alpha": "much"}, "lora_alpha a number"),
        ({"auto_map": {"AutoModel": "evil.py"}}, "auto_map"),
    ],
)
def test_settings_that_ask_for_another_sum_are_refused(folder: Path, settings: dict[str, Any], words: str) -> None:
    write(folder / SETTINGS, json.loads((folder / SETTINGS).read_text()) | settings)
    with pytest.raises(Refused, match=words):
        inspect(folder)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda rows: rows.pop(f"base_model.model.{TARGET}.lora_B.weight"), "not one half of a low-rank pair"),
        (lambda rows: rows.update({"base_model.model.lm_head.bias": torch.ones(3)}), "not one half of a low-rank pair"),
        (lambda rows: rows.update({f"base_model.model.{TARGET}.lora_B.weight": torch.ones(64, 3)}), "have shapes"),
        (lambda rows: rows.update({f"base_model.model.{TARGET}.lora_B.weight": torch.full((64, 2), torch.nan)}), "NaN or infinite"),
        (lambda rows: rows.update({f"base_model.model.{TARGET}.lora_B.weight": torch.ones(32, 2)}), "belongs to another model"),
        (lambda rows: rows.update({f"base_model.model.model.layers.9.mlp.up_proj.lora_{half}.weight": torch.ones(2, 2) for half in "AB"}), "does not have"),
    ],
)
def test_weights_that_do_not_fit_are_refused_and_nothing_is_kept(folder: Path, edit: Callable[[dict[str, torch.Tensor]], object], words: str) -> None:
    rows = load_file(folder / ADAPTER)
    edit(rows)
    save_file(rows, folder / ADAPTER)
    with pytest.raises(Refused, match=words):
        inspect(folder)
    assert not [path for path in (folder.parent / "cache" / "merged").glob("*") if path.is_dir()]


@pytest.mark.parametrize("locator", ["/etc", "../../elsewhere", "..", "../base/../../x"])
def test_a_base_elsewhere_on_the_disk_is_not_read(folder: Path, base: SubjectSpec, locator: str) -> None:
    write(folder / BASE, {**base_record(base), "locator": locator})
    with pytest.raises(Refused, match="leads away from the adapter"):
        inspect(folder)


def test_missing_files_and_nested_adapters_are_named(folder: Path, base: SubjectSpec) -> None:
    write(folder / BASE, {**base_record(base), "source": "lora"})
    with pytest.raises(Refused, match="an adapter on an adapter"):
        inspect(folder)
    write(folder / BASE, {"source": "package"})
    with pytest.raises(Refused, match="field locator must be text"):
        inspect(folder)
    (folder / BASE).unlink()
    with pytest.raises(Refused, match=f"holds no {BASE}"):
        inspect(folder)
