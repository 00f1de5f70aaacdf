"""Local folders: what is hashed, what is refused, and in which words."""

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from assessments.contracts import Refused
from core.hashing import manifest_digest, sha256_bytes, sha256_file
from gpu_tasks.runtime.refusals import read_header
from gpu_tasks.runtime.sources import SourceFacts, inspect_source, materialise
from tests.tiny_models import TEMPLATE, build_tiny


@pytest.fixture
def folder(tiny_folder: Callable[[str], Path], tmp_path: Path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(tiny_folder("llama"), tmp_path / "model"))


def inspect(folder: Path) -> SourceFacts:
    return inspect_source("safetensors", str(folder), folder.parent / "cache")


def change(folder: Path, name: str, **entries: Any) -> None:
    path = folder / name
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))


def rewrite(folder: Path, edit: Callable[[dict[str, torch.Tensor]], object]) -> None:
    tensors = load_file(folder / "model.safetensors")
    edit(tensors)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def test_facts_name_every_file_that_is_read(folder: Path) -> None:
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Card\n")
    facts = inspect(folder)
    names = ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
    assert [row["name"] for row in facts.weights_manifest] == names
    assert all(row["sha256"] == sha256_file(folder / str(row["name"])) for row in facts.weights_manifest)
    assert facts.weights_digest == manifest_digest([dict(row) for row in facts.weights_manifest])
    assert facts.tokenizer_digest == manifest_digest([dict(row) for row in facts.weights_manifest if "tokenizer" in str(row["name"])])
    assert (facts.template_digest, facts.quantisation, facts.licence) == ("", "none, float32", "apache-2.0")
    assert (facts.architecture, facts.parameters, facts.name) == ("LlamaForCausalLM", 135488, "model")


def test_folder_is_used_in_place_without_writing_anything(folder: Path) -> None:
    before = sorted(path.name for path in folder.iterdir())
    assert materialise(inspect(folder).spec(), folder.parent / "cache") == folder
    assert sorted(path.name for path in folder.iterdir()) == before
    assert not (folder.parent / "cache").exists()


def test_chat_template_has_a_digest_of_its_own(tmp_path: Path) -> None:
    facts = inspect(build_tiny(tmp_path / "chat", "qwen2", with_template=True))
    assert facts.template_digest == sha256_bytes(TEMPLATE.encode())


def test_chat_template_may_stand_in_the_tokenizer_settings(folder: Path) -> None:
    change(folder, "tokenizer_config.json", chat_template=[{"name": "default", "template": "{{ messages }}"}])
    assert inspect(folder).template_digest == sha256_bytes(b"{{ messages }}")


def test_half_precision_is_named_and_widened(folder: Path) -> None:
    rewrite(folder, lambda tensors: tensors.update({key: value.bfloat16() for key, value in tensors.items()}))
    assert inspect(folder).quantisation == "none, bfloat16, computed in float32"


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json", "generation_config.json"])
def test_changed_file_is_refused_at_use(folder: Path, name: str) -> None:
    spec = inspect(folder).spec()
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data + b" " if name.endswith(".json") else data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(Refused, match=f"(?s){folder}.*weights changed.*expected SHA-256 {spec.weights_digest}, found .*original files back"):
        materialise(spec, folder.parent / "cache")


def test_added_template_is_refused_at_use(folder: Path) -> None:
    spec = inspect(folder).spec()
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    with pytest.raises(Refused, match="changed since the model version was registered"):
        materialise(spec, folder.parent / "cache")


def pickled(path: Path) -> None:
    path.write_bytes(pickle.dumps({"a": 1}))


@pytest.mark.parametrize("suffix", [".bin", ".pt", ".pth", ".ckpt", ".pkl"])
def test_folder_with_pickles_only_is_refused_by_the_name_of_one(folder: Path, suffix: str) -> None:
    (folder / "model.safetensors").unlink()
    pickled(folder / f"pytorch_model{suffix}")
    with pytest.raises(Refused, match=rf"pytorch_model\{suffix} is a pickle file.*Convert it to safetensors"):
        inspect(folder)


def test_pickle_itself_is_refused(folder: Path) -> None:
    pickled(folder / "weights.pt")
    with pytest.raises(Refused, match=r"weights\.pt is a pickle file"):
        inspect(folder / "weights.pt")


@pytest.mark.parametrize("archive", [True, False])
def test_pickle_under_a_safe_name_is_refused(folder: Path, archive: bool) -> None:
    torch.save({"a": torch.zeros(2)}, folder / "model.safetensors", _use_new_zipfile_serialization=archive)
    with pytest.raises(Refused, match=r"model\.safetensors is a pickle renamed"):
        inspect(folder)


