"""A case on disk: accepted as written, refused after any change, and the changed thing named."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from accounts.models import User
from core.canonical import canonical_json
from core.errors import IntegrityFailed
from core.hashing import sha256_bytes
from evidence import bundle, checkpoint, dsse, ledger, merkle, statements
from evidence.archive import Zip
from evidence.case import case_zip
from evidence.keys import KeyRing
from evidence.models import Artifact, Attestation
from evidence.proofs import bundle_read
from evidence.storage import blob_put_bytes
from evidence.tree import Tree
from evidence.verify.__main__ import verify
from evidence.verify.result import Result
from tests.evidence import builders


@pytest.fixture
def root_file(key_folder: Path) -> Path:
    return key_folder / "trusted_root.json"


@pytest.fixture
def folder(recorder: User, tmp_path: Path) -> Path:
    with transaction.atomic():
        ledger.append_many(actor=recorder, drafts=[ledger.Draft("tests.other", f"tests.other:{n}", {"n": n}) for n in range(3)])
    attestations = builders.plan_and_results(recorder)
    with transaction.atomic():
        record = ledger.append(actor=recorder, action="tests.plain", subject="tests.thing:1", payload={"n": 1}).attestation
    (tmp_path / "note.txt").write_text("a file beside the evidence")
    return builders.case_folder(recorder, tmp_path / "case", [*attestations, record], extra={"extra/note.txt": tmp_path / "note.txt"})


def names_of(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def problems(folder: Path, root_file: Path) -> str:
    return " | ".join(f"{thing}: {reason}" for thing, reason in verify(folder, root_file).problems)


def test_written_case_is_verified(folder: Path, root_file: Path) -> None:
    result = verify(folder, root_file)
    assert result.problems == []
    assert result.verdict == "verified"
    assert result.counts == {"artifacts": 5, "files": 15, "statements": 4, "log entries": 7}


def test_zip_is_verified_and_written_alike_each_time(folder: Path, root_file: Path, tmp_path: Path) -> None:
    case_zip(folder, tmp_path / "first.zip")
    case_zip(folder, tmp_path / "second.zip")
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()
    assert verify(tmp_path / "first.zip", root_file).verdict == "verified"


def positions(size: int, count: int, source: random.Random) -> list[int]:
    return sorted({0, size - 1, *source.sample(range(size), min(count, size))})


def test_single_bit_flipped_in_any_file_is_refused_and_the_file_named(folder: Path, root_file: Path) -> None:
    source = random.Random(2)
    for name in names_of(folder):
        data = (folder / name).read_bytes()
        for position in positions(len(data), 25, source):
            spoilt = bytearray(data)
            spoilt[position] ^= 1 << source.randrange(8)
            (folder / name).write_bytes(spoilt)
            assert name in problems(folder, root_file), f"{name} at {position}"
        (folder / name).write_bytes(data)
    assert verify(folder, root_file).verdict == "verified"


@pytest.mark.parametrize("name", ["log/checkpoint", "log/entries.jsonl", "log/consistency.json"])
def test_bytes_of_the_log_files_count(folder: Path, root_file: Path, name: str) -> None:
    data = (folder / name).read_bytes()
    source = random.Random(3)
    for position in range(0, len(data), 2):
        spoilt = bytearray(data)
        spoilt[position] ^= 1 << source.randrange(8)
        (folder / name).write_bytes(spoilt)
        assert verify(folder, root_file).verdict == "failed", f"{name} at {position}"


@pytest.mark.parametrize("change", [lambda data: data + b"\n", lambda data: data[:-1], lambda data: b"", lambda data: data + data])
def test_file_longer_or_shorter_is_refused(folder: Path, root_file: Path, change: Callable[[bytes], bytes]) -> None:
    for name in names_of(folder):
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(change(data))
        assert name in problems(folder, root_file)
        (folder / name).write_bytes(data)


def test_missing_and_extra_files_are_refused(folder: Path, root_file: Path) -> None:
    for name in names_of(folder):
        moved = folder.parent / "away"
        (folder / name).rename(moved)
        assert name in problems(folder, root_file)
        moved.rename(folder / name)
    (folder / "artifacts" / "more").write_text("x")
    assert "artifacts/more: this file does not belong to the case" in problems(folder, root_file)


def test_link_in_place_of_a_file_is_refused(folder: Path, root_file: Path) -> None:
    target = folder.parent / "VERIFY.md"
    shutil.move(folder / "VERIFY.md", target)
    (folder / "VERIFY.md").symlink_to(target)
    assert "VERIFY.md is not a plain file" in problems(folder, root_file)


def artifact_rows(folder: Path) -> list[dict[str, Any]]:
    return [row for row in json.loads((folder / "manifest.json").read_bytes())["files"] if row["path"].startswith("artifacts/")]


def test_changed_artifact_is_named_by_its_title(folder: Path, root_file: Path) -> None:
    row = artifact_rows(folder)[0]
    (folder / row["path"]).write_bytes(b"forged")
    assert f"“{row['title']}”" in problems(folder, root_file)


def test_changed_log_entry_is_named_by_its_index(folder: Path, root_file: Path) -> None:
    place = folder / "log" / "entries.jsonl"
    lines = place.read_bytes().splitlines(keepends=True)
    for index in (0, 1, 6):
        spoilt = [*lines]
        spoilt[index] = spoilt[index].replace(b'"leaf_hash":"', b'"leaf_hash":"0', 1).replace(b'","root"', b'"root"')
        place.write_bytes(b"".join(spoilt))
        assert f"log entry {index} was changed" in problems(folder, root_file)
        flipped = bytearray(lines[index])
        flipped[40] = ord("a") if flipped[40] != ord("a") else ord("b")
        place.write_bytes(b"".join([*lines[:index], bytes(flipped), *lines[index + 1 :]]))
        assert f"log entry {index} was changed" in problems(folder, root_file)


def test_log_with_an_entry_left_out_or_swapped_is_refused(folder: Path, root_file: Path) -> None:
    place = folder / "log" / "entries.jsonl"
    lines = place.read_bytes().splitlines(keepends=True)
    for spoilt in (lines[:-1], lines[1:], lines[:2] + lines[3:], [lines[1], lines[0], *lines[2:]], [*lines, lines[-1]]):
        place.write_bytes(b"".join(spoilt))
        assert "log/entries.jsonl" in problems(folder, root_file)


def test_changed_checkpoint_is_named(folder: Path, root_file: Path) -> None:
    place = folder / "log" / "checkpoint"
    place.write_bytes(place.read_bytes().replace(b"\n7\n", b"\n8\n"))
    assert "log/checkpoint: the checkpoint's signature" in problems(folder, root_file)


def refreshed(folder: Path) -> dict[str, Any]:
    """The manifest with sizes and digests as the files are now."""
    manifest = dict(json.loads((folder / "manifest.json").read_bytes()))
    for row in manifest["files"]:
        data = (folder / row["path"]).read_bytes()
        row["sha256"], row["size"] = sha256_bytes(data), len(data)
    return manifest


def forge(folder: Path, ring: KeyRing, manifest: dict[str, Any]) -> None:
    """What an operator can do who holds all keys: sign any manifest and place it as the very next entry of the log in the case."""
    data = canonical_json(manifest)
    (folder / "manifest.json").write_bytes(data)
    statement = statements.build([statements.descriptor("manifest.json", sha256_bytes(data))], statements.CASE, {})
    envelope = dsse.sign(statements.encode(statement), ring.signer)
    tree = Tree()
    for line in (folder / "log" / "entries.jsonl").read_text().splitlines():
        tree.add(bytes.fromhex(json.loads(line)["leaf_hash"]))
    tree.add(merkle.leaf_hash(bundle.leaf(envelope, ring.trust)))
    note = checkpoint.sign(checkpoint.Checkpoint(ring.origin, tree.size, tree.root()), ring.log_private)
    index = tree.size - 1
    (folder / "case.sigstore.json").write_bytes(bundle.build(envelope, ring.trust, index, merkle.inclusion_proof(tree.get, index, tree.size), note))


def test_forged_seal_alone_changes_nothing(folder: Path, root_file: Path, ring: KeyRing) -> None:
    """Shows that the forgeries below are refused for what they forge, not for how."""
    forge(folder, ring, refreshed(folder))
    assert verify(folder, root_file).problems == []


def test_head_of_another_history_is_refused(folder: Path, root_file: Path, ring: KeyRing) -> None:
    """A split view: the operator showed someone a head that this log never had."""
    place = folder / "log" / "consistency.json"
    rows = json.loads(place.read_bytes())
    assert [int(row["checkpoint"].split("\n")[1]) for row in rows] == [4]
    rows[0]["checkpoint"] = checkpoint.sign(checkpoint.Checkpoint(ring.origin, 4, b"\x07" * 32), ring.log_private)
    place.write_bytes(canonical_json(rows))
    forge(folder, ring, refreshed(folder))
    assert "log/consistency.json: the log of 7 entries does not continue the log of 4 entries" in problems(folder, root_file)


def test_case_without_the_heads_from_sealing_is_refused(folder: Path, root_file: Path, ring: KeyRing) -> None:
    (folder / "log" / "consistency.json").write_bytes(b"[]")
    forge(folder, ring, refreshed(folder))
    assert "is not shown to have been sealed before this result" in problems(folder, root_file)


def test_statement_under_another_number_is_refused(folder: Path, root_file: Path, ring: KeyRing) -> None:
    shutil.copy(folder / "statements" / "statement-3.sigstore.json", folder / "statements" / "statement-4.sigstore.json")
    forge(folder, ring, refreshed(folder))
    assert "it is proven at another index or checkpoint than the case's" in problems(folder, root_file)


def test_checkpoint_of_another_time_is_refused(folder: Path, root_file: Path, ring: KeyRing, recorder: User) -> None:
    builders.record(recorder, [builders.stored(b"later")])
    later = bundle.verify(bundle_read(Attestation.objects.latest("created_at")), ring.trust).note
    (folder / "log" / "checkpoint").write_text(later)
    forge(folder, ring, refreshed(folder))
    assert "these 7 entries are not the 9 of the signed checkpoint" in problems(folder, root_file)


def test_forged_case_over_a_changed_artifact_is_refused(folder: Path, root_file: Path, ring: KeyRing) -> None:
    (folder / artifact_rows(folder)[0]["path"]).write_bytes(b"forged")
    forge(folder, ring, refreshed(folder))
    assert "an artifact lies under a name that is not its SHA-256" in problems(folder, root_file)


def test_forged_case_over_a_renamed_artifact_is_refused(folder: Path, root_file: Path, ring: KeyRing) -> None:
    row = artifact_rows(folder)[0]
    manifest = refreshed(folder)
    (folder / row["path"]).unlink()
    (folder / "artifacts" / sha256_bytes(b"forged")).write_bytes(b"forged")
    for other in manifest["files"]:
        if other["path"] == row["path"]:
            other |= {"path": f"artifacts/{sha256_bytes(b'forged')}", "sha256": sha256_bytes(b"forged"), "size": 6}
    forge(folder, ring, manifest)
    assert "no statement in the case vouches for it" in problems(folder, root_file)


def test_case_statement_that_is_not_the_next_entry_is_refused(folder: Path, root_file: Path, recorder: User) -> None:
    about = [statements.descriptor("manifest.json", sha256_bytes((folder / "manifest.json").read_bytes()))]
    with transaction.atomic():
        entry = ledger.append(actor=recorder, action="x.y", subject="s", payload={}, statement=statements.build(about, statements.CASE, {}))
    (folder / "case.sigstore.json").write_bytes(bundle_read(entry.attestation))
    assert "does not follow directly on these entries" in problems(folder, root_file)


def test_case_statement_of_another_case_is_refused(folder: Path, root_file: Path, recorder: User, tmp_path: Path) -> None:
    other = builders.case_folder(recorder, tmp_path / "other")
    shutil.copy(other / "case.sigstore.json", folder / "case.sigstore.json")
    assert "manifest.json is not the file that was signed" in problems(folder, root_file)


def test_statement_of_another_kind_does_not_seal_a_case(folder: Path, root_file: Path) -> None:
    shutil.copy(folder / "statements" / "statement-4.sigstore.json", folder / "case.sigstore.json")
    assert "not a statement about a case" in problems(folder, root_file)


def test_result_without_its_plan_is_refused(recorder: User, tmp_path: Path, root_file: Path) -> None:
    attestations = builders.plan_and_results(recorder)
    case = builders.case_folder(recorder, tmp_path / "case", attestations[1:])
    assert "names no plan whose seal is in the case" in problems(case, root_file)


def test_plan_sealed_after_its_result_is_refused(recorder: User, tmp_path: Path, root_file: Path) -> None:
    plan = builders.stored(b"{}", "plan.json")
    predicate = statements.step_result(result="PASSED", plan_digest=plan.blob.sha256, configuration=[], finding={})
    late = [
        builders.record(recorder, [builders.stored(b"result")], statements.STEP_RESULT, predicate),
        builders.record(recorder, [plan], statements.PLAN_SEAL, {}),
    ]
    case = builders.case_folder(recorder, tmp_path / "case", late)
    assert "log entry 0: its plan (log entry 1) is not shown to have been sealed before this result" in problems(case, root_file)


def test_plan_and_result_under_one_head_are_refused(recorder: User, tmp_path: Path, root_file: Path) -> None:
    """Both in one batch: no signed head stands between the seal and the result."""
    digest = "ab" * 32
    predicate = statements.step_result(result="PASSED", plan_digest=digest, configuration=[], finding={})
    seal = statements.build([statements.descriptor("plan.json", digest)], statements.PLAN_SEAL, {})
    result = statements.build([statements.descriptor("r", "cd" * 32)], statements.STEP_RESULT, predicate)
    with transaction.atomic():
        rows = ledger.append_many(actor=recorder, drafts=[ledger.Draft("a.b", "s", {}, seal), ledger.Draft("a.b", "s", {}, result)])
    case = builders.case_folder(recorder, tmp_path / "case", [row.attestation for row in rows])
    assert "is not shown to have been sealed before this result" in problems(case, root_file)


def test_artifact_that_no_statement_names_is_refused(recorder: User, tmp_path: Path, root_file: Path) -> None:
    """A row smuggled into the database under a statement that never named it."""
    attestation = builders.record(recorder, [builders.stored(b"true")])
    blob = blob_put_bytes(b"smuggled")
    Artifact.objects.create(attestation=attestation, sha256=blob.sha256, size=8, name="more.json", media_type="", kind="items", title="More", subject="s")
    case = builders.case_folder(recorder, tmp_path / "case", [attestation])
    assert f"items “More” (artifacts/{blob.sha256}): no statement in the case vouches for it" in problems(case, root_file)


def test_record_whose_payload_is_not_its_subject_is_refused(recorder: User, tmp_path: Path, root_file: Path) -> None:
    forged = statements.build([statements.descriptor("s", "ab" * 32)], statements.RECORD, {"payload": {}})
    with transaction.atomic():
        entry = ledger.append(actor=recorder, action="a.b", subject="s", payload={}, statement=forged)
    case = builders.case_folder(recorder, tmp_path / "case", [entry.attestation])
    assert "its payload is not what its subject says" in problems(case, root_file)


def test_subjects_that_are_not_in_the_case_are_said(recorder: User, tmp_path: Path, root_file: Path) -> None:
    statement = statements.build([statements.descriptor("weights", "ab" * 32)], "urn:test", {})
    with transaction.atomic():
        entry = ledger.append(actor=recorder, action="a.b", subject="s", payload={}, statement=statement)
    case = builders.case_folder(recorder, tmp_path / "case", [entry.attestation])
    result = verify(case, root_file)
    assert result.verdict == "verified"
    assert result.notes == ["1 subjects are named by digest only; their bytes are not part of the case."]


def test_case_of_another_installation_is_refused(folder: Path, tmp_path: Path) -> None:
    KeyRing.create(tmp_path / "others", "another passphrase", "assay.localhost/test")
    assert "not among the trusted statement keys" in problems(folder, tmp_path / "others" / "trusted_root.json")


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.update(mediaType="x"),
        lambda value: value.pop("files"),
        lambda value: value.update(files=7),
        lambda value: value.update(files=[1, 2]),
        lambda value: value["files"].append(value["files"][0]),
        lambda value: value["files"][0].pop("kind"),
        lambda value: value["files"][0].update(comment="x"),
    ],
)
def test_manifest_of_another_shape_is_refused_without_a_crash(folder: Path, root_file: Path, ring: KeyRing, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = refreshed(folder)
    change(manifest)
    forge(folder, ring, manifest)
    assert "manifest.json" in problems(folder, root_file)


def zip_of(folder: Path) -> Path:
    target = folder.parent / "case.zip"
    case_zip(folder, target)
    return target


def test_single_bit_flipped_anywhere_in_the_zip_is_refused(folder: Path, root_file: Path) -> None:
    place = zip_of(folder)
    data = place.read_bytes()
    source = random.Random(4)
    directory = data.index(b"PK\x01\x02")
    headers = [position for position in range(len(data)) if data.startswith(b"PK\x03\x04", position)]
    chosen = {*positions(len(data), 25, source), *range(directory, len(data), 17), *(start + offset for start in headers[:2] for offset in range(30))}
    for position in sorted(chosen):
        spoilt = bytearray(data)
        spoilt[position] ^= 1 << source.randrange(8)
        place.write_bytes(spoilt)
        assert verify(place, root_file).verdict == "failed", position


def test_bytes_hidden_in_the_zip_are_refused(folder: Path, root_file: Path) -> None:
    place = zip_of(folder)
    data = place.read_bytes()
    directory = data.index(b"PK\x01\x02")
    for spoilt in (data + b"x", b"x" + data, data[:directory] + b"hidden" + data[directory:], data[:-1], b"", b"PK"):
        place.write_bytes(spoilt)
        assert verify(place, root_file).verdict == "failed"


def test_recompressed_zip_is_refused(folder: Path, root_file: Path, tmp_path: Path) -> None:
    shutil.make_archive(str(tmp_path / "again"), "zip", folder)
    result = verify(tmp_path / "again.zip", root_file)
    assert "not the file that was exported" in result.problems[0][1]


def test_reading_from_a_zip_needs_no_folder(folder: Path) -> None:
    source = Zip(zip_of(folder))
    assert sorted(source.sizes()) == names_of(folder)


def test_check_of_something_unreadable_is_a_problem_not_a_crash() -> None:
    result = Result("x")
    with result.check("thing"):
        raise IntegrityFailed("reason")
    with result.check("other"):
        json.loads(b"{")
    assert [thing for thing, _ in result.problems] == ["thing", "other"]
    assert result.verdict == "failed"
