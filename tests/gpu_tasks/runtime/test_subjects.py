"""One loaded model at a time, its files hashed anew at every step."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from assessments.contracts import Refused, SubjectSpec
from gpu_tasks.runtime.sources import inspect_source, materialised
from gpu_tasks.runtime.subjects import Shelf


@pytest.fixture
def folder(tiny_folder: Callable[[str], Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_folder("qwen2"), tmp_path / "model"))


@pytest.fixture
def spec(folder: Path) -> SubjectSpec:
    return inspect_source("safetensors", str(folder), folder).spec()


def take(shelf: Shelf, spec: SubjectSpec, folder: Path, max_batch: int = 8) -> object:
    return shelf.subject(spec, folder, threads=1, max_batch=max_batch)


def test_same_model_is_loaded_once_with_each_steps_own_settings(spec: SubjectSpec, folder: Path) -> None:
    shelf = Shelf()
    first, second = (shelf.subject(spec, folder, threads=1, max_batch=size) for size in (8, 3))
    assert first.engine is second.engine
    assert (first.batcher.size, second.batcher.size) == (8, 3)
    assert (first.facts.environment["max_batch"], second.facts.environment["max_batch"]) == (8, 3)


def test_digest_of_the_loaded_files_is_attested(spec: SubjectSpec, folder: Path) -> None:
    subject = Shelf().subject(spec, folder, threads=1, max_batch=8)
    assert subject.facts.environment["loaded_digest"] == materialised(spec, folder).digest == spec.weights_digest
    assert subject.random_twin(1).facts.environment["loaded_digest"] == ""


def test_another_model_takes_the_place(spec: SubjectSpec, folder: Path, tiny_folder: Callable[[str], Path]) -> None:
    shelf = Shelf()
    first = shelf.subject(spec, folder, threads=1, max_batch=8)
    other = inspect_source("safetensors", str(tiny_folder("gpt2")), folder).spec()
    assert shelf.subject(other, folder, threads=1, max_batch=8).facts.architecture == "GPT2LMHeadModel"
    assert shelf.subject(spec, folder, threads=1, max_batch=8).engine is not first.engine


def test_file_that_changed_after_loading_is_refused_although_the_model_is_in_memory(spec: SubjectSpec, folder: Path) -> None:
    shelf = Shelf()
    take(shelf, spec, folder)
    config = folder / "config.json"
    config.write_text(config.read_text() + " ")
    with pytest.raises(Refused, match="changed since the model version was registered"):
        take(shelf, spec, folder)


def test_cleared_shelf_loads_again(spec: SubjectSpec, folder: Path) -> None:
    shelf = Shelf()
    first = shelf.subject(spec, folder, threads=1, max_batch=8)
    shelf.clear()
    assert shelf.subject(spec, folder, threads=1, max_batch=8).engine is not first.engine
