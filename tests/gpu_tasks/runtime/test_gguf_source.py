"""GGUF files: dequantised once, bound to their source, rebuilt when the cache is damaged, refused when they are."""

import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assessments.contracts import Refused, SubjectSpec
from assessments.subject import Tick
from core.hashing import manifest_digest, sha256_bytes, sha256_file
from gpu_tasks.runtime import derived, gguf_source
from gpu_tasks.runtime.loading import load_directory
from gpu_tasks.runtime.sources import SourceFacts, inspect_source, materialise, materialised
from tests.gpu_tasks.runtime.conftest import Loader
from tests.gpu_tasks.runtime.tiny_gguf import write_gguf

CHAT = "{{ messages[0]['content'] }}|"


@pytest.fixture
def llama(tiny_folder: Callable[[str], Path]) -> Path:
    return tiny_folder("llama")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def gguf(llama: Path, tmp_path: Path) -> Path:
    return write_gguf(llama, tmp_path / "tiny.gguf", template=CHAT)


def inspect(path: Path, cache: Path) -> SourceFacts:
    return inspect_source("gguf", str(path), cache)


def published(cache: Path) -> list[str]:
    """Everything in the cache of dequantised weights but the lock."""
    return sorted(path.name for path in (cache / "dequantised").iterdir() if path.name != ".lock") if cache.exists() else []


def test_facts_come_from_the_file(gguf: Path, cache: Path) -> None:
    facts = inspect(gguf, cache)
    assert facts.weights_manifest == ({"name": "tiny.gguf", "sha256": sha256_file(gguf), "size": gguf.stat().st_size},)
    assert facts.weights_digest == manifest_digest([dict(row) for row in facts.weights_manifest])
    assert facts.template_digest == sha256_bytes(CHAT.encode())
    assert (facts.name, facts.licence, facts.quantisation) == ("tiny", "apache-2.0", "none, float32")
    assert (facts.architecture, facts.parameters) == ("LlamaForCausalLM", 135488)


def test_dequantised_model_computes_what_the_original_does(gguf: Path, cache: Path, tiny: Loader, tick: Tick) -> None:
    facts = inspect(gguf, cache)
    subject = load_directory(materialise(facts.spec(), cache), facts.spec())
    items = subject.random_tokens(3, 12, seed=0)
    np.testing.assert_array_equal(subject.log_probs(items, [4, 5], tick), tiny("llama").log_probs(items, [4, 5], tick))
    text = "When Mary and John went to the store 1234"
    assert subject.encode(text) == tiny("llama").encode(text)
    assert subject.decode(subject.encode_chat("hi")) == "hi|"


def test_quantised_file_says_so_and_is_close(llama: Path, tmp_path: Path, cache: Path, tiny: Loader, tick: Tick) -> None:
    facts = inspect(write_gguf(llama, tmp_path / "q8.gguf", quantised=True), cache)
    assert facts.quantisation == "Q8_0, dequantised"
    assert "not the numbers of the unquantised model" in facts.notes[0]
    subject = load_directory(materialise(facts.spec(), cache), facts.spec())
    items = subject.random_tokens(2, 12, seed=0)
    difference = np.abs(subject.log_probs(items, [4, 5], tick) - tiny("llama").log_probs(items, [4, 5], tick)).max()
    assert 0 < difference < 0.05


def test_tokenizer_digest_changes_with_the_tokenizer_and_not_with_the_template(llama: Path, tmp_path: Path, gguf: Path, cache: Path) -> None:
    first = inspect(gguf, cache)
    other = inspect(write_gguf(llama, tmp_path / "b.gguf", template="{{ 'other' }}"), cache)
    assert other.tokenizer_digest == first.tokenizer_digest
    assert other.template_digest != first.template_digest
    data = bytearray(gguf.read_bytes())
    place = data.index(b"store")
    data[place : place + 5] = b"storf"
    (tmp_path / "c.gguf").write_bytes(data)
    assert gguf_source.identity(tmp_path / "c.gguf").tokenizer != first.tokenizer_digest


