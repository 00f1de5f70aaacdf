"""Checks of a case: every file, every statement, the whole log, and that plans were sealed before results."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.canonical import canonical_digest, parse_canonical
from core.hashing import sha256_bytes
from evidence import bundle, checkpoint, dsse, merkle, statements
from evidence.archive import Source, digest, read
from evidence.bundle import Verified
from evidence.checkpoint import Checkpoint
from evidence.tree import Tree
from evidence.trust import TrustedRoot
from evidence.verify.result import Result, expect

MANIFEST, SEAL, TRUSTED_ROOT = "manifest.json", "case.sigstore.json", "keys/trusted_root.json"
FOLDER = "statements/"
CHECKPOINT, ENTRIES, CONSISTENCY = "log/checkpoint", "log/entries.jsonl", "log/consistency.json"
MEDIA_TYPE = "application/vnd.assay.case.v1+json"
FIELDS = {"path", "sha256", "size", "name", "kind", "title"}
ENTRY = re.compile(rb'\{"index":\d+,"leaf_hash":"([0-9a-f]{64})","root":"[0-9a-f]{64}"\}\n')


@dataclass
class Case:
    """What is known so far of the case under check."""

    source: Source
    trust: TrustedRoot
    result: Result
    seal: Verified = field(init=False)
    head: Checkpoint = field(init=False)
    note: str = ""
    rows: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    entries: int = 0
    statements: list[Verified] = field(default_factory=list)


def verify_case(source: Source, trust: TrustedRoot, result: Result) -> Case:
    """Check all of a case against ``trust`` and put what does not hold into ``result``; what is returned may be used only when nothing was."""
    case = Case(source, trust, result)
    stages = {SEAL: _seal, MANIFEST: _manifest, "files": _files, CHECKPOINT: _head, ENTRIES: _log, "statements": _statements}
    for thing, stage in {**stages, CONSISTENCY: _order, "artifacts": _attested}.items():
        if not result.holds(thing, stage, case):
            break
    result.counts |= {"files": len(case.rows), "statements": len(case.statements), "log entries": case.entries}
    return case


def entry_line(index: int, leaf_hash: bytes, root: bytes) -> bytes:
    """One line of ``log/entries.jsonl``: canonical JSON of the leaf hash and of the log's root up to and with this entry."""
    return b'{"index":%d,"leaf_hash":"%b","root":"%b"}\n' % (index, leaf_hash.hex().encode(), root.hex().encode())


def _seal(case: Case) -> None:
    found = sha256_bytes(read(case.source, MANIFEST))
    case.seal = bundle.verify(read(case.source, SEAL), case.trust)
    expect(case.seal.predicate_type == statements.CASE, "it is not a statement about a case")
    expect(case.seal.subjects == [(MANIFEST, found)], f"{MANIFEST} is not the file that was signed; its SHA-256 is now {found}")


def _manifest(case: Case) -> None:
    manifest = parse_canonical(read(case.source, MANIFEST))
    case.rows = {str(row["path"]): row for row in manifest["files"]}
    expect(manifest["mediaType"] == MEDIA_TYPE and len(case.rows) == len(manifest["files"]), "it names a file twice or is of another kind")
    expect(all(set(row) == FIELDS for row in case.rows.values()), f"a row has other fields than {', '.join(sorted(FIELDS))}")


def _files(case: Case) -> None:
    found = case.source.sizes()
    for name in sorted(set(found) - set(case.rows) - {MANIFEST, SEAL}):
        case.result.problems.append((name, "this file does not belong to the case"))
    for name, row in case.rows.items():
        with case.result.check(_label(row)):
            expect(name in found, "missing")
            now = digest(case.source, name)
            expect((found[name], now) == (row["size"], row["sha256"]), f"changed: its SHA-256 is now {now}, the manifest says {row['sha256']}")
            expect(not name.startswith("artifacts/") or name == f"artifacts/{now}", "an artifact lies under a name that is not its SHA-256")


def _label(row: Mapping[str, Any]) -> str:
    return f"{row['kind']} “{row['title']}” ({row['path']})"


def _head(case: Case) -> None:
    case.note = read(case.source, CHECKPOINT).decode()
    case.head = checkpoint.verify(case.note, bundle.log_key(case.note, case.trust))


def _log(case: Case) -> None:
    tree = Tree()
    for line in read(case.source, ENTRIES).splitlines(keepends=True):
        found = ENTRY.fullmatch(line)
        leaf = bytes.fromhex(found[1].decode()) if found else b""
        index, _ = tree.size, tree.add(leaf)
        expect(entry_line(index, leaf, tree.root()) == line, f"log entry {index} was changed: its line does not follow from the entries before it")
        case.entries = tree.size
    expect((tree.size, tree.root()) == (case.head.size, case.head.root), f"these {tree.size} entries are not the {case.head.size} of the signed checkpoint")
    tree.add(case.seal.leaf_hash)
    last = (case.seal.index + 1, case.seal.head.size, case.seal.head.root) == (tree.size, tree.size, tree.root())
    expect(last, f"the case's own statement (log entry {case.seal.index}) does not follow directly on these entries")


def _statements(case: Case) -> None:
    for name in (row for row in case.rows if row.startswith(FOLDER) and bundle.is_file_name(row.removeprefix(FOLDER))):
        with case.result.check(_label(case.rows[name])):
            found = bundle.verify(read(case.source, name), case.trust)
            expect((FOLDER + bundle.file_name(found.index), found.note) == (name, case.note), "it is proven at another index or checkpoint than the case's")
            case.statements.append(found)
            if found.predicate_type == statements.RECORD:
                expect(found.subjects[0][1] == canonical_digest(found.statement["predicate"]["payload"]), "its payload is not what its subject says")


def _order(case: Case) -> None:
    heads = _earlier_heads(case)
    sealed = {subject[1]: row.index for row in case.statements if row.predicate_type == statements.PLAN_SEAL for subject in row.subjects}
    for row in (row for row in case.statements if row.predicate_type == statements.STEP_RESULT):
        with case.result.check(f"log entry {row.index}"):
            plans = [item["digest"]["sha256"] for item in row.statement["predicate"]["configuration"] if item["name"] == "plan"]
            expect(len(plans) == 1 and plans[0] in sealed, "this result names no plan whose seal is in the case")
            seal = sealed[plans[0]]
            expect(any(seal < size <= row.index for size in heads), f"its plan (log entry {seal}) is not shown to have been sealed before this result")


def _earlier_heads(case: Case) -> list[int]:
    sizes = []
    for row in parse_canonical(read(case.source, CONSISTENCY)):
        old = checkpoint.verify(row["checkpoint"], bundle.log_key(row["checkpoint"], case.trust))
        merkle.verify_consistency(old.size, case.head.size, old.root, case.head.root, [dsse.decode_base64(item) for item in row["proof"]])
        sizes.append(old.size)
    return sizes


def _attested(case: Case) -> None:
    named = {subject for row in case.statements for subject in row.subjects}
    artifacts = [row for name, row in case.rows.items() if name.startswith("artifacts/")]
    for row in artifacts:
        with case.result.check(_label(row)):
            expect((row["name"], row["sha256"]) in named, "no statement in the case vouches for it")
    absent = {found for _, found in named} - {row["sha256"] for row in case.rows.values()}
    case.result.counts["artifacts"] = len(artifacts)
    if absent:
        case.result.notes.append(f"{len(absent)} subjects are named by digest only; their bytes are not part of the case.")
