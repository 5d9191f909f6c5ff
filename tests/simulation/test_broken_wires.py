"""Requests fail, answers get lost, effects land late or by half."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from rotator.core.reasons import Reason
from rotator.testing.wire import Actor, Failure
from tests.simulation.campaign import Campaign, play, undisturbed
from tests.simulation.faults import REFUSALS, TWO_REQUESTS, WIRE
from tests.simulation.points import EFFECTS
from tests.simulation.scene import REALISTIC, Break, Scene
from tests.simulation.scenes import PLAIN, SCENES

WRITES = frozenset(name.partition(".")[2] for name in EFFECTS)
IN_TWO = frozenset(name.partition(".")[2] for name in TWO_REQUESTS)


def failures(method: str) -> list[Failure]:
    """What can happen to a request of a method; a read has no effect to be in doubt about."""
    if method not in WRITES:
        return [WIRE[fault] for fault in sorted(REFUSALS)]
    return [item for item in Failure if item is not Failure.HALFWAY or method in IN_TWO]


def break_wires(name: str, *, skips: int, times: int) -> Campaign:
    """Break the requests of every method in every way.

    Args:
        name: The scene's name.
        skips: How many requests of a method get through before, at most.
        times: How many requests in a row are broken.
    """
    campaign, sent = Campaign(), Counter(undisturbed(name).wire.sent)
    for method, skip in product(sent, range(skips + 1)):
        if skip < sent[method]:
            for failure in failures(method):
                item = Break(method=method, failure=failure, skip=skip, times=times)
                world = play(replace(SCENES[name], breaks=(item,)))
                campaign.add(world, (), f"{name}, {method} {failure.value} {times}x after {skip}")
    return campaign


@pytest.mark.parametrize("name", SCENES)
def test_no_broken_request_breaks_an_invariant(name: str) -> None:
    campaign = break_wires(name, skips=1, times=1)
    assert campaign.runs > 50
    assert campaign.found == []


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENES)
def test_no_outage_of_one_method_breaks_an_invariant(name: str) -> None:
    assert break_wires(name, skips=4, times=3).found == []


@pytest.mark.parametrize("name", ["plain", "merging"])
def test_a_half_done_promote_leaves_no_pending_label(name: str) -> None:
    half = Break(method="promote", failure=Failure.HALFWAY)
    assert play(replace(SCENES[name], breaks=(half,))).violations == []


def test_a_lost_mint_ends_with_one_key_and_no_orphan() -> None:
    lost = Break(method="create_key", failure=Failure.LOST_ANSWER)
    world = play(replace(SCENES["without-marks"], breaks=(lost,)))
    now = world.clock.now()
    assert [key.minter for key in world.provider.keys.values() if key.exists_at(now)] == [
        Actor.ROTATOR
    ]
    assert world.violations == []


def test_a_clock_that_disagrees_with_the_provider_stops_everything() -> None:
    habits = replace(REALISTIC, clock_offset=timedelta(minutes=20))
    world = play(Scene(habits=habits, may_hold=True, patience=timedelta(days=3)))
    (credential,) = world.book.credentials()
    assert credential.hold is not None
    assert credential.hold.reason is Reason.CLOCK_SKEW
    assert not [act for act in world.wire.acts if act.actor is Actor.ROTATOR]


def test_a_promote_that_lands_after_the_power_cut_starts_the_grace_when_it_is_seen() -> None:
    late = Break(method="promote", failure=Failure.LATE)
    world = play(replace(PLAIN, breaks=(late,)))
    (rotation,) = world.book.rotations()
    (promoted,) = [act.at for act in world.wire.acts if act.verb == "promote"]
    assert rotation.promoted_at is not None
    assert rotation.promoted_at >= promoted
    assert world.violations == []
