"""A provider may be quick; what we send to the place of publication lands as late as it likes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import pytest

from rotator.core.orders import Verb
from rotator.testing.wire import Failure
from tests.simulation import operators
from tests.simulation.campaign import ByNumber, play
from tests.simulation.faults import Fault
from tests.simulation.http_scenes import SCENES
from tests.simulation.points import Point, When
from tests.simulation.world import LATEST

if TYPE_CHECKING:
    from rotator.core.terms import Terms
    from tests.simulation.faults import Around
    from tests.simulation.scene import Scene
    from tests.simulation.violation import Violation
    from tests.simulation.world import World

PROMOTE = Point("destination.promote", When.BEFORE)
DAYS = timedelta(days=2)


@cache
def number_of_promote(name: str) -> int:
    return [it.bare for it in play(SCENES[name]).points.reached].index(PROMOTE)


def late(name: str, scene: Scene, delay: timedelta, ordered: timedelta) -> list[Violation]:
    """Let the promote land late, and an operator order it back meanwhile."""

    def strikes(fault: Fault, world: World, point: Point) -> Around | None:
        del fault, point
        world.wire.break_next("promote", Failure.LATE, delay=delay)
        world.do_later(ordered, lambda it: operators._order(it, Verb.ROLLBACK))
        world.do_later(DAYS, operators._resumes_the_credential)
        return None

    director = ByNumber({number_of_promote(name): Fault.LATE}, strikes=strikes)
    return play(replace(scene, may_hold=True), director).violations


def seconds(number: int) -> timedelta:
    return timedelta(seconds=number)


@pytest.mark.parametrize("ordered", [1, 60, 190])
@pytest.mark.parametrize("delay", [100, 200, 270, 299])
@pytest.mark.parametrize("name", SCENES)
def test_a_key_that_was_discarded_is_not_published_by_a_promote_that_lands_late(
    name: str, delay: int, ordered: int
) -> None:
    assert seconds(delay) < LATEST
    assert late(name, SCENES[name], seconds(delay), seconds(ordered)) == []


@pytest.mark.parametrize("name", SCENES)
def test_a_rotator_that_counts_only_its_providers_window_is_seen(name: str) -> None:
    def hasty(terms: Terms) -> Terms:
        own = SCENES[name].habits.signature_window
        return replace(terms, traits=replace(terms.traits, signature_window=own))

    scene = replace(SCENES[name], around_terms=hasty)
    assert "I1" in {it.invariant for it in late(name, scene, seconds(270), seconds(1))}
