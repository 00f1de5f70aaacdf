"""Regular checks of what is stored: every blob re-hashed, every log entry re-read against its signature and the tree."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import IntegrityFailed, NotFound, StorageFailed
from evidence import bundle, checkpoint
from evidence.keys import KeyRing, installed
from evidence.ledger import entry_check
from evidence.models import Artifact, Checkpoint, LedgerEntry, LogNode
from evidence.storage import blobs
from evidence.tree import Tree


@dataclass(frozen=True)
class Sweep:
    """What a sweep found: number of things read, and one sentence per problem that names the thing."""

    checked: int
    problems: tuple[str, ...]


def sweep() -> Sweep:
    """Re-hash every artifact in the store; reports missing, changed and unreadable ones."""
    store, problems = blobs(), []
    rows = dict(Artifact.objects.order_by("created_at").values_list("sha256", "title"))
    for sha256, title in rows.items():
        try:
            store.open(sha256).close()
        except (NotFound, IntegrityFailed, StorageFailed) as error:
            problems.append(f"“{title}”: {error}")
    return Sweep(len(rows), tuple(problems))


def log_sweep() -> Sweep:
    """Re-read the whole log: gaps, signatures, columns, stored nodes, and every checkpoint's root and signature."""
    ring, tree, problems, roots = installed(), Tree(), [], {}
    nodes = {(level, index): value for level, index, value in LogNode.objects.values_list("level", "index", "hash")}
    for entry in LedgerEntry.objects.select_related("attestation").order_by("index").iterator(chunk_size=1000):
        if entry.index != tree.size:
            problems.append(f"log entry {tree.size} is missing")
            return Sweep(tree.size, tuple(problems))
        problems += _entry_problems(entry, ring)
        grown = {(level, index): value.hex() for level, index, value in tree.add(bytes.fromhex(entry.leaf_hash)) if level}
        problems += [f"log node {level}/{index} was changed" for (level, index), value in grown.items() if nodes.pop((level, index), "") != value]
        roots[tree.size] = tree.root()
    problems += [f"log node {level}/{index} does not belong to the log" for level, index in nodes]
    problems += [f"checkpoint {row.tree_size} does not match the log" for row in Checkpoint.objects.order_by("tree_size") if not _matches(row, roots, ring)]
    return Sweep(tree.size, tuple(problems))


def _matches(row: Checkpoint, roots: Mapping[int, bytes], ring: KeyRing) -> bool:
    try:
        head = checkpoint.verify(row.note, bundle.log_key(row.note, ring.trust))
    except IntegrityFailed:
        return False
    return head.root == roots.get(row.tree_size) and (head.size, head.root.hex()) == (row.tree_size, row.root)


def _entry_problems(entry: LedgerEntry, ring: KeyRing) -> list[str]:
    try:
        entry_check(entry, ring)
    except IntegrityFailed as error:
        return [f"log entry {entry.index}: {error}"]
    return []