def test_pickle_beside_safe_weights_is_left_alone_and_noted(folder: Path) -> None:
    pickled(folder / "training_args.bin")
    facts = inspect(folder)
    assert facts.notes == ("training_args.bin was not opened: pickle files are never loaded",)
    assert "training_args.bin" not in [row["name"] for row in facts.weights_manifest]


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_model_that_brings_code_is_refused(folder: Path, name: str) -> None:
    change(folder, name, auto_map={"AutoModelForCausalLM": "evil.Model"})
    with pytest.raises(Refused, match=f"{name} asks to run code"):
        inspect(folder)


def test_adapter_is_refused(folder: Path) -> None:
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(Refused, match="merge it into its base model"):
        inspect(folder)


def test_foreign_quantisation_is_refused(folder: Path) -> None:
    change(folder, "config.json", quantization_config={"quant_method": "gptq"})
    with pytest.raises(Refused, match="unquantised safetensors"):
        inspect(folder)


@pytest.mark.parametrize("cut", [4, 100, -1])
def test_truncated_weights_are_refused(folder: Path, cut: int) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(Refused, match=r"model\.safetensors is truncated"):
        inspect(folder)


def test_garbage_header_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes((5).to_bytes(8, "little") + b"hello")
    with pytest.raises(Refused, match="no readable safetensors header"):
        inspect(folder)


def test_missing_tensor_is_refused_by_name(folder: Path) -> None:
    rewrite(folder, lambda tensors: tensors.pop("model.layers.1.mlp.up_proj.weight"))
    with pytest.raises(Refused, match=r"1 tensor\(s\) are missing.*model\.layers\.1\.mlp\.up_proj\.weight"):
        inspect(folder)


def test_tensor_of_another_shape_is_refused_by_name(folder: Path) -> None:
    change(folder, "config.json", intermediate_size=96)
    with pytest.raises(Refused, match=r"tensor model\.layers\.0\.mlp\.\w+\.weight .*has shape \[.*128.*\] but the configuration asks for \[.*96"):
        inspect(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_numbers_are_refused_by_name(folder: Path, value: float) -> None:
    rewrite(folder, lambda tensors: tensors["model.layers.0.self_attn.k_proj.weight"].view(-1).__setitem__(7, value))
    with pytest.raises(Refused, match=r"model\.layers\.0\.self_attn\.k_proj\.weight .* NaN or infinite"):
        inspect(folder)


def test_tokenizer_larger_than_the_embedding_is_refused(folder: Path) -> None:
    change(folder, "config.json", vocab_size=400)
    rewrite(folder, lambda tensors: tensors.update({key: tensors[key][:400].clone() for key in ("model.embed_tokens.weight", "lm_head.weight")}))
    with pytest.raises(Refused, match="ids up to 479 but the embedding only 400 rows"):
        inspect(folder)


def test_folder_without_tokenizer_is_refused(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    with pytest.raises(Refused, match=r"holds no tokenizer: add tokenizer\.json"):
        inspect(folder)


def test_broken_tokenizer_is_refused(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(Refused, match="the tokenizer in model cannot be loaded"):
        inspect(folder)


def test_folder_without_configuration_is_refused(folder: Path) -> None:
    (folder / "config.json").unlink()
    with pytest.raises(Refused, match=r"holds no config\.json"):
        inspect(folder)


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_unreadable_configuration_is_refused(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text)
    with pytest.raises(Refused, match=r"config\.json"):
        inspect(folder)


def test_model_that_writes_no_text_is_refused(folder: Path) -> None:
    change(folder, "config.json", model_type="vit", architectures=["ViTModel"])
    with pytest.raises(Refused, match="causal language model"):
        inspect(folder)


def test_unknown_architecture_is_refused(folder: Path) -> None:
    change(folder, "config.json", model_type="zzz", architectures=["ZzzForCausalLM"])
    with pytest.raises(Refused, match="zzz"):
        inspect(folder)


def test_empty_folder_absent_folder_and_single_file_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(Refused, match=r"holds no \.safetensors file"):
        inspect(tmp_path / "empty")
    with pytest.raises(Refused, match=r"there is nothing at .*absent: check the path"):
        inspect(tmp_path / "absent")
    with pytest.raises(Refused, match="give the folder"):
        inspect(folder / "model.safetensors")


@pytest.mark.parametrize("length", [0x80, 0x0280, 0x4B50], ids=["pickle", "pickle protocol 2", "zip"])
def test_header_whose_length_looks_like_a_pickle_is_still_a_header(tmp_path: Path, length: int) -> None:
    entry = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(length.to_bytes(8, "little") + entry.ljust(length) + bytes(4))
    assert set(read_header(path)) == {"w"}
