"""Checks on a model as it is loaded, and what ends its answers."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from assessments.contracts import Refused, SubjectSpec
from assessments.subject import Tick
from gpu_tasks.runtime.loading import check_finite, check_report, end_tokens, load_directory

SPEC = SubjectSpec("safetensors", "x", "", "", "", "x")


@pytest.mark.parametrize(
    ("tokenizer", "model", "ends"),
    [(2, None, {2}), (None, [5, 6], {5, 6}), (2, 7, {2, 7}), (None, None, set())],
)
def test_end_tokens_come_from_tokenizer_and_generation_settings(tokenizer: Any, model: Any, ends: set[int]) -> None:
    settings = SimpleNamespace(generation_config=SimpleNamespace(eos_token_id=model))
    assert end_tokens(SimpleNamespace(eos_token_id=tokenizer), settings) == ends


def test_generation_settings_may_be_absent() -> None:
    assert end_tokens(SimpleNamespace(eos_token_id=3), SimpleNamespace(generation_config=None)) == {3}


def test_report_with_missing_tensors_counts_them_and_names_the_first() -> None:
    with pytest.raises(Refused, match=r"2 tensor\(s\) are missing from m, first a\.weight"):
        check_report("m", {"mismatched_keys": set(), "missing_keys": {"b.weight", "a.weight"}})
    check_report("m", {"mismatched_keys": set(), "missing_keys": set()})


def test_finite_weights_pass_and_others_are_named() -> None:
    good = ("good", torch.ones(3))
    check_finite("m", [good])
    with pytest.raises(Refused, match="tensor bad in m"):
        check_finite("m", [good, ("bad", torch.tensor([1.0, -torch.inf]))])


def test_tied_embeddings_are_not_taken_for_missing(tiny_folder: Callable[[str], Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_folder("gemma3"), tmp_path / "m"))
    assert json.loads((folder / "config.json").read_text())["tie_word_embeddings"]
    assert load_directory(folder, SPEC).facts.architecture == "Gemma3ForCausalLM"


def test_two_loads_of_one_folder_agree_to_the_bit(tiny_folder: Callable[[str], Path], tick: Tick) -> None:
    first, second = (load_directory(tiny_folder("gemma2"), SPEC) for _ in range(2))
    items = first.random_tokens(3, 30, seed=0)
    assert first.log_probs(items, [3, 4], tick).tobytes() == second.log_probs(items, [3, 4], tick).tobytes()


def test_facts_are_json_and_tell_the_policies(tiny_folder: Callable[[str], Path]) -> None:
    facts = load_directory(tiny_folder("qwen2"), SPEC, max_batch=5).facts
    assert json.loads(json.dumps(facts.environment)) == facts.environment
    assert facts.environment["max_batch"] == 5
    assert "no padding" in facts.environment["batching"]
    assert "raw mode" in facts.environment["bridge"]
    assert "<|endoftext|>" in facts.environment["document_start"]
    assert facts.environment["chat"] == "chat template of the tokenizer"
