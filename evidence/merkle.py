"""Merkle tree of RFC 6962 / RFC 9162 section 2.1: roots, proofs and their verification, with SHA-256."""

import hashlib
from collections.abc import Callable, Iterator, Sequence

from core.errors import IntegrityFailed

Get = Callable[[int, int], bytes]  # get(level, index): hash of the complete subtree over leaves [index << level, (index + 1) << level)


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256 of ``00 || leaf``, 32 bytes."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of ``01 || left || right``, 32 bytes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


def _span(get: Get, low: int, high: int) -> bytes:
    size = high - low
    if size & (size - 1) == 0:
        return get(size.bit_length() - 1, low // size)
    middle = low + _split(size)
    return node_hash(_span(get, low, middle), _span(get, middle, high))


def root(get: Get, size: int) -> bytes:
    """Root of the first ``size`` leaves; the hash of nothing for size 0."""
    return _span(get, 0, size) if size else hashlib.sha256(b"").digest()


def _descend(get: Get, size: int, stop: Callable[[int, int], bool], goes_left: Callable[[int], bool]) -> tuple[list[bytes], int, int]:
    low, high, path = 0, size, []
    while not stop(low, high):
        middle = low + _split(high - low)
        left = goes_left(middle)
        path.append(_span(get, middle, high) if left else _span(get, low, middle))
        low, high = (low, middle) if left else (middle, high)
    return path[::-1], low, high


def inclusion_proof(get: Get, index: int, size: int) -> list[bytes]:
    """Siblings from leaf ``index`` up to the root of ``size`` leaves; ``ValueError`` when there is no such leaf."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    return _descend(get, size, lambda low, high: high - low == 1, lambda middle: index < middle)[0]


def consistency_proof(get: Get, old: int, new: int) -> list[bytes]:
    """Proof that the tree of ``old`` leaves is a prefix of the tree of ``new``; ``ValueError`` unless 0 < old <= new."""
    if not 0 < old <= new:
        raise ValueError(f"no consistency proof from size {old} to {new}")
    path, low, high = _descend(get, new, lambda _, high: high == old, lambda middle: old <= middle)
    return [_span(get, low, high), *path] if low else path


def climb(node: int, last: int, proof: Sequence[bytes]) -> Iterator[tuple[bool, bytes]]:
    """Each sibling from the leaf up, and whether it stands on the left; ``IntegrityFailed`` when the path has the wrong length."""
    for sibling in proof:
        if last == 0:
            raise IntegrityFailed("the Merkle proof is too long")
        left = bool(node & 1) or node == last
        yield left, sibling
        while left and node and not node & 1:
            node, last = node >> 1, last >> 1
        node, last = node >> 1, last >> 1
    if last:
        raise IntegrityFailed("the Merkle proof is too short")


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> None:
    """``IntegrityFailed`` unless leaf hash ``leaf`` is number ``index`` of ``size`` under root ``expected`` (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size:
        raise IntegrityFailed(f"log entry {index} lies outside a log of {size} entries")
    result = leaf
    for left, sibling in climb(index, size - 1, proof):
        result = node_hash(sibling, result) if left else node_hash(result, sibling)
    if result != expected:
        raise IntegrityFailed(f"log entry {index}: the inclusion proof does not lead to the root of the log")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """``IntegrityFailed`` unless the log of ``new`` entries continues that of ``old`` (RFC 9162 2.1.4.2); from size 0 is an error."""
    if 0 < old == new and old_root == new_root and not proof:
        return
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not 0 < old < new or not path:
        raise IntegrityFailed(f"no valid proof leads from a log of {old} entries to one of {new}")
    shift = (old & -old).bit_length() - 1
    first = second = path[0]
    for left, sibling in climb((old - 1) >> shift, (new - 1) >> shift, path[1:]):
        first, second = (node_hash(sibling, first), node_hash(sibling, second)) if left else (first, node_hash(second, sibling))
    if first != old_root or second != new_root:
        raise IntegrityFailed(f"the log of {new} entries does not continue the log of {old} entries")
