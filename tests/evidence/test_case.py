"""Writing a case: whole or not at all, sealed in the log, and readable with common tools. (Verification: verify/test_case.)"""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from accounts.models import Role, User
from core.errors import Conflict, IntegrityFailed, InvalidInput, NotAllowed, NotFound, StorageFailed
from evidence import statements
from evidence.case import case_write, case_zip
from evidence.models import LedgerEntry
from tests.evidence import builders


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_case_holds_everything_a_stranger_needs(recorder: User, tmp_path: Path) -> None:
    attestations = builders.plan_and_results(recorder, results=1)
    sealed = case_write(actor=recorder, path=tmp_path / "case", title="A case", attestations=attestations)
    artifacts = sorted(f"artifacts/{row.sha256}" for attestation in attestations for row in attestation.artifacts.all())
    own = ["VERIFY.md", *artifacts, "case.sigstore.json", "keys/trusted_root.json", "log/checkpoint", "log/consistency.json", "log/entries.jsonl"]
    assert files_in(tmp_path / "case") == sorted([*own, "manifest.json", "statements/statement-0.sigstore.json", "statements/statement-1.sigstore.json"])
    assert sealed.predicate_type == statements.CASE
    assert (sealed.entry.index, sealed.entry.action) == (2, "evidence.case.exported")


def test_case_reveals_nothing_of_other_entries(recorder: User, tmp_path: Path) -> None:
    builders.record(recorder, [builders.stored(b"secret bytes", "secret-name.json")], subject="inventory.secret:1")
    folder = builders.case_folder(recorder, tmp_path / "case")
    whole = b"".join((folder / name).read_bytes() for name in files_in(folder))
    assert b"secret" not in whole
    assert set(json.loads((folder / "log" / "entries.jsonl").read_text().splitlines()[0])) == {"index", "leaf_hash", "root"}


def test_existing_folder_is_not_touched(recorder: User, tmp_path: Path) -> None:
    (tmp_path / "case").mkdir()
    with pytest.raises(Conflict, match="exists already"):
        builders.case_folder(recorder, tmp_path / "case")
    assert list((tmp_path / "case").iterdir()) == []


def test_only_an_exporter_may_export(recorder: User, tmp_path: Path) -> None:
    attestations = builders.plan_and_results(recorder)
    with pytest.raises(NotAllowed):
        case_write(actor=builders.person(Role.APPROVER), path=tmp_path / "case", title="x", attestations=attestations)
    assert not (tmp_path / "case").exists()


def test_artifact_changed_or_missing_in_the_store_stops_the_export(recorder: User, tmp_path: Path, installation: Path) -> None:
    attestations = builders.plan_and_results(recorder)
    blob = installation / "artifacts" / "sha256" / attestations[0].artifacts.get().sha256
    size = LedgerEntry.objects.count()
    blob.chmod(0o644)
    blob.write_bytes(b"forged")
    with pytest.raises(IntegrityFailed):
        case_write(actor=recorder, path=tmp_path / "case", title="x", attestations=attestations)
    blob.unlink()
    with pytest.raises(NotFound):
        case_write(actor=recorder, path=tmp_path / "case", title="x", attestations=attestations)
    assert [path.name for path in tmp_path.iterdir()] == ["var"]
    assert LedgerEntry.objects.count() == size


def test_full_disk_leaves_no_half_case(recorder: User, tmp_path: Path) -> None:
    attestations = builders.plan_and_results(recorder, size=400_000)
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("mounting a small file system is not permitted here")
    try:
        with pytest.raises(StorageFailed, match="Nothing was kept"):
            case_write(actor=recorder, path=disk / "case", title="x", attestations=attestations)
        assert list(disk.iterdir()) == []
        folder = builders.case_folder(recorder, tmp_path / "case", attestations)
        with pytest.raises(StorageFailed, match="Nothing was kept"):
            case_zip(folder, disk / "case.zip")
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "manifest.json", "artifacts/x", "report/../../x"])
def test_extra_file_outside_its_place_is_refused(recorder: User, tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InvalidInput, match="below report/ or extra/"):
        builders.case_folder(recorder, tmp_path / "case", extra={name: tmp_path / "file"})
    assert not (tmp_path / "case").exists()


def test_zip_is_not_overwritten(recorder: User, tmp_path: Path) -> None:
    folder = builders.case_folder(recorder, tmp_path / "case")
    case_zip(folder, tmp_path / "case.zip")
    with pytest.raises(Conflict, match="exists already"):
        case_zip(folder, tmp_path / "case.zip")


def test_same_artifact_under_two_statements_lies_there_once(recorder: User, tmp_path: Path) -> None:
    rows = [builders.record(recorder, [builders.stored(b"same", "a.json")]), builders.record(recorder, [builders.stored(b"same", "b.json")])]
    folder = builders.case_folder(recorder, tmp_path / "case", rows)
    assert len(list((folder / "artifacts").iterdir())) == 1


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed")
def test_commands_of_the_guide_work_as_printed(recorder: User, tmp_path: Path) -> None:
    folder = builders.case_folder(recorder, tmp_path / "case")
    guide = (folder / "VERIFY.md").read_text()
    blocks = [block for block in re.findall(r"(?:^    .+\n)+", guide, re.M) if "jq" in block]
    assert len(blocks) == 4
    script = "set -e\n" + "\n".join(blocks).replace("NUMBER", "1")
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Verified OK" in done.stdout
    assert "FAILED" not in done.stdout
    assert len(set(re.findall(r"^[0-9a-f]{64}$", done.stdout, re.M))) == 1


def test_guide_shows_the_fingerprints_of_the_keys(recorder: User, tmp_path: Path, ring: object) -> None:
    guide = (builders.case_folder(recorder, tmp_path / "case") / "VERIFY.md").read_text()
    assert all(value in guide for _, value in ring.trust.fingerprints())  # type: ignore[attr-defined]
    assert "$" not in re.sub(r"\"\$\(wc.*?\)\"", "", guide)
