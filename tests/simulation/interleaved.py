"""Several processes at once: threads that hand one baton over at every point.

Only who holds the baton runs, and a seed says who gets it next, so a life with
three processes is as repeatable as one with a single one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from threading import Semaphore, Thread
from typing import TYPE_CHECKING

from rotator.core.ids import Instant
from tests.simulation.faults import Cell, Fault, can_strike, strike
from tests.simulation.points import Director, PowerCut
from tests.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from tests.simulation.faults import Around
    from tests.simulation.points import Point
    from tests.simulation.replica import Replica
    from tests.simulation.scene import Scene

SWITCH = 0.25
"""How likely the baton is handed over at a point."""

RATES = (0.005, 0.02, 0.1)
"""How likely something happens at a point, in calm, rough and wild lives."""

KINDS = 4
"""How many kinds of mishaps one life has, so that some meet one kind again and again."""

MOST = 8
"""Mishaps in one life; then it must come to rest."""

FREEZES = tuple(
    timedelta(seconds=seconds)
    for seconds in (1, 30, 60, 119, 121, 180, 300, 480, 3_600, 86_400, 259_200, 432_000)
)
"""How long a process is stopped: around the lease and the window, up to days."""


SKEWS = (timedelta(0), timedelta(0), timedelta(minutes=4), timedelta(minutes=-4))
"""How far the clocks of processes are off: less than what they refuse to work with."""


@dataclass(slots=True)
class Weather(Director):
    """Lets anything happen at any time, by a seed.

    Attributes:
        struck: What happened, in order.
    """

    dice: Random
    faults: Sequence[Fault] = ()
    rate: float = 0.0
    most: int = MOST
    struck: list[Cell] = field(default_factory=list)
    world: Interleaved | None = None

    def __post_init__(self) -> None:
        """Draw what kind of life it is going to be."""
        self.faults = self.faults or self.dice.sample(tuple(Fault), KINDS)
        self.rate = self.dice.choice(RATES)

    def at(self, number: int, point: Point) -> Around | None:
        """Hand the baton over, or let something happen, or both."""
        del number
        world = self.world
        if world is None or world.acting is None:
            return None
        around = None
        if len(self.struck) < self.most and self.dice.random() < self.rate:
            around = self._strike(world, point)
        if self.dice.random() < SWITCH:
            world.hand_over()
        return around

    def _strike(self, world: Interleaved, point: Point) -> Around | None:
        possible = [item for item in self.faults if can_strike(item, point)]
        if not possible:
            return None
        fault = self.dice.choice(possible)
        self.struck.append(Cell(fault, point))
        world.disturbed()
        if fault is Fault.FROZEN:
            world.freeze(self.dice.choice(FREEZES))
            return None
        return strike(fault, world, point)


@dataclass(slots=True)
class Actor:
    """One process, as a thread that runs only while it has the baton.

    Attributes:
        frozen_until: When it can be given the baton again.
        rested_at: When it last ended a pass; an engine does not ask twice in a moment.
        is_busy: Whether it is inside a pass.
        is_ending: Whether it is to end at its next point.
    """

    replica: Replica
    go: Semaphore = field(default_factory=lambda: Semaphore(0))
    frozen_until: Instant | None = None
    rested_at: Instant | None = None
    is_busy: bool = False
    is_ending: bool = False
    thread: Thread | None = None


class Interleaved(World):
    """A world in which a seed decides which process goes on."""

    def __init__(self, scene: Scene, weather: Weather, **parts: object) -> None:
        """Set the scene, with as many processes as it names."""
        self._dice = weather.dice
        self._back = Semaphore(0)
        self.acting: Actor | None = None
        self._trouble: BaseException | None = None
        self._actors: list[Actor] = []
        super().__init__(scene, director=weather, **parts)  # type: ignore[arg-type]
        weather.world = self
        self._actors = [Actor(self.new_replica()) for _ in range(scene.replicas)]
        for actor in self._actors:
            actor.replica.clock.offset = self._dice.choice(SKEWS)
        for subject in self.subjects:
            subject.checker.tolerance = max(SKEWS)

    def freeze(self, period: timedelta) -> None:
        """Stop the process that holds the baton; the others go on."""
        actor = self.acting
        if actor is None:
            super().freeze(period)
            return
        actor.frozen_until = Instant(self.clock.now() + period)
        self.hand_over()

    def hand_over(self) -> None:
        """Give the baton back, and go on when it returns.

        Raises:
            PowerCut: The world ends.
        """
        actor = self.acting
        assert actor is not None, "only an actor has the baton"
        self._back.release()
        actor.go.acquire()
        if actor.is_ending:
            raise PowerCut("the world ends")

    def _live(self) -> None:
        while ready := [actor for actor in self._actors if self._is_ready(actor)]:
            self._give(self._dice.choice(ready))
            self._tick()

    def _is_ready(self, actor: Actor) -> bool:
        now = self.clock.now()
        if actor.frozen_until is not None and now < actor.frozen_until:
            return False
        if actor.is_busy:
            return True
        return actor.rested_at != now and bool(self.journal.due(now=now, limit=1))

    def _give(self, actor: Actor) -> None:
        actor.frozen_until = None
        if actor.thread is None:
            actor.thread = Thread(target=self._act, args=(actor,), daemon=True)
            actor.thread.start()
        self.acting, self.replica = actor, actor.replica
        actor.go.release()
        self._back.acquire()
        self.acting = None
        if self._trouble is not None:
            raise self._trouble

    def _act(self, actor: Actor) -> None:
        while self._has_baton(actor):
            actor.is_busy = True
            try:
                self._work()
            except BaseException as error:  # noqa: BLE001 - handed to the world's thread
                self._trouble = error
            actor.is_busy, actor.rested_at = False, self.clock.now()
            self._back.release()

    def _has_baton(self, actor: Actor) -> bool:
        """Wait for the baton; False when the world ends."""
        if not actor.is_ending:
            actor.go.acquire()
        return not actor.is_ending

    def _advance(self, until: Instant | None = None) -> None:
        waking = [item.frozen_until for item in self._actors if item.frozen_until is not None]
        ends = [*waking, *([until] if until else [])]
        super()._advance(min(ends) if ends else None)

    def _timers(self) -> list[Instant]:
        now = self.clock.now()
        is_any_up = any(not item.frozen_until or item.frozen_until <= now for item in self._actors)
        return super()._timers() if is_any_up else []

    def _is_idle(self) -> bool:
        return super()._is_idle() and not any(actor.is_busy for actor in self._actors)

    def _close(self) -> None:
        for actor in self._actors:
            actor.is_ending = True
            actor.go.release()
            if actor.is_busy:
                self._back.acquire()
            if actor.thread is not None:
                actor.thread.join()
