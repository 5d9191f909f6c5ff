"""APIs that are only described, under the simulation's faults: Stage5, and one without names."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from random import Random
from typing import TYPE_CHECKING

import pytest

from rotator.core.rotation import Trigger
from tests.simulation.campaign import ByNumber, cut, play
from tests.simulation.cipherstash_bundle import cells
from tests.simulation.faults import DISTURBING, WIRE, Fault
from tests.simulation.http_scenes import ENDING, SCENES
from tests.simulation.interleaved import Interleaved, Weather
from tests.simulation.points import EFFECTS, EXEMPT

if TYPE_CHECKING:
    from tests.simulation.scene import Scene
    from tests.simulation.world import World

SEED = 20_261_121
PORTIONS = 4
"""Tests that share a scene's cells among workers."""

EACH = 2
"""Cells of each fault that are drawn, beside those at effects; the long tests play all."""

BESIDE = frozenset({Fault.CUT, *WIRE})
"""What every run plays at each effect."""

PAIRS = 12
"""Pairs of power cuts in each scene; the long tests play many more."""

WITHIN = 12
"""How far behind a power cut the next one comes, at most."""

every_scene = pytest.mark.parametrize("name", SCENES)
every_portion = pytest.mark.parametrize("portion", range(PORTIONS))


@cache
def undisturbed(name: str) -> World:
    return play(SCENES[name])


@cache
def cells_of(name: str) -> tuple[tuple[int, Fault], ...]:
    return tuple(cells(undisturbed(name).points.reached, parts=1))


def sampled(name: str) -> list[tuple[int, Fault]]:
    """Take what the wire does to effects and power cuts beside them; draw some of the rest."""
    reached, every, dice = undisturbed(name).points.reached, cells_of(name), Random(SEED)
    chosen = [it for it in every if it[1] in BESIDE and reached[it[0]].name in EFFECTS]
    for fault in Fault:
        rest = [it for it in every if it[1] is fault and it not in chosen]
        chosen += dice.sample(rest, min(EACH, len(rest)))
    return chosen


def lived(scene: Scene, *plan: tuple[int, Fault]) -> list[str]:
    """Live a life in which these strike at the points of these numbers; say what was broken."""
    may_hold = scene.may_hold or any(fault in DISTURBING for _, fault in plan)
    director = ByNumber(dict(plan))
    world = play(replace(scene, may_hold=may_hold), director)
    struck = " + ".join(map(str, director.struck))
    missed = [] if director.struck else [f"{plan}: nothing struck"]
    return missed + [f"{plan} {struck}: {item}" for item in world.violations]


@every_scene
def test_an_undisturbed_world_rotates_without_a_violation(name: str) -> None:
    world = undisturbed(name)
    assert world.violations == []
    assert world.checker.completed() == 1


@every_portion
@every_scene
def test_no_fault_of_a_sample_breaks_an_invariant(name: str, portion: int) -> None:
    some = sampled(name)[portion::PORTIONS]
    assert [line for cell in some for line in lived(SCENES[name], cell)] == []


@every_scene
def test_every_fault_is_in_the_sample_and_every_point_among_the_cells(name: str) -> None:
    reached = undisturbed(name).points.reached
    points = {point for point in reached if point.name not in EXEMPT}
    assert {reached[number] for number, fault in cells_of(name) if fault is Fault.CUT} == points
    assert {fault for _, fault in sampled(name)} == set(Fault)


@pytest.mark.slow
@every_portion
@every_scene
def test_every_fault_at_every_point_breaks_no_invariant(name: str, portion: int) -> None:
    some = cells_of(name)[portion::PORTIONS]
    assert [line for cell in some for line in lived(SCENES[name], cell)] == []


@every_scene
def test_no_two_power_cuts_of_a_sample_break_an_invariant(name: str) -> None:
    dice, points = Random(SEED), len(undisturbed(name).points.reached)
    firsts = [dice.randrange(points) for _ in range(PAIRS)]
    plans = [((it, Fault.CUT), (it + dice.randint(1, WITHIN), Fault.CUT)) for it in firsts]
    assert [line for plan in plans for line in lived(SCENES[name], *plan)] == []


@pytest.mark.slow
@pytest.mark.parametrize("distance", range(1, WITHIN + 1))
@every_scene
def test_no_two_power_cuts_break_an_invariant(name: str, distance: int) -> None:
    points = range(len(undisturbed(name).points.reached))
    plans = [((one, Fault.CUT), (one + distance, Fault.CUT)) for one in points]
    assert [line for plan in plans for line in lived(SCENES[name], *plan)] == []


@pytest.mark.slow
@every_portion
@every_scene
def test_no_two_faults_of_a_sample_break_an_invariant(name: str, portion: int) -> None:
    dice, some = Random(SEED + portion), cells_of(name)
    plans = [sorted(dice.sample(some, 2)) for _ in range(200)]
    assert [line for plan in plans for line in lived(SCENES[name], *plan)] == []


def with_replicas(name: str, seed: int) -> list[str]:
    scene = replace(SCENES[name], replicas=3, seed=seed, may_hold=True)
    world = Interleaved(scene, Weather(Random(seed))).run()
    return [f"{seed}: {item}" for item in world.violations]


@pytest.mark.parametrize("seed", range(4))
@every_scene
def test_replicas_that_take_turns_break_no_invariant(name: str, seed: int) -> None:
    assert with_replicas(name, seed) == []


@pytest.mark.slow
@pytest.mark.parametrize("portion", range(10))
@every_scene
def test_no_random_life_breaks_an_invariant(name: str, portion: int) -> None:
    seeds = range(1_000 + 40 * portion, 1_040 + 40 * portion)
    assert [line for seed in seeds for line in with_replicas(name, seed)] == []


# Keys that end by themselves.


def triggers(world: World) -> list[Trigger]:
    found = sorted(world.book.rotations(), key=lambda item: item.created_at)
    return [item.trigger for item in found]


def test_no_consumer_ever_meets_a_key_of_stage5_that_has_expired() -> None:
    world = play(ENDING)
    assert world.violations == []
    assert triggers(world)[1:] == [Trigger.EXPIRY] * (len(triggers(world)) - 1)
    assert world.checker.completed() >= 2


def ended(numbers: range) -> list[str]:
    return [f"{it}: {what}" for it in numbers for what in cut(ENDING, it).violations]


def test_no_power_cut_of_a_sample_lets_a_key_of_stage5_run_out() -> None:
    assert ended(range(0, len(play(ENDING).points.reached), 401)) == []


@pytest.mark.slow
@every_portion
def test_no_power_cut_lets_a_key_of_stage5_run_out(portion: int) -> None:
    assert ended(range(portion, len(play(ENDING).points.reached), 2 * PORTIONS)) == []
