"""Export of a case: artifacts, statements, the whole log and its proofs in a folder, sealed by a signed and logged statement."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any, BinaryIO

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from core.canonical import canonical_json
from core.clock import iso, now
from core.errors import Conflict, IntegrityFailed, InvalidInput, StorageFailed
from core.hashing import sha256_bytes, sha256_file
from evidence import bundle, checkpoint, dsse, ledger, merkle, statements
from evidence.archive import Folder, zip_write
from evidence.keys import KeyRing, installed
from evidence.models import Artifact, Attestation, Checkpoint, LedgerEntry
from evidence.storage import blobs, copy_hashed
from evidence.tree import Tree
from evidence.verify.case import CHECKPOINT, CONSISTENCY, ENTRIES, MANIFEST, MEDIA_TYPE, SEAL, TRUSTED_ROOT, entry_line

GUIDE = Path(__file__).parent / "data" / "verify.txt"


@dataclass
class Draft:
    """A case while it is put together: rows of the manifest, and the small files still to be written."""

    title: str
    attestations: Sequence[Attestation]
    tree: Tree = field(default_factory=Tree)
    lines: list[bytes] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    def row(self, path: str, sha256: str, size: int, kind: str, title: str, name: str = "") -> None:
        """Add a file to the manifest; ``name`` is what statements call it."""
        self.rows.append({"path": path, "sha256": sha256, "size": size, "name": name or path, "kind": kind, "title": title})

    def add(self, path: str, data: bytes, kind: str, title: str) -> None:
        """Add a small file."""
        self.files[path] = data
        self.row(path, sha256_bytes(data), len(data), kind, title)


def case_write(*, actor: User, path: Path, title: str, attestations: Sequence[Attestation], extra: Mapping[str, Path] | None = None) -> Attestation:
    """Write the case of ``attestations`` and their artifacts to the new folder ``path``; returns the logged case statement.

    ``extra`` files are copied in by relative name. ``Conflict`` when ``path`` exists, ``StorageFailed`` or ``IntegrityFailed``
    when a file cannot be copied whole; then nothing is left at ``path``.
    """
    require(actor, "evidence.export")
    if path.exists():
        raise Conflict(f"{path} exists already; choose a new name for the case")
    part = path.with_name(f".{path.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        draft = Draft(title, sorted(attestations, key=lambda row: row.entry.index))
        _copy_artifacts(draft, part)
        _copy_extra(draft, part, extra or {})
        _read_log(draft)
        sealed = _seal(actor, draft)
        _write_small(draft, part)
        part.rename(path)
    except OSError as error:
        raise StorageFailed(f"the case could not be written to {path}: {error.strerror or error}. Nothing was kept.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return sealed


def case_zip(folder: Path, target: Path) -> None:
    """Pack a case folder into one zip whose bytes follow from its content; ``Conflict`` when ``target`` exists."""
    if target.exists():
        raise Conflict(f"{target} exists already; choose a new name for the zip")
    part, source = target.with_name(f".{target.name}.part"), Folder(folder)
    try:
        with part.open("wb") as stream:
            zip_write(stream, source.sizes(), source.open)
        part.rename(target)
    except OSError as error:
        raise StorageFailed(f"the case could not be packed into {target}: {error.strerror or error}. Nothing was kept.") from error
    finally:
        part.unlink(missing_ok=True)


def _copy_artifacts(draft: Draft, part: Path) -> None:
    (part / "artifacts").mkdir(parents=True)
    seen: set[str] = set()
    for artifact in Artifact.objects.filter(attestation__in=draft.attestations).order_by("sha256", "created_at"):
        if artifact.sha256 in seen:
            continue
        seen.add(artifact.sha256)
        path = f"artifacts/{artifact.sha256}"
        with blobs().open(artifact.sha256) as source:
            _copy(source, part / path, artifact.sha256)
        draft.row(path, artifact.sha256, artifact.size, artifact.kind, artifact.title, artifact.name)


def _copy(source: BinaryIO, target: Path, expected: str) -> None:
    with target.open("xb") as stream:
        copied = copy_hashed(source, stream.write)
    if copied.sha256 != expected:
        raise IntegrityFailed(f"{target.name} changed while it was copied")


def _copy_extra(draft: Draft, part: Path, extra: Mapping[str, Path]) -> None:
    for name, source in sorted(extra.items()):
        target = part / name
        if ".." in Path(name).parts or name.split("/")[0] not in {"report", "extra"}:
            raise InvalidInput("extra", f"{name!r} must lie below report/ or extra/")
        target.parent.mkdir(parents=True, exist_ok=True)
        expected = sha256_file(source)
        with source.open("rb") as stream:
            _copy(stream, target, expected)
        draft.row(name, expected, target.stat().st_size, "file", Path(name).name)


def _read_log(draft: Draft) -> None:
    entries = LedgerEntry.objects.filter(index__gte=draft.tree.size).order_by("index")
    for index, value in entries.values_list("index", "leaf_hash").iterator(chunk_size=5000):
        leaf = bytes.fromhex(value)
        draft.tree.add(leaf)
        draft.lines.append(entry_line(index, leaf, draft.tree.root()))


@transaction.atomic
def _seal(actor: User, draft: Draft) -> Attestation:
    """Under the log's lock: prove everything against one head, then enter the case itself as the very next entry."""
    ring = installed()
    size = ledger.locked_tree(ring).size
    _read_log(draft)
    note = Checkpoint.objects.get(tree_size=size).note
    head = checkpoint.verify(note, ring.log_key)
    if (head.size, head.root) != (draft.tree.size, draft.tree.root()):
        raise IntegrityFailed("the stored log does not match its last signed checkpoint; restore the database from a backup")
    _add_log(draft, note, ring)
    _add_guide(draft, head, ring)
    manifest = {"mediaType": MEDIA_TYPE, "title": draft.title, "created_at": iso(now()), "files": sorted(draft.rows, key=lambda row: str(row["path"]))}
    draft.files[MANIFEST] = canonical_json(manifest)
    digest = sha256_bytes(draft.files[MANIFEST])
    predicate = {"title": draft.title, "files": len(draft.rows), "log": {"origin": head.origin, "size": head.size, "root": head.root.hex()}}
    statement = statements.build([statements.descriptor(MANIFEST, digest)], statements.CASE, predicate)
    subject = f"evidence.case:{digest[:16]}"
    # Calibration records belong to the installation; the case to the organisation whose run it is about.
    owner = next((row.organisation_id for row in draft.attestations if row.organisation_id), None)
    payload = {"manifest": digest}
    entry = ledger.append(actor=actor, action="evidence.case.exported", subject=subject, payload=payload, statement=statement, organisation_id=owner)
    draft.tree.add(bytes.fromhex(entry.leaf_hash))
    after = Checkpoint.objects.get(tree_size=draft.tree.size).note
    draft.files[SEAL] = _bundle(draft, entry.attestation, after, ring)
    return entry.attestation


