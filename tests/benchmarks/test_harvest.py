"""The arithmetic of the measurement, and that every way of reading gets what the readers ask for; the measurement itself needs time."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import harvest
from gpu_tasks.runtime.loading import load_directory
from gpu_tasks.runtime.sources import inspect_source
from tests.tiny_models import build_tiny

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> harvest.Bench:
    folder = build_tiny(tmp_path_factory.mktemp("bench") / "model", "llama")
    spec = inspect_source("safetensors", str(folder), folder).spec()
    return harvest.Bench(load_directory(folder, spec), harvest.steps_of(harvest.STANDARD, spec), texts=3)


def test_the_readers_are_those_of_the_instruments_on_the_same_texts(bench: harvest.Bench) -> None:
    assert bench.readers == [(0, 1), (0, 1)]
    assert bench.union == (0, 1)
    assert [len(part) for part in bench.parts] == [3, 3]


def test_sharing_runs_the_blocks_once_and_each_for_itself_once_per_reader(bench: harvest.Bench) -> None:
    ran: list[int] = []
    handle = bench.subject.engine.blocks[0].register_forward_pre_hook(lambda module, args: ran.append(1))
    counts = []
    for arm in (bench.plain, bench.harvest, bench.shared, bench.each_for_itself):
        ran.clear()
        arm()
        counts.append(len(ran))
    handle.remove()
    once = counts[0]
    assert counts == [once, once, once, 2 * once]


def test_every_round_is_compared_with_itself() -> None:
    quick, slow = harvest.Summary("a", (1.0, 10.0, 2.0), 0), harvest.Summary("b", (3.0, 20.0, 8.0), 0)
    assert quick.ratio(slow) == 3.0
    assert quick.median == 2.0


@pytest.mark.parametrize(("found", "least", "met"), [(3.0, True, "yes"), (2.99, True, "**no**"), (1.2, False, "yes"), (1.21, False, "**no**")])
def test_a_missed_target_is_said(found: float, least: bool, met: str) -> None:
    assert harvest.verdict("x", found, 3.0 if least else 1.2, least).endswith(f"| {met} |")


def test_the_peak_is_that_of_the_call() -> None:
    assert harvest.peak(lambda: None) < 8e6
    assert 60e6 < harvest.peak(lambda: np.ones(8_000_000)) < 90e6


def test_the_document_names_the_command_and_the_targets() -> None:
    text = (ROOT / "docs" / "benchmarks.md").read_text()
    assert "python -m benchmarks.harvest" in text
    for target in (harvest.SHARED_TARGET, harvest.THROUGHPUT_TARGET, harvest.MEMORY_TARGET):
        assert f"{target:g} ×" in text
