"""A backup at one point, the end of the process at a later one, and the backup put back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tests.simulation.faults import Cell, Fault
from tests.simulation.matrix import PATIENCE
from tests.simulation.points import EXEMPT, Director, PowerCut
from tests.simulation.scenes import SCENES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.points import Around, Point
    from tests.simulation.scene import Scene
    from tests.simulation.world import World

THRICE: dict[str, Scene] = {
    name: replace(SCENES[name], rotations=3, patience=PATIENCE)
    for name in ("plain", "without-marks", "merging")
}
"""Long enough for a backup to be one or two rotations old."""

BEHIND = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233)
"""How many points later the journal is lost: from one call to two whole rotations."""


@dataclass(slots=True)
class Backup(Director):
    """Makes the last backup at one point, and goes back to it at a later one.

    Attributes:
        made: The number of the point of the backup.
        lost: The number of the point at which the journal is lost.
        struck: What happened.
    """

    made: int
    lost: int
    struck: list[Cell] = field(default_factory=list)
    world: World | None = None

    def at(self, number: int, point: Point) -> Around | None:
        """Make the backup, or lose the journal, if it is time."""
        if self.world is None:
            return None
        if number == self.made:
            self.world.last_backup()
        if number == self.lost:
            self.struck.append(Cell(Fault.JOURNAL_RESTORED, point))
            self.world.disturbed()
            self.world.restore()
            raise PowerCut("the journal's volume is gone")
        return None


def plans(reached: list[Point], behind: int) -> Iterator[tuple[int, int]]:
    """Name the points of a backup and of the loss, so far behind, wherever the latter counts."""
    for lost in range(behind, len(reached)):
        if reached[lost].name not in EXEMPT:
            yield lost - behind, lost
