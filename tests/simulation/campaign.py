"""Playing one scene many times, each time with another mishap."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

from rotator.testing.wire import Failure
from tests.simulation.scene import Break, Scene
from tests.simulation.scenes import SCENES
from tests.simulation.world import World

if TYPE_CHECKING:
    from tests.simulation.points import Point


@dataclass(slots=True)
class Campaign:
    """What came of many runs.

    Attributes:
        runs: How many there were.
        cut: Every point at which the power failed.
        found: Every violation, with the mishap that led to it.
    """

    runs: int = 0
    cut: set[Point] = field(default_factory=set)
    found: list[str] = field(default_factory=list)

    def add(self, world: World, mishap: str) -> None:
        """Take a run's result."""
        self.runs += 1
        self.cut.update(world.points.cut)
        self.found += [f"{mishap}: {violation}" for violation in world.violations]


def play(scene: Scene, *cuts: int) -> World:
    """Play a scene once, with the power failing at these points."""
    return World(scene, cuts=cuts).run()


@cache
def undisturbed(name: str) -> World:
    """Play a scene once without any mishap."""
    return play(SCENES[name])


@cache
def cut_once(name: str) -> Campaign:
    """Cut the power at every single point of a scene, one run for each."""
    return sweep(SCENES[name], len(undisturbed(name).points.reached))


def sweep(scene: Scene, number: int) -> Campaign:
    """Cut the power at each of the first points of a scene."""
    campaign = Campaign()
    for point in range(number):
        world = play(scene, point)
        campaign.add(world, ", ".join(map(str, world.points.cut)))
    return campaign


@cache
def cut_twice(name: str, within: int) -> Campaign:
    """Cut at every point and again at each of the next ones, so also in the recovery."""
    campaign = Campaign()
    for first in range(len(undisturbed(name).points.reached)):
        for second in range(first + 1, first + 1 + within):
            world = play(SCENES[name], first, second)
            campaign.add(world, f"{first}+{second} " + ", ".join(map(str, world.points.cut)))
    return campaign


def break_wires(name: str, *, skips: int, times: int) -> Campaign:
    """Break the requests of every method in every way.

    Args:
        name: The scene's name.
        skips: How many requests of a method get through before, at most.
        times: How many requests in a row are broken.
    """
    campaign, sent = Campaign(), Counter(undisturbed(name).wire.sent)
    for method, failure in product(sent, Failure):
        for skip in range(min(sent[method], skips + 1)):
            item = Break(method=method, failure=failure, skip=skip, times=times)
            world = play(replace(SCENES[name], breaks=(item,)))
            campaign.add(world, f"{method} {failure.value} {times}x after {skip}")
    return campaign


def break_and_cut(name: str, method: str, failure: Failure) -> Campaign:
    """Lose one answer and then the power at any point."""
    scene = replace(SCENES[name], breaks=(Break(method=method, failure=failure),))
    return sweep(scene, len(play(scene).points.reached))
