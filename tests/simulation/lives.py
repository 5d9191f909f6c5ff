"""One life for each kind of mishap: what a campaign plays, and what can be played again.

A life is named by a handle, such as ``pair:twice:12:40`` or ``life:77``. The same
handle is the same life on every machine, so a failure is found again by its name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from tests.simulation import matrix, scenes
from tests.simulation.campaign import ByNumber, InOrder, play
from tests.simulation.faults import DISTURBING, Cell, Fault, freezing
from tests.simulation.interleaved import FREEZES, Interleaved, Weather
from tests.simulation.mutants import MUTANTS

if TYPE_CHECKING:
    from datetime import timedelta

    from tests.simulation.journals import SqlVolume
    from tests.simulation.scene import Scene
    from tests.simulation.world import World

UNSHARED = frozenset({"write-only", "followers"})
"""Scenes whose objects hold one key and nothing beside it."""

ALL_SCENES: dict[str, Scene] = {**scenes.SCENES, **matrix.SCENES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one life; picklable.

    Attributes:
        handle: Its name.
        struck: What happened in it.
        is_reached: Whether everything struck that was meant to.
        points: How many points it came to.
        checks: How many times a judge looked.
        violations: What the judges found.
    """

    handle: str
    struck: tuple[Cell, ...]
    is_reached: bool
    points: int
    checks: int
    violations: tuple[str, ...]


def live(handle: str, volume: SqlVolume | None = None) -> Outcome:
    """Live the life of this name.

    Raises:
        ValueError: There is no such life.
    """
    kind, *rest = handle.split(":")
    match kind, rest:
        case "cell", [scene, cell]:
            return _in_order(handle, scene, (int(cell),), matrix.cells(), volume)
        case "pair", [scene, first, second]:
            return _in_order(handle, scene, (int(first), int(second)), matrix.paired(), volume)
        case "point", [scene, number, fault]:
            return _by_number(handle, scene, int(number), Fault[fault], volume)
        case "freeze", [scene, number, length]:
            return _frozen(handle, scene, int(number), FREEZES[int(length)], volume)
        case "life", [seed]:
            return _random(handle, int(seed), volume, mutant="")
        case "mutant", [name, seed]:
            return _random(handle, int(seed), volume, mutant=name)
        case "crowd", [seed]:
            return _random(handle, int(seed), volume, mutant="", replicas=3)
        case _:
            msg = f"no life is called {handle}"
            raise ValueError(msg)


def _in_order(
    handle: str,
    scene: str,
    numbers: tuple[int, ...],
    among: tuple[Cell, ...],
    volume: SqlVolume | None,
) -> Outcome:
    wanted = tuple(among[number] for number in numbers)
    director = InOrder(wanted)
    told = replace(matrix.SCENES[scene], may_hold=matrix.may_hold(wanted))
    world = play(told, director, volume)
    return _told(handle, world, director.struck, is_reached=director.is_done)


def _by_number(
    handle: str, scene: str, number: int, fault: Fault, volume: SqlVolume | None
) -> Outcome:
    told = ALL_SCENES[scene]
    director = ByNumber({number: fault})
    world = play(replace(told, may_hold=told.may_hold or fault in DISTURBING), director, volume)
    return _told(handle, world, director.struck, is_reached=bool(director.struck))


def _frozen(
    handle: str, scene: str, number: int, length: timedelta, volume: SqlVolume | None
) -> Outcome:
    director = ByNumber({number: Fault.FROZEN}, strikes=freezing(length))
    world = play(ALL_SCENES[scene], director, volume)
    return _told(handle, world, director.struck, is_reached=bool(director.struck))


def _random(
    handle: str, seed: int, volume: SqlVolume | None, *, mutant: str, replicas: int = 0
) -> Outcome:
    dice = Random(seed)
    scene = _drawn(dice, seed)
    if replicas:
        scene = replace(scene, replicas=replicas)
    if mutant:
        scene = MUTANTS[mutant](replace(scene, replicas=3))
    weather = Weather(dice)
    world = Interleaved(scene, weather, volume=volume).run()
    return _told(handle, world, weather.struck, is_reached=True)


def _drawn(dice: Random, seed: int) -> Scene:
    """Draw how a life begins."""
    name = dice.choice(list(scenes.SCENES))
    subjects = dice.choice((1, 1, 2))
    shares = subjects > 1 and name not in UNSHARED and dice.random() < 0.5
    scene = scenes.SCENES[name]
    return replace(
        scene,
        may_hold=True,
        replicas=dice.choice((1, 2, 3)),
        seed=seed,
        subjects=subjects,
        shares_object=shares,
        merge=scene.merge or shares,
        patience=matrix.PATIENCE,
    )


def _told(handle: str, world: World, struck: list[Cell], *, is_reached: bool) -> Outcome:
    return Outcome(
        handle=handle,
        struck=tuple(struck),
        is_reached=is_reached,
        points=len(world.points.reached),
        checks=sum(subject.checker.checks for subject in world.subjects),
        violations=tuple(map(str, world.violations)),
    )
