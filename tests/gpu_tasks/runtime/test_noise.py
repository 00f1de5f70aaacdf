"""Weight noise: deterministic, of the size asked for, and never on the model itself."""

from pathlib import Path

import numpy as np
import pytest
import torch

from assessments.contracts import Refused, SubjectSpec
from gpu_tasks.runtime.adapter import BridgeSubject
from gpu_tasks.runtime.loading import load_directory
from gpu_tasks.runtime.noise import matrices
from tests.tiny_models import FAMILIES, build_tiny

ITEMS = [tuple(range(5, 25)), tuple(range(40, 60))]


def load(folder: Path, family: str = "llama") -> BridgeSubject:
    build_tiny(folder, family, seed=5)
    return load_directory(folder, SubjectSpec("safetensors", "somewhere", "w" * 64, "t" * 64, "", "some model"))


def read(subject: BridgeSubject) -> np.ndarray:
    return subject.log_probs(ITEMS, range(50), lambda tokens: None)


@pytest.mark.parametrize("family", FAMILIES)
def test_noise_changes_the_copy_and_leaves_the_model_alone(family: str, tmp_path: Path) -> None:
    subject = load(tmp_path, family)
    before = read(subject)
    noisy = read(subject.noisy(0.2, 1))
    assert np.abs(noisy - before).max() > 1e-3
    assert np.array_equal(read(subject), before)
    assert np.array_equal(read(subject.noisy(0.0, 1)), before)


def test_the_same_seed_gives_the_same_noise_whatever_was_asked_between(tmp_path: Path) -> None:
    subject = load(tmp_path)
    first, other = subject.noisy(0.2, 1), subject.noisy(0.2, 2)
    found, different = read(first), read(other)
    assert not np.array_equal(found, different)
    assert np.array_equal(read(first), found)
    assert np.array_equal(read(load(tmp_path).noisy(0.2, 1)), found)


def test_noise_is_as_large_as_asked_in_units_of_each_matrix(tmp_path: Path) -> None:
    subject = load(tmp_path)
    clean = dict(matrices(subject.engine))
    for name, weight in matrices(subject.noisy(0.5, 3).engine):
        assert float(torch.std(weight - clean[name]).detach() / torch.std(clean[name]).detach()) == pytest.approx(0.5, rel=0.05)


def test_a_random_twin_takes_noise_too_and_stays_what_it_is(tmp_path: Path) -> None:
    twin = load(tmp_path).random_twin(4)
    before = read(twin)
    assert np.abs(read(twin.noisy(0.2, 1)) - before).max() > 1e-3
    assert np.array_equal(read(twin), before)


@pytest.mark.parametrize("sigma", [-0.1, float("nan"), float("inf")])
def test_an_impossible_level_is_refused(sigma: float, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="finite number of at least 0"):
        load(tmp_path).noisy(sigma, 1)
