"""Playing scenes many times, each time with other mishaps."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from tests.simulation.faults import Cell, Fault, strike
from tests.simulation.points import Director
from tests.simulation.scenes import SCENES
from tests.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.simulation.backups import Backup
    from tests.simulation.faults import Around
    from tests.simulation.journals import SqlVolume
    from tests.simulation.points import Point
    from tests.simulation.scene import Scene


@dataclass(slots=True)
class ByNumber(Director):
    """Lets faults strike at the n-th points that a run comes to.

    Attributes:
        plan: Faults by the number of their point.
        strikes: Lets a fault happen.
        struck: What happened, in order.
    """

    plan: dict[int, Fault]
    strikes: Callable[[Fault, World, Point], Around | None] = strike
    struck: list[Cell] = field(default_factory=list)
    world: World | None = None

    def at(self, number: int, point: Point) -> Around | None:
        """Let what is planned for this number happen."""
        fault = self.plan.get(number)
        if fault is None or self.world is None:
            return None
        self.struck.append(Cell(fault, point))
        self.world.disturbed()
        return self.strikes(fault, self.world, point)


@dataclass(slots=True)
class InOrder(Director):
    """Lets cells strike one after another, each where the run next comes to its point.

    Attributes:
        strikes: Lets a fault happen.
        struck: What happened, in order.
    """

    cells: Sequence[Cell]
    strikes: Callable[[Fault, World, Point], Around | None] = strike
    struck: list[Cell] = field(default_factory=list)
    world: World | None = None

    @property
    def is_done(self) -> bool:
        """Whether every cell has struck."""
        return len(self.struck) == len(self.cells)

    def at(self, number: int, point: Point) -> Around | None:
        """Let the next cell happen if this is its point."""
        del number
        done = len(self.struck)
        if self.world is None or done == len(self.cells) or self.cells[done].point != point:
            return None
        cell = self.cells[done]
        self.struck.append(cell)
        self.world.disturbed()
        return self.strikes(cell.fault, self.world, point)


@dataclass(slots=True)
class Campaign:
    """What came of many runs.

    Attributes:
        runs: How many there were.
        struck: Every cell that was reached.
        found: Every violation, with the mishaps that led to it.
    """

    runs: int = 0
    struck: set[Cell] = field(default_factory=set)
    found: list[str] = field(default_factory=list)

    def add(self, world: World, struck: Sequence[Cell], scene: str) -> None:
        """Take a run's result."""
        self.runs += 1
        self.struck.update(struck)
        mishap = f"{scene}: " + " + ".join(map(str, struck))
        self.found += [f"{mishap}: {violation}" for violation in world.violations]


def play(
    scene: Scene,
    director: ByNumber | InOrder | Backup | None = None,
    volume: SqlVolume | None = None,
) -> World:
    """Play a scene once."""
    world = World(scene, director=director, volume=volume)
    if director is not None:
        director.world = world
    return world.run()


def cut(scene: Scene, *numbers: int) -> World:
    """Play a scene with the power failing at these points."""
    return play(scene, ByNumber(dict.fromkeys(numbers, Fault.CUT)))


@cache
def undisturbed(name: str) -> World:
    """Play a scene once without any mishap."""
    return play(SCENES[name])
