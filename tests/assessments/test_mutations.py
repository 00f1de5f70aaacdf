"""The instruments' tests are worth something: with one core line of an instrument broken, they fail."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from assessments.registry import METHODS

ROOT = Path(__file__).resolve().parents[2]
PARTS, TESTS = Path("assessments/methods/parts"), Path("tests/assessments/methods")
BROKEN: dict[str, list[dict[str, Any]]] = yaml.safe_load(Path(__file__).with_name("mutations.yaml").read_text(encoding="utf-8"))
CASES = [pytest.param(row, id=f"{slug}: {row['breaks']}") for slug, rows in BROKEN.items() for row in rows]
FAILED = 1
"""Pytest's exit status when tests ran and some failed; anything else would be a broken test run, not a test that noticed."""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source in which lines may be broken."""
    folder = tmp_path_factory.mktemp("mutations") / "source"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".venv", ".git", "var", "__pycache__", ".*_cache", "docs"))
    return folder


def test_every_instrument_has_its_mutations() -> None:
    assert set(BROKEN) == {method.card.slug for method in METHODS}


@pytest.mark.parametrize("row", [case.values[0] for case in CASES], ids=[case.id for case in CASES])
def test_the_line_is_there_once(row: dict[str, Any]) -> None:
    source = (ROOT / PARTS / row["file"]).read_text(encoding="utf-8")
    assert source.count(row["old"]) == 1
    assert row["old"] != row["new"]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("row", CASES)
def test_a_broken_instrument_fails_its_tests(row: dict[str, Any], copy: Path) -> None:
    file = copy / PARTS / row["file"]
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole.replace(row["old"], row["new"]), encoding="utf-8")
    try:
        found = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", *(str(TESTS / name) for name in row["tests"])],
            cwd=copy,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        file.write_text(whole, encoding="utf-8")
    assert found.returncode == FAILED, found.stdout[-3000:] + found.stderr[-1000:]
