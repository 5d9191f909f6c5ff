"""The Merkle tree, against RFC 6962's published roots and a plain recursion."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotator.core.tree import Tree, inclusion_proof, verify_inclusion

# The leaves and roots that Certificate Transparency's own implementations are tested with.
LEAVES = tuple(
    bytes.fromhex(it)
    for it in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
)
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def hashed(leaf: bytes) -> str:
    return hashlib.sha256(b"\x00" + leaf).hexdigest()


HASHES = tuple(map(hashed, LEAVES))


def plain_root(hashes: tuple[str, ...]) -> bytes:
    """Compute the root as section 2.1 of the RFC defines it."""
    if not hashes:
        return hashlib.sha256().digest()
    if len(hashes) == 1:
        return bytes.fromhex(hashes[0])
    split = 1 << (len(hashes) - 1).bit_length() - 1
    left, right = plain_root(hashes[:split]), plain_root(hashes[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


@pytest.mark.parametrize("size", range(9))
def test_a_tree_has_the_root_that_the_rfc_gives_it(size: int) -> None:
    assert Tree.empty().extended(HASHES[:size]).root().hex() == ROOTS[size]


def test_a_tree_grows_one_leaf_at_a_time_in_constant_memory() -> None:
    tree = Tree.empty()
    for size in range(1, 300):
        tree = tree.append(hashed(size.to_bytes(2, "big")))
        assert tree.size == size
        assert len(tree.peaks) == size.bit_count()


@given(st.integers(0, 70))
def test_a_tree_of_any_size_has_the_root_of_the_plain_recursion(size: int) -> None:
    hashes = tuple(hashed(bytes([it])) for it in range(size))

    assert Tree.empty().extended(hashes).root() == plain_root(hashes)


@given(st.integers(1, 70), st.data())
def test_a_proof_leads_from_its_leaf_to_the_root_and_from_no_other(
    size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1))
    hashes = tuple(hashed(bytes([it])) for it in range(size))
    root, proof = plain_root(hashes), inclusion_proof(hashes, index)

    assert verify_inclusion(hashes[index], index, size, proof, root)
    assert verify_inclusion(hashes[other], index, size, proof, root) == (other == index)
    assert verify_inclusion(hashes[index], other, size, proof, root) == (other == index)
    assert not verify_inclusion(hashes[index], index, size, (*proof, root), root)


@pytest.mark.parametrize("index", [-1, 8])
def test_there_is_no_proof_for_a_leaf_that_is_not_there(index: int) -> None:
    with pytest.raises(IndexError):
        inclusion_proof(HASHES, index)

    assert not verify_inclusion(HASHES[0], index, 8, (), bytes.fromhex(ROOTS[8]))


def test_a_shortened_proof_proves_nothing() -> None:
    proof = inclusion_proof(HASHES, 3)

    assert not verify_inclusion(HASHES[3], 3, 8, proof[:-1], bytes.fromhex(ROOTS[8]))
