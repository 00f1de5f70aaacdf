"""The log: every write appends a signed statement, its leaf and a fresh checkpoint in the writer's own transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, models

from accounts.models import User
from core.clock import now
from core.errors import IntegrityFailed, InvalidState
from core.hashing import sha256_bytes
from evidence import bundle, checkpoint, dsse, merkle, statements
from evidence.keys import KeyRing, installed
from evidence.models import Attestation, Checkpoint, LedgerEntry, LogHead, LogNode
from evidence.tree import Node, Tree, frontier


@dataclass(frozen=True)
class Draft:
    """What is to be logged; without a statement of its own it becomes a plain record."""

    action: str
    subject: str
    payload: Mapping[str, Any]
    statement: Mapping[str, Any] | None = None
    organisation_id: UUID | None = None


def actor_text(actor: User) -> str:
    """How the log names a user: by id, so that no personal data enters it."""
    return f"accounts.user:{actor.pk}"


def append(
    *,
    actor: User,
    action: str,
    subject: str,
    payload: Mapping[str, Any],
    statement: Mapping[str, Any] | None = None,
    organisation_id: UUID | None = None,
) -> LedgerEntry:
    """Append one entry about something of ``organisation_id`` (None: of the installation as a whole); see ``append_many``."""
    return append_many(actor=actor, drafts=[Draft(action, subject, payload, statement, organisation_id)])[0]


def append_many(*, actor: User, drafts: Sequence[Draft]) -> list[LedgerEntry]:
    """Sign and append ``drafts`` in order under the one lock, inside the caller's transaction; no gap is possible.

    ``InvalidState`` outside a transaction, ``IntegrityFailed`` when the stored log does not match its last signed checkpoint.
    """
    if not connection.in_atomic_block:
        raise InvalidState("the log is written inside the transaction of the change it records; open transaction.atomic() first")
    if not drafts:
        return []
    ring, at = installed(), now().replace(microsecond=0)
    tree = locked_tree(ring)
    rows = [_row(ring, tree.size + offset, actor, draft, at) for offset, draft in enumerate(drafts)]
    grown = [node for row in rows for node in tree.add(bytes.fromhex(row.leaf_hash))]
    Attestation.objects.bulk_create(row.attestation for row in rows)
    LedgerEntry.objects.bulk_create(rows)
    LogNode.objects.bulk_create(LogNode(level=level, index=index, hash=value.hex()) for level, index, value in grown if level)
    head = checkpoint.Checkpoint(ring.origin, tree.size, tree.root())
    Checkpoint.objects.create(tree_size=head.size, root=head.root.hex(), note=checkpoint.sign(head, ring.log_private), at=at)
    LogHead.objects.update(size=head.size)
    return rows


def locked_tree(ring: KeyRing) -> Tree:
    """Lock the head until the transaction ends; the tree at its frontier, checked against the last signed checkpoint."""
    size = LogHead.objects.select_for_update().get_or_create(id=1)[0].size
    last = _last_leaf(size)
    if last is None:
        return Tree()
    stored = Checkpoint.objects.filter(tree_size=size).first()
    tree = Tree(size, {**nodes_read(node for node in frontier(size) if node != last[0]), last[0]: last[1]})
    if stored is None or checkpoint.verify(stored.note, ring.log_key) != checkpoint.Checkpoint(ring.origin, size, tree.root()):
        raise IntegrityFailed(f"the stored log of {size} entries does not match its last signed checkpoint; restore the database from a backup")
    return tree


def _last_leaf(size: int) -> tuple[Node, bytes] | None:
    """The leaf of entry ``size - 1``, behind which there must be none; None in an empty log."""
    ends = LedgerEntry.objects.filter(index__gte=size - 1).order_by("index").values_list("index", "leaf_hash")[:2]
    found = list(ends)
    if [index for index, _ in found] != ([size - 1] if size else []):
        last = LedgerEntry.objects.aggregate(last=models.Max("index"))["last"]
        raise IntegrityFailed(f"the log should hold {size} entries but its last entry is {last}; restore the database from a backup")
    return ((0, size - 1), bytes.fromhex(found[0][1])) if found else None


def nodes_read(wanted: Iterable[Node]) -> dict[Node, bytes]:
    """Hashes of complete subtrees from the database, in two queries at most; ``IntegrityFailed`` when one is missing."""
    wanted = set(wanted)
    found = _leaves_read({index for level, index in wanted if not level}) | _inner_read({node for node in wanted if node[0]})
    missing = wanted - set(found)
    if missing:
        raise IntegrityFailed(f"node {min(missing)} of the stored log is missing; restore the database from a backup")
    return {key: bytes.fromhex(value) for key, value in found.items()}


def _leaves_read(indexes: set[int]) -> dict[Node, str]:
    # Django answers an empty ``__in`` without asking the database.
    rows = LedgerEntry.objects.filter(index__in=indexes).values_list("index", "leaf_hash")
    return {(0, index): value for index, value in rows}


def _inner_read(nodes: set[Node]) -> dict[Node, str]:
    # Every level with every index finds a few more than asked for, and costs far less than a condition per level.
    rows = LogNode.objects.filter(level__in={level for level, _ in nodes}, index__in={index for _, index in nodes})
    return {(level, index): value for level, index, value in rows.values_list("level", "index", "hash") if (level, index) in nodes}


def entry_check(entry: LedgerEntry, ring: KeyRing) -> None:
    """``IntegrityFailed`` naming the entry unless its columns say exactly what its signed statement says."""
    envelope = entry.attestation.parsed_envelope
    statement = bundle.statement_of(envelope, ring.trust)
    facts = statement["predicate"] if statement["predicateType"] == statements.RECORD else statement["predicate"]["record"]
    columns = statements.context(action=entry.action, actor=entry.actor, at=entry.at, subject=entry.subject, payload=entry.payload, salt=facts["salt"])
    leaf = bundle.leaf(envelope, ring.trust)
    stored = (columns, entry.attestation.predicate_type, entry.attestation.subject, entry.leaf, entry.leaf_hash)
    if stored != (facts, statement["predicateType"], facts["subject"], leaf.decode(), merkle.leaf_hash(leaf).hex()):
        raise IntegrityFailed(f"log entry {entry.index} was changed in the database: it differs from its signed statement")


def _row(ring: KeyRing, index: int, actor: User, draft: Draft, at: datetime) -> LedgerEntry:
    facts = statements.context(action=draft.action, actor=actor_text(actor), at=at, subject=draft.subject, payload=draft.payload)
    statement = statements.record(facts) if draft.statement is None else statements.with_context(draft.statement, facts)
    payload = statements.encode(statement)
    envelope = dsse.sign(payload, ring.signer)
    leaf = bundle.leaf(envelope, ring.trust)
    attestation = Attestation(
        envelope=dsse.compact(envelope).decode(),
        predicate_type=statement["predicateType"],
        statement_digest=sha256_bytes(payload),
        subject=draft.subject,
        organisation_id=draft.organisation_id,
    )
    hashed = merkle.leaf_hash(leaf).hex()
    return LedgerEntry(
        index=index,
        leaf=leaf.decode(),
        leaf_hash=hashed,
        actor=facts["actor"],
        action=draft.action,
        subject=draft.subject,
        payload=dict(draft.payload),
        at=at,
        attestation=attestation,
    )
