"""Imports go one way; the linter's contracts hold and would notice a breach."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = [
    "config",
    "core",
    "accounts",
    "frameworks",
    "evidence",
    "inventory",
    "assessments",
    "gpu_tasks",
    "decisions",
    "webhooks",
    "reports",
    "api",
    "web",
    "cli",
]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_contracts_hold_on_the_tree() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("inventory/models.py", "import gpu_tasks.models"),
        ("assessments/contracts.py", "import django.db"),
        ("evidence/merkle.py", "import evidence.models"),
    ],
)
def test_contract_breaks_when_a_lower_layer_imports_a_higher_one(tmp_path: Path, module: str, line: str) -> None:
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    target = tmp_path / module
    target.write_text(target.read_text() + f"\n{line}\n")
    assert lint(tmp_path).returncode == 1
