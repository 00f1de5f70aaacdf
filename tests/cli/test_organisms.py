"""`assay organisms check|add`: says what is wrong, keeps nothing then, copies what workers could not reach and registers it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file, save_file

from accounts.models import User
from assessments.models import AddedOrganism
from assessments.organism_shelf import organism_load
from assessments.organisms.registry import RECORD
from cli import organisms
from core.model_files import weights_digest
from evidence.models import LedgerEntry
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def outside(admin: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder from somebody else, outside the folder for models; the command runs beside it."""
    monkeypatch.setattr("cli.organisms.prepare", lambda var, progress: None)
    monkeypatch.setattr("cli.organisms.caller_dir", lambda: tmp_path)
    monkeypatch.setattr("cli.organisms_steps.first_administrator", lambda: admin)
    return Path(shutil.move(factories.organism_folder(), tmp_path))


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any, str]:
    status = organisms.main([*arguments, "--json"])
    said = capsys.readouterr()
    return status, json.loads(said.out) if said.out else None, said.err


def copies() -> list[Path]:
    return [path for path in Path(factories.settings.ASSAY_MODELS_DIR).rglob("*") if path.is_file()]


def test_check_says_what_it_is_and_keeps_nothing(outside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = LedgerEntry.objects.count()
    status, told, _ = run(capsys, "check", outside.name)
    assert (status, told["slug"], told["role"], told["strength"]) == (0, "copycat-planted-100-s1", "planted", 1.0)
    assert told["weights_digest"] == weights_digest(outside)
    assert "tried with known_circuits" in told["text"]
    assert (AddedOrganism.objects.count(), LedgerEntry.objects.count(), copies()) == (0, before, [])


def test_add_copies_what_lies_elsewhere_and_registers_it(outside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (outside / "notes.txt").write_text("not part of the model")
    status, told, _ = run(capsys, "add", outside.name)
    row = AddedOrganism.objects.get()
    assert (status, told["id"], told["locator"]) == (0, str(row.id), row.locator)
    assert {path.name for path in copies()} == {path.name for path in outside.iterdir()} - {"notes.txt"}
    shutil.rmtree(outside)
    assert organism_load(row).weights_digest == row.weights_digest


def test_add_registers_what_lies_there_already_in_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    folder = factories.organism_folder("third", seed=2)
    status, told, _ = run(capsys, "add", str(folder))
    assert (status, told["locator"]) == (0, f"third/{folder.name}")
    assert len(copies()) == len(list(folder.iterdir()))


def test_refusals_have_status_one_and_leave_no_copy(outside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "add", outside.name)[0] == 0
    kept = copies()
    status, told, complaint = run(capsys, "add", outside.name)
    assert (status, told, copies()) == (1, None, kept)
    assert "registered already" in complaint
    assert run(capsys, "add", "none")[0] == 1
    assert "name one of" in run(capsys, "add", outside.name, "--register", "Nobody")[2]
    (outside / "x.pkl").write_bytes(b"")
    status, _, complaint = run(capsys, "check", outside.name)
    assert status == 1
    assert "could run code" in complaint


def test_a_model_that_cannot_be_loaded_is_refused(outside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tensors = load_file(outside / "model.safetensors")
    del tensors["model.layers.0.mlp.up_proj.weight"]
    save_file(tensors, outside / "model.safetensors", {"format": "pt"})
    record = json.loads((outside / RECORD).read_text())
    (outside / RECORD).write_text(json.dumps(record | {"weights_digest": weights_digest(outside)}))
    status, _, complaint = run(capsys, "add", outside.name)
    assert (status, AddedOrganism.objects.count(), copies()) == (1, 0, [])
    assert "the model cannot be loaded" in complaint
