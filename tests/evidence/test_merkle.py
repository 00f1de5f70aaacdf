"""The tree against published vectors, and against everything a forger might try with a proof."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import IntegrityFailed
from evidence import merkle
from evidence.tree import Tree, frontier

VECTORS = json.loads((Path(__file__).parent / "vectors" / "rfc6962.json").read_text())
LEAVES = [merkle.leaf_hash(bytes.fromhex(row)) for row in VECTORS["leaf_inputs_hex"]]
PROBE = 130


def grown(size: int) -> Tree:
    tree = Tree()
    for number in range(size):
        tree.add(merkle.leaf_hash(number.to_bytes(4, "big")))
    return tree


BIG = grown(PROBE)
ROOTS = [merkle.root(BIG.get, size) for size in range(PROBE + 1)]


def published() -> Tree:
    tree = Tree()
    for leaf in LEAVES:
        tree.add(leaf)
    return tree


def test_leaf_hashes_and_roots_match_the_vectors() -> None:
    assert [leaf.hex() for leaf in LEAVES] == VECTORS["leaf_hashes"]
    assert [merkle.root(published().get, size).hex() for size in range(9)] == VECTORS["roots_hex"]


@pytest.mark.parametrize("row", VECTORS["inclusion"], ids=lambda row: f"{row['leaf']}in{row['size']}")
def test_inclusion_vector_is_produced_and_accepted(row: dict) -> None:
    proof = merkle.inclusion_proof(published().get, row["leaf"], row["size"])
    assert [item.hex() for item in proof] == row["proof"]
    merkle.verify_inclusion(LEAVES[row["leaf"]], row["leaf"], row["size"], proof, bytes.fromhex(row["root"]))


@pytest.mark.parametrize("row", VECTORS["consistency"], ids=lambda row: f"{row['size1']}to{row['size2']}")
def test_consistency_vector_is_produced_and_accepted(row: dict) -> None:
    proof = merkle.consistency_proof(published().get, row["size1"], row["size2"])
    assert [item.hex() for item in proof] == row["proof"]
    merkle.verify_consistency(row["size1"], row["size2"], bytes.fromhex(row["root1"]), bytes.fromhex(row["root2"]), proof)


def test_every_proof_holds_up_to_size_130() -> None:
    for size in range(1, PROBE + 1):
        for index in range(size):
            merkle.verify_inclusion(BIG.get(0, index), index, size, merkle.inclusion_proof(BIG.get, index, size), ROOTS[size])
        for old in range(1, size + 1):
            merkle.verify_consistency(old, size, ROOTS[old], ROOTS[size], merkle.consistency_proof(BIG.get, old, size))


def flipped(value: bytes, bit: int = 77) -> bytes:
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def altered(proof: list[bytes], root: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Every way to spoil a list of hashes that published test suites use."""
    garbage = hashlib.sha256(b"garbage").digest()
    for position in range(len(proof)):
        yield f"bit of hash {position}", [*proof[:position], flipped(proof[position]), *proof[position + 1 :]]
        yield f"without hash {position}", proof[:position] + proof[position + 1 :]
        yield f"hash {position} cut short", [*proof[:position], proof[position][:-1], *proof[position + 1 :]]
        yield f"hash {position} twice", [*proof[: position + 1], *proof[position:]]
    for label, extra in (("garbage", garbage), ("root", root), ("nothing", b"")):
        yield f"{label} before", [extra, *proof]
        yield f"{label} behind", [*proof, extra]
    if proof:
        yield "empty", []
    if len(set(proof)) > 1:
        yield "reversed", proof[::-1]


def accepts(check: Callable[..., None], *arguments: Any) -> bool:
    try:
        check(*arguments)
    except IntegrityFailed:
        return False
    return True


