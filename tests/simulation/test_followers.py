"""Several places for one key: people, faults and power cuts at the followers, and mutants."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.rotation import Phase
from rotator.errors import QuotaExceededError
from rotator.ports.destination import CanReadBack
from rotator.testing.fake_provider import FakeProviderWithoutUse
from tests.simulation.campaign import ByNumber, Campaign, cut, play
from tests.simulation.faults import WIRE, Cell, Fault, can_strike
from tests.simulation.matrix import PATIENCE
from tests.simulation.scene import Human, Scene, after, before
from tests.simulation.scenes import BLIND
from tests.simulation.wrapping import overriding

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.facts import DestinationRef
    from rotator.core.ids import Instant, KeyId, VersionId
    from rotator.core.rotation import Claim
    from rotator.core.secret import KeyMaterial
    from rotator.ports.destination import Destination
    from rotator.ports.journal import Change, Journal
    from tests.simulation.world import World

OUTAGE = timedelta(hours=30)
"""Longer than the shortest grace."""


def follower_of(world: World) -> DestinationRef:
    return world.focus.followers[0]


def takes_it_away(world: World) -> None:
    """Let nobody write to the first follower for longer than a grace."""
    there = world.destination.objects[follower_of(world).id]
    there.deletion_scheduled = True

    def give_back(world: World) -> None:
        del world
        there.deletion_scheduled = False

    world.do_later(OUTAGE, give_back)


def restores(world: World) -> None:
    """Put the first follower back to what it carried before, as from a backup."""
    ref = follower_of(world)
    previous = world.destination.objects[ref.id].previous
    if previous is not None:
        world.destination.make_current_by_hand(ref, previous)


def restores_later(world: World) -> None:
    world.do_later(timedelta(hours=13), restores)


def edits(world: World) -> None:
    """Publish a stranger's key at the first follower, and take it back days later."""
    ref = follower_of(world)
    before_it = world.destination.objects[ref.id].current
    assert before_it is not None
    stranger = world.focus.system.truth.add_principal("a-stranger")
    try:
        material = world.focus.system.truth.mint_by_hand(stranger)
    except QuotaExceededError:
        return
    fields = {ref.key_id_field: material.key_id, ref.secret_field: material.secret.reveal()}
    world.destination.write_by_hand(ref, json.dumps(fields))
    world.do_later(
        timedelta(days=3), lambda it: it.destination.make_current_by_hand(ref, before_it)
    )


def edits_later(world: World) -> None:
    world.do_later(timedelta(hours=13), edits)


BASE = Scene(followers=2, patience=PATIENCE)
UNTOLD = replace(BASE, followers=1, provider=FakeProviderWithoutUse, grace=BLIND, may_hold=True)
AWAY = Human(at=after("destination.promote"), act=takes_it_away)

SCENES: dict[str, Scene] = {
    "away": replace(BASE, humans=(AWAY,)),
    "away-without-use": replace(UNTOLD, humans=(AWAY,)),
    "restored-in-the-grace": replace(
        BASE, humans=(Human(at=after("destination.promote"), act=restores_later),)
    ),
    "restored-after-the-disable": replace(
        BASE, humans=(Human(at=after("provider.disable_key"), act=restores),)
    ),
    "restored-before-the-disable": replace(
        BASE, humans=(Human(at=before("provider.disable_key"), act=restores),)
    ),
    "edited": replace(
        BASE, may_hold=True, humans=(Human(at=after("destination.promote"), act=edits_later),)
    ),
}


@pytest.mark.parametrize("name", SCENES)
def test_trouble_at_a_follower_delays_the_end_of_the_old_key_and_breaks_nothing(name: str) -> None:
    world = play(SCENES[name])
    assert world.violations == []
    assert world.checker.completed() == 1


