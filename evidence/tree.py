"""A Merkle tree held as complete subtrees, grown leaf by leaf from nothing or from the frontier of a stored log."""

from collections.abc import Mapping

from evidence import merkle

Node = tuple[int, int]


def frontier(size: int) -> list[Node]:
    """(level, index) of the complete subtrees that together cover exactly ``size`` leaves."""
    return [(level, (size >> level) - 1) for level in range(size.bit_length()) if size >> level & 1]


class Tree:
    """``size`` leaves; ``get`` answers for nodes added here and for the frontier it started from."""

    def __init__(self, size: int = 0, nodes: Mapping[Node, bytes] | None = None) -> None:
        self.size = size
        self._nodes = dict(nodes or {})

    def add(self, leaf_hash: bytes) -> list[tuple[int, int, bytes]]:
        """Append one leaf hash; returns each node completed by it as (level, index, hash), the leaf first."""
        level, index, value = 0, self.size, leaf_hash
        self._nodes[level, index] = value
        done = [(level, index, value)]
        while index & 1:
            value = merkle.node_hash(self._nodes[level, index - 1], value)
            level, index = level + 1, index >> 1
            self._nodes[level, index] = value
            done.append((level, index, value))
        self.size += 1
        return done

    def get(self, level: int, index: int) -> bytes:
        """Hash of a complete subtree; ``KeyError`` when it was never seen here."""
        return self._nodes[level, index]

    def root(self) -> bytes:
        """Root over all leaves."""
        return merkle.root(self.get, self.size)