def other_numbers(value: int) -> set[int]:
    return {value - 1, value + 1, value * 2, value // 2, value ^ 2, -value, 0} - {value}


SIZES = [(index, size) for size in (1, 2, 3, 5, 7, 8, 64, 100, 130) for index in {0, size // 2, size - 1}]


@pytest.mark.parametrize(("index", "size"), SIZES)
def test_inclusion_is_refused_when_anything_is_changed(index: int, size: int) -> None:
    leaf, proof, root = BIG.get(0, index), merkle.inclusion_proof(BIG.get, index, size), ROOTS[size]
    attempts = [(label, leaf, index, size, spoilt, root) for label, spoilt in altered(proof, root)]
    attempts += [(f"index {other}", leaf, other, size, proof, root) for other in other_numbers(index)]
    attempts += [(f"root {name}", leaf, index, size, proof, value) for name, value in (("bit", flipped(root)), ("empty", b""), ("of nothing", ROOTS[0]))]
    attempts += [("leaf bit", flipped(leaf), index, size, proof, root), ("leaf as data", merkle.leaf_hash(leaf), index, size, proof, root)]
    assert [label for label, *arguments in attempts if accepts(merkle.verify_inclusion, *arguments)] == []


@pytest.mark.parametrize(("old", "size"), [(old, size) for old in (1, 2, 3, 4, 6, 7, 8, 63, 64, 65, 129) for size in (8, 65, 130) if old < size])
def test_consistency_is_refused_when_anything_is_changed(old: int, size: int) -> None:
    proof, before, after = merkle.consistency_proof(BIG.get, old, size), ROOTS[old], ROOTS[size]
    attempts = [(label, old, size, before, after, spoilt) for label, spoilt in altered(proof, after)]
    attempts += [("swapped", old, size, after, before, proof), ("old root", old, size, flipped(before), after, proof)]
    attempts += [("new root", old, size, before, flipped(after), proof), ("backwards", size, old, after, before, proof)]
    attempts += [(f"old size {other}", other, size, before, after, proof) for other in other_numbers(old)]
    assert [label for label, *arguments in attempts if accepts(merkle.verify_consistency, *arguments)] == []


@pytest.mark.parametrize("size", [0, 1, 8])
def test_consistency_from_size_zero_is_an_error(size: int) -> None:
    with pytest.raises(IntegrityFailed):
        merkle.verify_consistency(0, size, ROOTS[0], ROOTS[size], [])
    with pytest.raises(ValueError, match="no consistency proof from size 0"):
        merkle.consistency_proof(BIG.get, 0, size)


def test_consistency_of_equal_sizes_needs_equal_roots_and_no_proof() -> None:
    merkle.verify_consistency(5, 5, ROOTS[5], ROOTS[5], [])
    for before, after, proof in ((ROOTS[5], ROOTS[6], []), (ROOTS[5], ROOTS[5], [ROOTS[5]]), (ROOTS[4], ROOTS[5], [])):
        with pytest.raises(IntegrityFailed):
            merkle.verify_consistency(5, 5, before, after, proof)


def test_inclusion_proof_of_a_leaf_outside_is_refused() -> None:
    for index, size in ((-1, 5), (5, 5), (0, 0)):
        with pytest.raises(ValueError, match="no leaf"):
            merkle.inclusion_proof(BIG.get, index, size)


def naive_root(leaves: list[bytes]) -> bytes:
    """Merkle tree hash written straight from the definition in RFC 6962 section 2.1."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest()


@given(st.lists(st.binary(max_size=40), max_size=70), st.data())
def test_any_tree_agrees_with_the_definition_and_proves_its_leaves(leaves: list[bytes], data: st.DataObject) -> None:
    tree = Tree()
    for leaf in leaves:
        tree.add(merkle.leaf_hash(leaf))
    assert tree.root() == naive_root(leaves)
    if not leaves:
        return
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = merkle.inclusion_proof(tree.get, index, len(leaves))
    merkle.verify_inclusion(merkle.leaf_hash(leaves[index]), index, len(leaves), proof, tree.root())
    old = data.draw(st.integers(1, len(leaves)))
    merkle.verify_consistency(old, len(leaves), naive_root(leaves[:old]), tree.root(), merkle.consistency_proof(tree.get, old, len(leaves)))


@given(st.integers(1, 120), st.integers(1, 10))
def test_tree_grown_from_a_frontier_continues_the_whole(size: int, more: int) -> None:
    whole, start = grown(size), {node: grown(size).get(*node) for node in frontier(size)}
    tail = Tree(size, start)
    assert tail.root() == whole.root()
    for number in range(more):
        leaf = bytes([number]) * 32
        assert tail.add(leaf) == whole.add(leaf)
    assert tail.root() == whole.root()
