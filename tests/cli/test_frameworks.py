"""`assay frameworks import`: shows by default, applies when told to, and says what is missing."""

import json
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from cli import frameworks
from cli.frameworks_steps import bring
from core.errors import InvalidInput
from evidence.models import LedgerEntry
from frameworks.models import Framework, ImportDraft
from tests.frameworks.imports import files

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def prepared(admin: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The set-up is not what is tested here; the command runs in the folder of the files."""
    monkeypatch.setattr("cli.frameworks.prepare", lambda var, progress: None)
    monkeypatch.setattr("cli.frameworks.caller_dir", lambda: tmp_path)
    monkeypatch.setattr("cli.frameworks_steps.first_administrator", lambda: admin)


def written(folder: Path, name: str, raw: bytes) -> str:
    (folder / name).write_bytes(raw)
    return name


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any, str]:
    status = frameworks.main(["import", *arguments, "--json"])
    said = capsys.readouterr()
    return status, json.loads(said.out) if said.out else None, said.err


def test_shows_first_and_applies_when_told_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name, before = written(tmp_path, "any.name", files.as_yaml(files.ciso())), LedgerEntry.objects.count()
    status, told, _ = run(capsys, name)
    assert (status, told["rows"], told["added"], told["licence"], told["applied"]) == (0, 2, 2, "CC-BY-4.0", "")
    assert "nothing is changed yet" in told["text"]
    assert (Framework.objects.count(), ImportDraft.objects.count(), LedgerEntry.objects.count()) == (0, 0, before)
    status, told, _ = run(capsys, name, "--apply")
    assert (status, told["applied"]) == (0, "imported-garden")
    status, told, _ = run(capsys, name)
    assert told["text"].endswith("nothing to change")
    status, told, complaint = run(capsys, name, "--apply")
    assert (status, told) == (1, None)
    assert "nothing to change" in complaint
    assert not ImportDraft.objects.exists(), "a refusal leaves no file waiting"


def test_hostile_file_is_refused_with_status_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, told, complaint = run(capsys, written(tmp_path, "x.yaml", b"a: &a [x]\nb: *a\n"), "--apply")
    assert (status, told) == (1, None)
    assert "anchor or alias" in complaint
    assert run(capsys, "none.yaml")[0] == 1


def test_sheet_takes_its_columns_by_heading(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = written(tmp_path, "questions.csv", files.as_csv([("Code", "Words"), ("Q-1", "Do you?")]))
    status, _, complaint = run(capsys, name)
    assert status == 1
    assert "--ref: give the heading of the column; row 1 has: Code, Words" in complaint
    status, told, _ = run(capsys, name, "--ref", "code", "--text", "Words", "--name", "Small questions", "--apply")
    assert (status, told["applied"]) == (0, "imported-small-questions")
    assert "there is no heading" in run(capsys, name, "--ref", "nope")[2]
    assert "there is no sheet" in run(capsys, name, "--sheet", "nope")[2]


def test_crosswalk_says_which_framework_it_waits_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = written(tmp_path, "map.yaml", files.as_yaml(files.mapping([("node1", "equal", "node2")])))
    assert "needs frameworks that are not loaded" in run(capsys, name)[1]["text"]
    status, _, complaint = run(capsys, name, "--apply")
    assert (status, "Import them first" in complaint) == (1, True)


def test_register_must_be_one_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / written(tmp_path, "x", files.as_yaml(files.ciso()))
    with pytest.raises(InvalidInput, match="name one of"):
        bring(path, "Nobody's", {}, "", True)
    assert not Framework.objects.exists()
