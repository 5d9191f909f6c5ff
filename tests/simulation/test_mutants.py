"""The checker sees: each deliberately broken world is reported, by the right invariant.

Each mutant has the life that its missing safety is there for, and the same life
with the safety is clean. `make chaos` tells how soon random lives find them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.testing.wire import Failure
from tests.simulation.campaign import InOrder, play
from tests.simulation.checker import UNDER_WAY
from tests.simulation.faults import Cell, Fault, strike
from tests.simulation.mutants import MUTANTS
from tests.simulation.points import Point, When
from tests.simulation.scene import Break, Human, Scene, after, before
from tests.simulation.scenes import PLAIN, SCENES
from tests.simulation.world import World

if TYPE_CHECKING:
    from tests.simulation.faults import Around

SHORTLY = timedelta(minutes=3)
"""Past one's own lease, and not past that of a process which took over and died."""

Happen = Callable[[Fault, World, Point], "Around | None"]

LOST_MINT = Break(method="create_key", failure=Failure.LOST_ANSWER)


def stopping(period: timedelta) -> Happen:
    """Let a frozen process stand still for a period of one's own."""

    def happen(fault: Fault, world: World, point: Point) -> Around | None:
        if fault is not Fault.FROZEN:
            return strike(fault, world, point)
        world.freeze(period)
        return None

    return happen


def blinds(world: World) -> None:
    """Let one last use not be read, the guard's: before a mint it has to be readable."""
    world.wire.break_next("last_used", Failure.UNAVAILABLE)


def stopping_in_a_restore(fault: Fault, world: World, point: Point) -> Around | None:
    """Stop one process; meanwhile the others end, the journal is put back, one starts again."""
    if fault is Fault.CUT:
        world.backup()
    if fault is not Fault.FROZEN:
        return strike(fault, world, point)
    scene = world.scene
    world.do_later(timedelta(minutes=1), lambda it: it.restore())
    world.scene = replace(scene, replicas=1)
    world.freeze(2 * UNDER_WAY)
    world.scene = scene
    world.freeze(timedelta(seconds=100))
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What happens to a mutant, and what is seen of it.

    Attributes:
        cells: What strikes, one after another.
        happens: How a cell strikes.
        sees: The invariant that is broken then.
    """

    scene: Scene
    cells: tuple[Cell, ...] = ()
    happens: Happen = field(default_factory=lambda: stopping(SHORTLY))
    sees: str

    def broken(self, scene: Scene) -> set[str]:
        """Live it, and name the invariants that were broken."""
        director = InOrder(self.cells, strikes=self.happens)
        world = play(scene, director)
        assert director.is_done, "the life did not come to what was to happen"
        return {violation.invariant for violation in world.violations}


def breaking(name: str, *breaks: Break) -> Scene:
    return replace(SCENES[name], breaks=breaks)


def committed(detail: str) -> Point:
    return Point("journal.commit", When.AFTER, detail)


TAKEN_OVER = (
    Cell(Fault.CUT, after("destination.prepare")),
    Cell(Fault.FROZEN, after("journal.acquire")),
    Cell(Fault.CUT, after("destination.stage")),
)
"""Who acquired is stopped; another one mints and dies; then the first one goes on."""

LIVES: dict[str, Life] = {
    "no intent commit": Life(
        scene=SCENES["without-marks"],
        cells=(Cell(Fault.CUT, after("provider.create_key")),),
        sees="I3",
    ),
    "no pre-image": Life(
        scene=breaking(
            "human-minted-before", Break(method="create_key", failure=Failure.LOST_REQUEST)
        ),
        sees="I2",
    ),
    "no compare-and-swap": Life(scene=SCENES["human-writes-before-promote"], sees="I6"),
    "no guard": Life(scene=SCENES["clinger"], sees="I4"),
    "no grace": Life(scene=PLAIN, sees="I4"),
    "no quarantine": Life(scene=PLAIN, sees="I4"),
    "no fence": Life(scene=PLAIN, cells=TAKEN_OVER, sees="I3"),
    "token read again after acquiring": Life(scene=PLAIN, cells=TAKEN_OVER, sees="I3"),
    "integer fence": Life(scene=PLAIN, cells=TAKEN_OVER, happens=stopping_in_a_restore, sees="I3"),
    "row read again after commit": Life(
        scene=PLAIN,
        cells=(
            Cell(Fault.FROZEN, committed("intent:prepare")),
            Cell(Fault.CUT, after("destination.stage")),
        ),
        sees="I10",
    ),
    "no clock check": Life(
        scene=PLAIN,
        cells=(Cell(Fault.CLOCK_AHEAD, before("destination.describe")),),
        sees="I10",
    ),
    "no suspect observation": Life(
        scene=breaking("human-mints-without-marks", LOST_MINT), sees="I2"
    ),
    "no not_after": Life(
        scene=SCENES["human-rolls-back"],
        cells=(Cell(Fault.FROZEN, before("provider.disable_key")),),
        happens=stopping(timedelta(days=1)),
        sees="I1",
    ),
    "SDK retries on mint": Life(scene=breaking("without-marks", LOST_MINT), sees="I3"),
    "error taken for unused": Life(
        scene=replace(
            SCENES["clinger"], humans=(Human(at=after("destination.promote"), act=blinds),)
        ),
        sees="I4",
    ),
    "no gate of evidence": Life(
        scene=PLAIN,
        cells=(Cell(Fault.SINK_FAILS, before("destination.promote")),),
        sees="I7",
    ),
}
"""By the names of the mutants."""


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_seen_and_the_same_life_without_it_is_clean(name: str) -> None:
    life = LIVES[name]
    assert life.broken(life.scene) == set()
    assert life.sees in life.broken(MUTANTS[name](life.scene))


def test_a_promoted_key_that_is_not_accepted_is_caught() -> None:
    def slows_activation(world: World) -> None:
        world.provider.habits = replace(world.provider.habits, activation_lag=timedelta(hours=1))

    scene = Scene(humans=(Human(at=after("journal.commit"), act=slows_activation, after=8),))
    careless = replace(
        scene, around_terms=lambda it: replace(it, limits=replace(it.limits, verify_successes=0))
    )
    assert "I1" in Life(scene=careless, sees="I1").broken(careless)


def test_a_secret_in_a_log_line_is_caught() -> None:
    def logs_the_secret(world: World) -> None:
        world.telemetry.log("info", "published", text=world.destination.read(world.ref))

    scene = replace(PLAIN, humans=(Human(at=after("destination.promote"), act=logs_the_secret),))
    assert Life(scene=scene, sees="I5").broken(scene) == {"I5"}
