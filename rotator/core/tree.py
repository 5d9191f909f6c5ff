"""The Merkle tree of RFC 6962 over a log's lines, of which a checkpoint signs the root.

A tree is kept as its *compact range*: the roots of the full subtrees that it is made
of, largest first, one for each bit of its size. So it grows by one line at a time in
constant memory, however long the log is.

Source:
    RFC 6962, section 2.1; the check of a proof is that of RFC 9162, section 2.1.3.2.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NODE_PREFIX = b"\x01"
_EMPTY_ROOT = hashlib.sha256().digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A tree of leaf hashes; it never changes, `append` makes a larger one.

    Attributes:
        size: How many leaves it has.
        peaks: Roots of its full subtrees, the largest first.
    """

    size: int
    peaks: tuple[bytes, ...]

    @classmethod
    def empty(cls) -> Tree:
        """Return the tree without a leaf."""
        return cls(size=0, peaks=())

    def append(self, leaf_hash_hex: str) -> Tree:
        """Return the tree with one more leaf.

        Args:
            leaf_hash_hex: Its hash as `rotator.core.chain.leaf_hash` returns it.

        Raises:
            ValueError: That is not hexadecimal.
        """
        return self.extended((leaf_hash_hex,))

    def extended(self, hashes: Iterable[str]) -> Tree:
        """Return the tree with more leaves, in their order; raises as `append` does."""
        size, peaks = self.size, list(self.peaks)
        for leaf_hash_hex in hashes:
            node, full = bytes.fromhex(leaf_hash_hex), size
            while full & 1:
                node = _node(peaks.pop(), node)
                full >>= 1
            peaks.append(node)
            size += 1
        return Tree(size=size, peaks=tuple(peaks))

    def root(self) -> bytes:
        """Return the 32 bytes that stand for every leaf and their order."""
        if not self.peaks:
            return _EMPTY_ROOT
        *rest, node = self.peaks
        for peak in reversed(rest):
            node = _node(peak, node)
        return node


def inclusion_proof(hashes: Sequence[str], index: int) -> tuple[bytes, ...]:
    """Return the hashes that lead from one leaf to the root, the nearest first.

    Args:
        hashes: Every leaf's hash in hexadecimal digits.
        index: Which leaf, from 0.

    Raises:
        IndexError: There is no such leaf.
    """
    if not 0 <= index < len(hashes):
        raise IndexError(index)
    level, proof = [bytes.fromhex(it) for it in hashes], []
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            proof.append(level[sibling])
        level, index = _parents(level), index >> 1
    return tuple(proof)


def verify_inclusion(
    leaf_hash_hex: str, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether a proof leads from a leaf at its place to the root of a tree of that size."""
    if not 0 <= index < size:
        return False
    node, place, last = bytes.fromhex(leaf_hash_hex), index, size - 1
    for step in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            node = _node(step, node)
            # A right edge without a sibling is carried up as it is.
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = _node(node, step)
        place, last = place >> 1, last >> 1
    return last == 0 and node == root


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE_PREFIX + left + right).digest()


def _parents(level: Sequence[bytes]) -> list[bytes]:
    """Pair the nodes of a level; an odd last one is carried up as it is."""
    pairs = [_node(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
    return [*pairs, level[-1]] if len(level) % 2 else pairs
