"""The matrix: every fault at every point, and every ordered pair of them.

A cell is a fault at a point. The points are those that the scenes below come to
when nothing happens. A pair is reached when its second cell strikes after its
first one in the same life; the scenes live through two rounds, so that whatever
comes first in a rotation can also come last.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from rotator.testing.fake_provider import FakeProviderWithoutMarks, FakeProviderWithTrail
from rotator.testing.wire import Failure
from tests.simulation import humans
from tests.simulation.campaign import play
from tests.simulation.consumers import EAGER
from tests.simulation.faults import (
    DISTURBING,
    JOURNAL,
    WIRE,
    Cell,
    Fault,
    can_strike,
    is_station,
)
from tests.simulation.points import EFFECTS, EXEMPT, PowerCut
from tests.simulation.scene import REALISTIC, Human, Scene, after, before
from tests.simulation.scenes import CLUSTER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.points import Point
    from tests.simulation.world import World

PATIENCE = timedelta(days=60)


def _pulls_the_plug(world: World) -> None:
    raise PowerCut("somebody pulled the plug")


def _loses(method: str) -> Human:
    def lose(world: World) -> None:
        world.wire.break_next(method.partition(".")[2], Failure.LOST_ANSWER)

    return Human(at=before(method), act=lose)


_TWICE = Scene(rotations=2, patience=PATIENCE)
_PLUG = Human(at=before("provider.verify"), act=_pulls_the_plug)
_BACK = Human(at=after("provider.disable_key"), act=humans.rolls_back_for_two_days)

PLAIN: dict[str, Scene] = {
    "twice": _TWICE,
    "cable": replace(_TWICE, humans=(_PLUG,)),
    "healed": replace(_TWICE, humans=(_BACK,)),
    "newcomer": replace(_TWICE, newcomer=True),
    "crowded": replace(
        _TWICE,
        rotations=3,
        newcomer=True,
        habits=replace(REALISTIC, max_keys=4),
        humans=(_PLUG, _BACK),
    ),
}
"""From the plainest on: a pair is played in the first scene that comes to both its points."""

LOSSY: dict[str, Scene] = {
    "lossy": replace(
        _TWICE, humans=tuple(_loses(name) for name in sorted(EFFECTS - {"provider.mark_key"}))
    ),
    "suspects": replace(
        _TWICE, provider=FakeProviderWithoutMarks, humans=(_loses("provider.create_key"),)
    ),
    "trail": replace(
        _TWICE, provider=FakeProviderWithTrail, humans=(_loses("provider.create_key"),)
    ),
}
"""Here something has happened already, so one more fault is the second or third one."""

MIRRORED: dict[str, Scene] = {"mirrored": replace(_TWICE, followers=2)}
"""For what only a credential with several places comes to."""

MOVED: dict[str, Scene] = {"moved": replace(_TWICE, named=CLUSTER, consumers=(EAGER,))}
"""For what only a credential with consumers in a cluster comes to."""

SCENES = {**PLAIN, **LOSSY, **MIRRORED, **MOVED}


@cache
def places(name: str) -> frozenset[Point]:
    """Name the points that a scene comes to."""
    reached = play(SCENES[name]).points.reached
    return frozenset(point for point in reached if point.name not in EXEMPT)


@cache
def cells() -> tuple[Cell, ...]:
    """List every cell: each fault at each point of any scene at which it can strike."""
    points = sorted({point for name in SCENES for point in places(name)})
    return tuple(
        Cell(fault, point) for fault in Fault for point in points if can_strike(fault, point)
    )


@cache
def paired() -> tuple[Cell, ...]:
    """List the cells whose ordered pairs are played.

    What happens to the process, on the wire and in the journal counts at every
    point; people, clocks and long outages count at the stations. Points that are
    only come to after a fault are left to the single cells.
    """
    primary = {point for name in PLAIN for point in places(name)}
    return tuple(
        cell
        for cell in cells()
        if cell.point in primary
        and (
            cell.fault is Fault.CUT
            or cell.fault in WIRE
            or cell.fault in JOURNAL
            or is_station(cell.point)
        )
    )


def pairs() -> Iterator[tuple[Cell, Cell]]:
    """Yield every ordered pair of the paired cells, a cell with itself included."""
    return ((first, second) for first in paired() for second in paired())


def homes(*wanted: Cell) -> list[str]:
    """Name the scenes that come to the points of all these cells, the plainest first."""
    points = {cell.point for cell in wanted}
    return [name for name in PLAIN if points <= places(name)]


def may_hold(wanted: tuple[Cell, ...]) -> bool:
    """Whether a hold with a reason is as good an end as a rotation."""
    return any(cell.fault in DISTURBING for cell in wanted)
