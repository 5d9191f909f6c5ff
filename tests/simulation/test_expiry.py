"""Keys that their provider ends by itself: no consumer ever meets one, through any power cut."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.rotation import Trigger
from rotator.core.terms import Grace
from rotator.testing.fake_provider import (
    BareFakeProvider,
    FakeProviderWithoutDisable,
    FakeProviderWithoutMarks,
)
from tests.simulation.campaign import Campaign, cut, play
from tests.simulation.consumers import CLINGER, DAILY, EAGER
from tests.simulation.faults import Cell, Fault
from tests.simulation.scene import REALISTIC, Scene
from tests.simulation.subject import AGE

if TYPE_CHECKING:
    from rotator.core.terms import Terms
    from tests.simulation.world import World

LIFE = timedelta(days=30)
ENDING = Scene(
    habits=replace(REALISTIC, lifetime=LIFE, lifetime_by_hand=AGE + timedelta(days=18)),
    consumers=(EAGER, DAILY, CLINGER),
    lasts=timedelta(days=32),
    patience=timedelta(days=60),
)
"""People made a key with eighteen days left; ours live for thirty, and policy allows ninety."""

BLIND = Grace(accept_blind=True)
SCENES = {
    "ending": ENDING,
    "listed no more": replace(ENDING, habits=replace(ENDING.habits, unlists_expired=True)),
    "marked from birth": replace(
        ENDING,
        provider=FakeProviderWithoutMarks,
        habits=replace(ENDING.habits, marks_keys=True, max_keys=None),
    ),
    "without disable": replace(ENDING, provider=FakeProviderWithoutDisable, may_hold=True),
    "bare": replace(
        ENDING, provider=BareFakeProvider, grace=BLIND, consumers=(EAGER, DAILY), may_hold=True
    ),
}
"""What HTTP APIs are like: each can do something less.

Where nothing can be disabled a suspect keeps its slot, and the hold that says so is for a person.
"""

every_scene = pytest.mark.parametrize("name", SCENES)


def triggers(world: World) -> list[Trigger]:
    found = sorted(world.book.rotations(), key=lambda item: item.created_at)
    return [item.trigger for item in found]


@every_scene
def test_within_policy_no_consumer_ever_meets_an_expired_key(name: str) -> None:
    world = play(SCENES[name])

    assert world.violations == []
    assert triggers(world)[1:] == [Trigger.EXPIRY] * (len(triggers(world)) - 1)
    assert len(triggers(world)) >= 2
    assert world.checker.completed() >= 2


@every_scene
def test_no_power_cut_lets_a_key_run_out(name: str) -> None:
    scene, campaign = SCENES[name], Campaign()
    # Each scene begins at another point, so that together they leave few kinds out.
    first, every = 3 * list(SCENES).index(name), 3 * len(SCENES) + 1
    for number in range(first, len(play(scene).points.reached), every):
        world = cut(scene, number)
        campaign.add(world, [Cell(Fault.CUT, world.points.reached[number])], f"cut at {number}")

    assert campaign.runs > 20
    assert campaign.found == []


def test_the_judge_sees_a_key_that_was_left_to_expire() -> None:
    world = play(replace(ENDING, around_terms=_too_late))

    assert any("had expired" in str(item) for item in world.violations)


def _too_late(terms: Terms) -> Terms:
    """Begin weeks after a key's end, and look no sooner."""
    schedule = replace(terms.schedule, jitter=timedelta(seconds=1))
    limits = replace(terms.limits, inspect_interval=timedelta(days=40))
    grace = replace(terms.grace, max_period=timedelta(days=-20))
    return replace(terms, schedule=schedule, limits=limits, grace=grace)
