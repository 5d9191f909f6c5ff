"""The judges see: each broken rotator of CipherStash is reported, by the right invariant."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.errors import QuotaExceededError
from tests.simulation import cipherstash_mutants as mutants
from tests.simulation import cipherstash_vendors
from tests.simulation.campaign import play
from tests.simulation.cipherstash_bundle import BUNDLE, PART
from tests.simulation.scene import Human, Scene, after

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.world import World

    Mutant = Callable[[Scene], Scene]

CLIENTS = replace(PART, vendors=cipherstash_vendors.client_keys)
ACCESS = replace(PART, vendors=cipherstash_vendors.access_keys)


def takes_the_free_name(world: World) -> None:
    """Mint a key by hand under the name that the first one had."""

    def mint(world: World) -> None:
        with suppress(QuotaExceededError):
            world.provider.mint_by_hand(world.principal)

    world.do_later(timedelta(minutes=30), mint)


TWICE = replace(
    ACCESS,
    rotations=2,
    may_hold=True,
    humans=(Human(at=after("provider.delete_key"), act=takes_the_free_name),),
)

LIVES: dict[str, tuple[Scene, Mutant, str]] = {
    "no grants": (CLIENTS, lambda it: replace(it, around_terms=mutants.without_grants), "I1"),
    "grants nothing": (
        CLIENTS,
        lambda it: replace(it, around_provider=mutants.that_grants_nothing),
        # It is noticed before anything is promoted, and so nothing is rotated.
        "I10",
    ),
    "revokes by a name": (
        TWICE,
        lambda it: replace(it, vendors=mutants.revoking_by_lineage),
        "I2",
    ),
    "half a pair": (BUNDLE, lambda it: replace(it, destination=mutants.HalfPairs), "I1"),
    "not merged": (BUNDLE, lambda it: replace(it, destination=mutants.Unmerged), "I6"),
}
"""The life in which each is seen, the mutation, and the invariant that it breaks."""


@pytest.mark.parametrize("name", LIVES)
def test_a_mutant_is_seen_and_the_same_life_without_it_is_clean(name: str) -> None:
    scene, mutate, invariant = LIVES[name]
    assert play(scene).violations == []
    seen = {item.invariant for item in play(mutate(scene)).violations}
    assert invariant in seen