@pytest.mark.parametrize("name", SCENES)
def test_no_power_cut_in_the_midst_of_it_breaks_an_invariant(name: str) -> None:
    campaign = Campaign()
    for number in range(0, len(play(SCENES[name]).points.reached), 5):
        world = cut(SCENES[name], number)
        struck = [Cell(Fault.CUT, world.points.reached[number])]
        campaign.add(world, struck, f"cut at {number}")
    assert campaign.runs > 50
    assert campaign.found == []


@pytest.mark.parametrize("fault", WIRE)
def test_no_fault_on_the_wire_to_a_follower_breaks_an_invariant(fault: Fault) -> None:
    campaign = Campaign()
    points = play(BASE).points.reached
    for number, point in enumerate(points):
        if point.name.startswith("destination.") and can_strike(fault, point):
            director = ByNumber({number: fault})
            campaign.add(play(BASE, director), director.struck, f"at {number}")
    assert campaign.runs >= 3
    assert campaign.found == []


def counts_from_promotion(journal: Journal, world: World) -> Journal:
    """Let the grace begin when the pivot was promoted, whenever the followers were current."""
    del world

    def commit(claim: Claim, change: Change) -> Claim:
        rotation = change.rotation
        if rotation is not None and rotation.followed_at is not None:
            change = replace(change, rotation=replace(rotation, followed_at=rotation.promoted_at))
        return journal.commit(claim, change)

    return overriding(journal, "journal", commit=commit)


def writes_the_follower_first(destination: Destination) -> Destination:
    """Publish at the first follower as soon as a key is stored for the pivot."""

    def stage(
        ref: DestinationRef,
        version: VersionId,
        material: KeyMaterial,
        *,
        base: VersionId | None,
        not_after: Instant,
    ) -> None:
        follower = replace(ref, region="eu-west-1", create=False)
        current = destination.describe(follower).current
        if ref.region != follower.region and current is not None:
            destination.stage(follower, version, material, base=current, not_after=not_after)
            destination.promote(follower, version, expected=current, not_after=not_after)
        destination.stage(ref, version, material, base=base, not_after=not_after)

    return overriding(destination, "destination", stage=stage)


def takes_strange_for_empty(destination: Destination) -> Destination:
    """See no key in a follower but those that the pivot has carried."""
    assert isinstance(destination, CanReadBack)
    carried: set[KeyId | None] = set()
    reads = destination.published_key_id

    def published_key_id(ref: DestinationRef) -> KeyId | None:
        pivot = replace(ref, region="eu-central-1")
        carried.add(reads(pivot))
        found = reads(ref)
        return found if found in carried else None

    return overriding(destination, "destination", published_key_id=published_key_id)


MUTANTS: dict[str, tuple[str, Callable[[Scene], Scene], str]] = {
    "grace from promote although a follower is behind": (
        "away-without-use",
        lambda it: replace(it, around_journal=counts_from_promotion),
        "I4",
    ),
    "follower written before the pivot": (
        "away",
        lambda it: replace(it, around_destination=writes_the_follower_first),
        "I6",
    ),
    "drifted follower overwritten": (
        "edited",
        lambda it: replace(it, around_destination=takes_strange_for_empty),
        "I6",
    ),
    "followers forgotten": (
        "away-without-use",
        lambda it: replace(it, around_terms=lambda terms: replace(terms, followers=())),
        "I1",
    ),
}
"""What is broken by whom, in which scene, and which invariant the judge names."""


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_seen(name: str) -> None:
    scene, mutate, invariant = MUTANTS[name]
    world = play(mutate(SCENES[scene]))
    assert invariant in {violation.invariant for violation in world.violations}


def test_a_follower_in_trouble_for_good_ends_in_a_hold_and_both_keys_work() -> None:
    def takes_it_for_good(world: World) -> None:
        world.destination.objects[follower_of(world).id].deletion_scheduled = True

    human = Human(at=after("destination.promote"), act=takes_it_for_good)
    world = play(replace(BASE, may_hold=True, humans=(human,)))
    rotation = world.book.rotations()[0]
    assert world.violations == []
    assert (rotation.phase, rotation.followed_at) == (Phase.PROMOTED, None)
    assert world.book.credentials()[0].hold is not None
