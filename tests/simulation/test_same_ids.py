"""Ids that are given again, as by a database that counts on: no power cut aims at another key."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.terms import Grace
from rotator.testing.fake_provider import BareFakeProvider, FakeProviderWithoutMarks
from rotator.testing.wire import Actor
from tests.simulation.campaign import Campaign, cut, play
from tests.simulation.consumers import EAGER, HOURLY
from tests.simulation.faults import Cell, Fault
from tests.simulation.scene import REALISTIC, Human, Scene, before
from tests.simulation.subject import AGE

if TYPE_CHECKING:
    from tests.simulation.world import World

SAME = Scene(
    provider=FakeProviderWithoutMarks,
    habits=replace(REALISTIC, marks_keys=True, max_keys=None, reuses_ids=True),
    consumers=(EAGER, HOURLY),
)
"""A key that is discarded, and the next one, have one id."""


def _old_key_ends(world: World) -> None:
    """End the published key, so that it is listed no more."""
    key = world.provider.keys[world.subjects[0].material.key_id]
    if key.minter is Actor.HUMAN:
        key.expires_at = world.clock.now()
        world.checker.ended_by_hand.add(key.key_id)


LATE = replace(
    SAME,
    habits=replace(
        SAME.habits,
        lifetime_by_hand=AGE + timedelta(days=18),
        unlists_expired=True,
        list_lag=timedelta(0),
    ),
    consumers=(),
    humans=(Human(at=before("provider.create_key"), act=_old_key_ends),),
    may_hold=True,
)
"""The key that is replaced has just ended, so that the new one is given its id."""

SCENES = {
    "discarded": SAME,
    "without disable": replace(
        SAME, provider=BareFakeProvider, grace=Grace(accept_blind=True), may_hold=True
    ),
    "expired": LATE,
}
every_scene = pytest.mark.parametrize("name", SCENES)


@every_scene
def test_a_whole_rotation_breaks_no_promise(name: str) -> None:
    world = play(SCENES[name])

    assert world.violations == []


@every_scene
def test_no_power_cut_aims_at_another_key_of_the_same_id(name: str) -> None:
    scene, campaign = SCENES[name], Campaign()
    reused = 0
    for number in range(0, len(play(scene).points.reached), 3):
        world = cut(scene, number)
        reused += _gave_again(world)
        campaign.add(world, [Cell(Fault.CUT, world.points.reached[number])], f"cut at {number}")

    assert campaign.runs > 20
    assert campaign.found == []
    assert reused > 0


def _gave_again(world: World) -> bool:
    """Whether an id was given to a second key."""
    return bool(world.provider.former)