def test_second_use_takes_the_cached_weights(gguf: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = inspect(gguf, cache).spec()

    def never(*args: Any) -> None:
        raise AssertionError("dequantised twice")

    monkeypatch.setattr(gguf_source, "_build", never)
    assert materialise(spec, cache).is_dir()


def test_loaded_digest_covers_the_dequantised_files(gguf: Path, cache: Path) -> None:
    found = materialised(inspect(gguf, cache).spec(), cache)
    manifest = json.loads((found.folder / derived.MANIFEST).read_text())
    assert found.digest == manifest_digest(manifest["files"])
    assert manifest["recipe"]["source"] == sha256_file(gguf)
    assert {row["name"] for row in manifest["files"]} >= {"model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json"}
    assert not (found.folder / "source").exists()


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def drop(path: Path) -> None:
    path.unlink()


def add(path: Path) -> None:
    (path.parent / "generation_config_2.json").write_text("{}")


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json", derived.MANIFEST])
@pytest.mark.parametrize("damage", [flip, drop, add])
def test_damaged_cache_is_rebuilt_from_the_source_and_said_so(
    gguf: Path, cache: Path, name: str, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    spec = inspect(gguf, cache).spec()
    before = materialised(spec, cache)
    damage(before.folder / name)
    with caplog.at_level(logging.WARNING):
        after = materialised(spec, cache)
    assert (after.folder, after.digest) == (before.folder, before.digest)
    assert "damaged" in caplog.text
    assert "making them again from tiny.gguf" in caplog.text


def test_cache_of_another_source_is_not_taken(gguf: Path, llama: Path, tmp_path: Path, cache: Path) -> None:
    mine = materialised(inspect(gguf, cache).spec(), cache)
    other = write_gguf(llama, tmp_path / "o.gguf", changes={"output_norm.weight": np.full(64, 2, np.float32)})
    theirs = materialised(inspect(other, cache).spec(), cache)
    for path in theirs.folder.iterdir():
        (mine.folder / path.name).write_bytes(path.read_bytes())
    assert materialised(inspect(gguf, cache).spec(), cache).digest == mine.digest != theirs.digest


def test_flipped_byte_against_the_registered_digest_is_refused(gguf: Path, cache: Path) -> None:
    spec = inspect(gguf, cache).spec()
    flip(gguf)
    with pytest.raises(Refused, match=rf"tiny\.gguf: the weights changed.*expected SHA-256 {spec.weights_digest}, found"):
        materialise(spec, cache)


@pytest.mark.parametrize("part", ["tokenizer_digest", "template_digest"])
def test_other_tokenizer_or_template_than_registered_is_refused(gguf: Path, cache: Path, part: str) -> None:
    fields = {**vars(inspect(gguf, cache).spec()), part: "0" * 64}
    with pytest.raises(Refused, match=f"expected SHA-256 {'0' * 64}"):
        materialise(SubjectSpec(**fields), cache)


@pytest.mark.parametrize("keep", [3, 20, 1000, 0.5, -1])
def test_truncated_file_is_refused_and_nothing_is_left(gguf: Path, cache: Path, keep: float) -> None:
    data = gguf.read_bytes()
    gguf.write_bytes(data[: int(keep * len(data)) if keep == 0.5 else int(keep)])
    with pytest.raises(Refused, match=r"tiny\.gguf is truncated or not a GGUF file"):
        inspect(gguf, cache)
    assert published(cache) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"blk.1.ffn_up.weight": np.full((128, 64), np.nan, np.float32)}, r"model\.layers\.1\.mlp\.up_proj\.weight .*NaN"),
        ({"blk.0.attn_norm.weight": None}, r"missing from .*model\.layers\.0\.input_layernorm\.weight"),
        ({"blk.0.attn_norm.weight": np.ones(32, np.float32)}, r"input_layernorm\.weight .*shape \[32\] .*\[64\]"),
    ],
)
def test_faulty_tensors_are_refused_by_name_and_nothing_is_left(
    llama: Path, tmp_path: Path, cache: Path, changes: dict[str, np.ndarray | None], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        inspect(write_gguf(llama, tmp_path / "bad.gguf", changes=changes), cache)
    assert published(cache) == []


def test_file_without_tokenizer_is_refused(llama: Path, tmp_path: Path, cache: Path) -> None:
    with pytest.raises(Refused, match="carries no tokenizer"):
        inspect(write_gguf(llama, tmp_path / "mute.gguf", tokenizer=False), cache)


def test_pickle_and_absent_file_are_refused(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(Refused, match="is a pickle file"):
        inspect(tmp_path / "model.bin", cache)
    with pytest.raises(Refused, match="there is nothing at"):
        inspect(tmp_path / "absent.gguf", cache)


def test_settings_beside_the_file_have_no_influence(gguf: Path, cache: Path) -> None:
    plain = materialised(inspect(gguf, cache).spec(), cache)
    (gguf.parent / "generation_config.json").write_text('{"eos_token_id": 77}')
    (gguf.parent / "chat_template.jinja").write_text("{{ 'planted' }}")
    (gguf.parent / "config.json").write_text('{"model_type": "llama", "rms_norm_eps": 0.5}')
    again = materialised(inspect(gguf, gguf.parent / "second").spec(), gguf.parent / "second")
    assert again.digest == plain.digest


def test_two_at_once_dequantise_once(gguf: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built, original = list[str](), gguf_source._build

    def counted(*args: Any) -> None:
        built.append("x")
        original(*args)

    monkeypatch.setattr(gguf_source, "_build", counted)
    found = list[Path]()
    threads = [threading.Thread(target=lambda: found.append(gguf_source.dequantised(gguf, cache))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1
    assert len(set(found)) == 1
    assert published(cache) == [found[0].name]
