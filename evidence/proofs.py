"""Bundles for strangers, read from the stored log: each statement proven against one and the same checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import InvalidInput, NotFound
from evidence import bundle, merkle
from evidence.keys import installed
from evidence.ledger import nodes_read
from evidence.models import Attestation, Checkpoint, LedgerEntry

CHUNK = 500


@dataclass(frozen=True)
class Rung:
    """One step from a leaf towards the root: the sibling, whether it stands on the left, and the hash of the pair."""

    sibling: bytes
    left: bool
    result: bytes


@dataclass(frozen=True)
class Inclusion:
    """The way from an entry's leaf hash to the root of the newest checkpoint."""

    index: int
    leaf: bytes
    rungs: tuple[Rung, ...]
    checkpoint: Checkpoint

    @property
    def root(self) -> bytes:
        """Where the way ends: the root that the path itself gives."""
        return self.rungs[-1].result if self.rungs else self.leaf

    @property
    def holds(self) -> bool:
        """Whether it ends at the checkpoint's root."""
        return self.root.hex() == self.checkpoint.root


def bundles_read(attestations: Sequence[Attestation]) -> dict[int, bytes]:
    """Canonical Sigstore bundle per log index, all against the newest checkpoint."""
    newest = newest_checkpoint()
    found: dict[int, bytes] = {}
    for start in range(0, len(attestations), CHUNK):
        found |= _bundles(attestations[start : start + CHUNK], newest)
    return found


def bundle_read(attestation: Attestation) -> bytes:
    """The bundle of one statement against the newest checkpoint."""
    return bundles_read([attestation])[attestation.entry.index]


def newest_checkpoint() -> Checkpoint:
    """The signed head of the log; ``NotFound`` while the log is empty."""
    newest = Checkpoint.objects.order_by("-tree_size").first()
    if newest is None:
        raise NotFound("the log is empty; there is nothing to prove")
    return newest


def inclusion_read(entry: LedgerEntry) -> Inclusion:
    """The inclusion of one entry step by step, for people to look at; recomputed from the entry's own leaf."""
    newest, leaf = newest_checkpoint(), merkle.leaf_hash(entry.leaf.encode())
    wanted: set[tuple[int, int]] = set()
    merkle.inclusion_proof(_recorder(wanted), entry.index, newest.tree_size)
    nodes = nodes_read(wanted)
    path = merkle.inclusion_proof(lambda level, index: nodes[level, index], entry.index, newest.tree_size)
    rungs, value = [], leaf
    for left, sibling in merkle.climb(entry.index, newest.tree_size - 1, path):
        value = merkle.node_hash(sibling, value) if left else merkle.node_hash(value, sibling)
        rungs.append(Rung(sibling, left, value))
    return Inclusion(entry.index, leaf, tuple(rungs), newest)


def consistency_read(old: int) -> list[bytes]:
    """Proof that the log at ``old`` entries is a prefix of the log at its newest checkpoint."""
    newest = Checkpoint.objects.order_by("-tree_size").first()
    if newest is None or not 0 < old <= newest.tree_size:
        raise InvalidInput("size", "choose a size between 1 and the number of log entries")
    wanted: set[tuple[int, int]] = set()
    merkle.consistency_proof(_recorder(wanted), old, newest.tree_size)
    nodes = nodes_read(wanted)
    return merkle.consistency_proof(lambda level, index: nodes[level, index], old, newest.tree_size)


def _bundles(attestations: Sequence[Attestation], newest: Checkpoint) -> dict[int, bytes]:
    trust, size = installed().trust, newest.tree_size
    wanted: set[tuple[int, int]] = set()
    for row in attestations:
        merkle.inclusion_proof(_recorder(wanted), row.entry.index, size)
    nodes = nodes_read(wanted)
    found = {}
    for row in attestations:
        proof = merkle.inclusion_proof(lambda level, index: nodes[level, index], row.entry.index, size)
        found[row.entry.index] = bundle.build(row.parsed_envelope, trust, row.entry.index, proof, newest.note)
    return found


def _recorder(wanted: set[tuple[int, int]]) -> merkle.Get:
    def get(level: int, index: int) -> bytes:
        wanted.add((level, index))
        return b""

    return get
