"""Replicas that take turns at every point, by a seed; anything may happen to each of them."""

from __future__ import annotations

import threading
from dataclasses import replace
from random import Random

import pytest

from tests.simulation.faults import Fault
from tests.simulation.interleaved import Interleaved, Weather
from tests.simulation.lives import live
from tests.simulation.matrix import PATIENCE
from tests.simulation.scene import Scene
from tests.simulation.scenes import SCENES

FIRST = 1_000
PORTIONS = 10
LIVES = 10
"""In each portion."""

TRIO = Scene(replicas=3, may_hold=True, patience=PATIENCE)


def lived(scene: Scene, seed: int, *faults: Fault, most: int = 8) -> tuple[Interleaved, Weather]:
    """Let replicas take turns; of these faults, or of some, a number strike."""
    weather = Weather(Random(seed), faults=faults, most=most)
    world = Interleaved(replace(scene, seed=seed), weather)
    world.run()
    return world, weather


@pytest.mark.parametrize("portion", range(PORTIONS))
def test_no_random_life_breaks_an_invariant(portion: int) -> None:
    first = FIRST + portion * LIVES
    outcomes = [live(f"life:{seed}") for seed in range(first, first + LIVES)]
    assert [(item.handle, item.violations) for item in outcomes if item.violations] == []


@pytest.mark.parametrize("name", ["plain", "without-marks", "operator-rolls-back", "merging"])
def test_three_replicas_that_take_turns_rotate_once(name: str) -> None:
    for seed in range(5):
        world, weather = lived(replace(SCENES[name], replicas=3), seed, most=0)
        assert weather.struck == []
        assert world.violations == []
        assert world.checker.completed() == SCENES[name].completes


def test_two_subjects_in_one_object_do_not_undo_each_other() -> None:
    scene = replace(TRIO, subjects=2, shares_object=True, merge=True)
    for seed in range(10):
        world, _ = lived(scene, seed, Fault.CUT, Fault.FROZEN, Fault.LOST_ANSWER, Fault.LATE)
        assert world.violations == []
        assert [subject.checker.completed() for subject in world.subjects] == [1, 1]


def test_a_seed_is_one_life() -> None:
    first, second = (lived(TRIO, 7, Fault.CUT, Fault.FROZEN, Fault.SIGTERM) for _ in range(2))
    assert first[1].struck == second[1].struck
    assert first[0].points.reached == second[0].points.reached
    assert first[0].wire.acts == second[0].wire.acts
    other, _ = lived(TRIO, 8, Fault.CUT, Fault.FROZEN, Fault.SIGTERM)
    assert other.points.reached != first[0].points.reached


def test_no_thread_outlives_its_world() -> None:
    before = threading.active_count()
    for seed in range(5):
        lived(TRIO, seed, Fault.FROZEN)
    assert threading.active_count() == before


def test_replicas_really_take_turns_inside_their_passes() -> None:
    world, _ = lived(TRIO, 3, most=0)
    names = [str(point) for point in world.points.reached]
    # While one has acquired, another one tries to, and is refused.
    turns = [index for index, name in enumerate(names) if name == "before journal.acquire"]
    assert any(names[index + 1] != "after journal.acquire" for index in turns)
