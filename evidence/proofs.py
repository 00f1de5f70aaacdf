"""Bundles for strangers, read from the stored log: each statement proven against one and the same checkpoint."""

from collections.abc import Sequence

from core.errors import InvalidInput, NotFound
from evidence import bundle, merkle
from evidence.keys import installed
from evidence.ledger import nodes_read
from evidence.models import Attestation, Checkpoint

CHUNK = 500


def bundles_read(attestations: Sequence[Attestation]) -> dict[int, bytes]:
    """Canonical Sigstore bundle per log index, all against the newest checkpoint."""
    newest = Checkpoint.objects.order_by("-tree_size").first()
    if newest is None:
        raise NotFound("the log is empty; there is nothing to prove")
    found: dict[int, bytes] = {}
    for start in range(0, len(attestations), CHUNK):
        found |= _bundles(attestations[start : start + CHUNK], newest)
    return found


def bundle_read(attestation: Attestation) -> bytes:
    """The bundle of one statement against the newest checkpoint."""
    return bundles_read([attestation])[attestation.entry.index]


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
