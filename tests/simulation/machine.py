"""Processes on reins: whoever holds them says who goes on, how far, and what happens then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from tests.simulation.faults import Cell, Fault, can_strike, strike
from tests.simulation.interleaved import Interleaved, Weather
from tests.simulation.matrix import PATIENCE
from tests.simulation.scenes import SCENES

if TYPE_CHECKING:
    from datetime import timedelta

    from tests.simulation.faults import Around
    from tests.simulation.points import Point


@dataclass(slots=True)
class Reins(Weather):
    """Lets a process go on for some points; then a fault strikes it, or it has to wait.

    Attributes:
        left: Points that are still to pass; None when nothing is planned.
        fault: What happens then; None to take the baton away.
        period: How long a process is stopped by `FROZEN`.
    """

    left: int | None = None
    fault: Fault | None = None
    period: timedelta | None = None

    def __post_init__(self) -> None:
        """Let nothing happen by itself."""
        self.most = 0

    def at(self, number: int, point: Point) -> Around | None:
        """Count down, and act when it is time."""
        world = self.world
        if world is None or world.acting is None:
            return None
        if self.left is None:
            return Weather.at(self, number, point)
        self.left = max(0, self.left - 1)
        if self.left or not (self.fault is None or can_strike(self.fault, point)):
            return None
        fault, self.left, self.fault = self.fault, None, None
        return self._happen(world, fault, point)

    def _happen(self, world: Interleaved, fault: Fault | None, point: Point) -> Around | None:
        if fault is None:
            world.hand_over()
            return None
        self.struck.append(Cell(fault, point))
        world.quiet_since = None
        if fault is Fault.FROZEN and self.period is not None:
            world.freeze(self.period)
            return None
        return strike(fault, world, point)


class Driven(Interleaved):
    """A world that goes on by orders, and in the end comes to rest by itself."""

    def __init__(self, name: str, *, replicas: int, subjects: int) -> None:
        """Set a scene in which principals may share an object."""
        scene = SCENES[name]
        self.reins = Reins(Random(0))
        told = replace(
            scene,
            replicas=replicas,
            subjects=subjects,
            shares_object=subjects > 1,
            merge=scene.merge or subjects > 1,
            may_hold=True,
            patience=PATIENCE,
        )
        super().__init__(told, self.reins)
        self.begin()

    def drive(self, number: int, *, points: int, fault: Fault | None = None) -> None:
        """Let a process go on for some points, at most to the end of its pass."""
        actor = self._actors[number % len(self._actors)]
        if self._is_ready(actor):
            self.reins.left, self.reins.fault = points, fault
            self._give(actor)
            self.reins.left = self.reins.fault = None
            self._tick()

    def wait(self, times: int) -> None:
        """Let time go on to the next things that anybody has to do.

        A replica that stands in the middle of its pass meanwhile has asked the gate before.
        """
        began_at = self.clock.now()
        for _ in range(times):
            self._tick()
            self._advance()
        self._tick()
        self.gate.margin += self.clock.now() - began_at

    def rest(self) -> None:
        """Let everything come to rest, and let the checkers judge what is left."""
        try:
            self.end()
        finally:
            self._close()