def _bundle(draft: Draft, attestation: Attestation, note: str, ring: KeyRing) -> bytes:
    index = attestation.entry.index
    return bundle.build(attestation.parsed_envelope, ring.trust, index, merkle.inclusion_proof(draft.tree.get, index, draft.tree.size), note)


def _add_log(draft: Draft, note: str, ring: KeyRing) -> None:
    draft.add(CHECKPOINT, note.encode(), "checkpoint", "Signed head of the log")
    draft.add(ENTRIES, b"".join(draft.lines), "log", f"Leaf hashes of all {draft.tree.size} log entries")
    draft.add(CONSISTENCY, canonical_json(_earlier_heads(draft)), "log", "Signed heads when plans were sealed, with consistency proofs")
    draft.add(TRUSTED_ROOT, ring.trusted_root_bytes, "keys", "Public keys")
    for attestation in draft.attestations:
        title = f"log entry {attestation.entry.index}: {attestation.entry.action}"
        draft.add(f"statements/{bundle.file_name(attestation.entry.index)}", _bundle(draft, attestation, note, ring), "statement", title)


def _earlier_heads(draft: Draft) -> list[dict[str, Any]]:
    rows = []
    for seal in (row for row in draft.attestations if row.predicate_type == statements.PLAN_SEAL):
        old = Checkpoint.objects.filter(tree_size__gt=seal.entry.index).order_by("tree_size")[:1].get()
        proof = merkle.consistency_proof(draft.tree.get, old.tree_size, draft.tree.size)
        rows.append({"checkpoint": old.note, "proof": [dsse.encode_base64(item) for item in proof]})
    return rows


def _add_guide(draft: Draft, head: checkpoint.Checkpoint, ring: KeyRing) -> None:
    fingerprints = "\n".join(f"    {label}: {value}" for label, value in ring.trust.fingerprints())
    text = Template(GUIDE.read_text()).substitute(
        title=json.dumps(draft.title, ensure_ascii=False), origin=head.origin, size=head.size, root=head.root.hex(), fingerprints=fingerprints
    )
    draft.add("VERIFY.md", text.encode(), "guide", "How to check this case")


def _write_small(draft: Draft, part: Path) -> None:
    for name, data in draft.files.items():
        target = part / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
