"""The command line of the verifier: exit status, words, and what it must not need."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from accounts.models import User
from evidence.case import case_zip
from evidence.verify import __main__ as command
from tests.evidence import builders

ROOT = Path(__file__).resolve().parents[3]
Run = Callable[..., "Outcome"]


@pytest.fixture
def folder(recorder: User, tmp_path: Path) -> Path:
    return builders.case_folder(recorder, tmp_path / "case")


@dataclass(frozen=True)
class Outcome:
    """Exit status and printed words of one call."""

    returncode: int
    stdout: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Call the command in this process, as on a machine without an installation."""
    monkeypatch.setattr(command, "INSTALLED", tmp_path / "none" / "trusted_root.json")

    def call(*arguments: str | Path) -> Outcome:
        capsys.readouterr()
        status = command.main([str(argument) for argument in arguments])
        return Outcome(status, capsys.readouterr().out)

    return call


WATCHED = """
import sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "sqlite3.connect", "subprocess.Popen"):
        raise SystemExit(f"the verifier used {event}")
sys.addaudithook(refuse)
from evidence.verify.__main__ import main
status = main(sys.argv[1:])
loaded = [name for name in ("django", "psycopg", "sqlite3", "pysqlite3", "boto3", "securesystemslib", "celery", "torch") if name in sys.modules]
raise SystemExit(f"the verifier loaded {loaded}" if loaded else status)
"""


def test_verifier_needs_no_django_no_database_and_no_network(folder: Path, key_folder: Path) -> None:
    line = [sys.executable, "-c", WATCHED, str(folder), "--trusted-root", str(key_folder / "trusted_root.json")]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_verifier_is_small_enough_to_be_read() -> None:
    assert sum(len(path.read_text().splitlines()) for path in (ROOT / "evidence" / "verify").glob("*.py")) <= 400


def test_verified_case_ends_0(run: Run, folder: Path, key_folder: Path) -> None:
    done = run(folder, "--trusted-root", key_folder / "trusted_root.json")
    assert done.returncode == 0
    assert done.stdout.strip().splitlines()[-1].startswith(f"verified: {folder} (5 artifacts")


def test_failed_case_ends_1_and_names_the_artifact(run: Run, folder: Path, key_folder: Path) -> None:
    changed = next((folder / "artifacts").iterdir())
    changed.write_bytes(b"forged")
    done = run(folder, "--json", "--trusted-root", key_folder / "trusted_root.json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["verdict"]) == (1, "failed")
    assert f"artifacts/{changed.name}" in report["problems"][0]["thing"]
    assert "changed" in report["problems"][0]["reason"]


@pytest.mark.parametrize("name", ["nothing", "nothing.zip", "nothing.pdf", "file.txt", "empty"])
def test_unusable_input_ends_2(run: Run, tmp_path: Path, key_folder: Path, name: str) -> None:
    (tmp_path / "file.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    done = run(tmp_path / name, "--json", "--trusted-root", key_folder / "trusted_root.json")
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (2, "unusable")


def test_report_without_its_log_entry_is_unusable(run: Run, tmp_path: Path) -> None:
    (tmp_path / "report.pdf").write_bytes(b"%PDF-1.7")
    done = run(tmp_path / "report.pdf")
    assert done.returncode == 2
    assert "report.pdf.sigstore.json cannot be read" in done.stdout
    assert "name it with --bundle" in done.stdout


def test_missing_keys_file_is_unusable(run: Run, folder: Path, tmp_path: Path) -> None:
    assert run(folder, "--trusted-root", tmp_path / "nowhere.json").returncode == 2


def test_broken_keys_file_fails(run: Run, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("{}")
    done = run(folder, "--trusted-root", tmp_path / "keys.json")
    assert done.returncode == 1
    assert "trusted_root.json cannot be used" in done.stdout


def test_installation_keys_are_used_when_none_are_given(folder: Path, key_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    shutil.copytree(key_folder, tmp_path / "state" / "keys")
    line = [sys.executable, "-m", "evidence.verify", str(folder)]
    done = subprocess.run(line, cwd=ROOT, env={**os.environ, "ASSAY_VAR": str(tmp_path / "state")}, capture_output=True, text=True)
    assert done.returncode == 0
    assert "note:" not in done.stdout


def test_keys_inside_the_case_are_used_with_a_warning(run: Run, folder: Path, tmp_path: Path) -> None:
    done = run(folder)
    assert done.returncode == 0
    assert "compare the fingerprints" in done.stdout
    assert done.stdout.count("checked against") == 3


def test_case_without_usable_keys_of_its_own_fails(run: Run, folder: Path, tmp_path: Path) -> None:
    (folder / "keys" / "trusted_root.json").unlink()
    done = run(folder)
    assert done.returncode == 1
    assert "keys/trusted_root.json is missing" in done.stdout


def test_zip_is_verified_too(run: Run, folder: Path, key_folder: Path) -> None:
    case_zip(folder, folder.with_suffix(".zip"))
    done = run(folder.with_suffix(".zip"), "--trusted-root", key_folder / "trusted_root.json", "--json")
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (0, "verified")
