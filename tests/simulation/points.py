"""Every place where something can happen to us: before and after each call of a port.

The points are enumerated from the protocols themselves, so a method that is
added to a port has to be reached by the simulation, or be excused by name. A
commit of the journal is told apart by what it writes down.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from rotator.errors import RotatorError
from tests.simulation.wrapping import PORTS, methods, offered, remade

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.ports.journal import Change

    Call = Callable[[], object]
    Around = Callable[[Call], object]

PortT = TypeVar("PortT")

EXEMPT: dict[str, str] = {
    "provider.marks": "listings carry the marks; only a lost journal's recovery reads them alone",
    "provider.tags": "reads, and only in a scan",
    "provider.survey": "reads, and only in a scan",
    "destination.previous_key_id": "a lost journal's rebuild reads it, and no pass does",
    "destination.search": "reads, and only for the plan of adoption",
    "journal.due": "reads",
    "journal.hasten": "an operator's adoption calls it, and no pass over a credential",
    "journal.pauses": "reads",
    "journal.accounts": "reads",
    "journal.save_account": "people write it, and no pass over a credential",
    "journal.credentials": "reads",
    "journal.keys": "reads",
    "journal.rotations": "reads",
    "journal.events": "reads",
    "journal.append": "records of the daemon itself belong to no pass over a credential",
    "journal.unsealed": "reads, and the sealer is not in this world",
    "journal.seal": "the sealer is not in this world",
    "journal.head": "reads, and the sealer is not in this world",
    "journal.sealed_after": "reads, and the sealer is not in this world",
}

COMMIT = "journal.commit"
EFFECTS = frozenset(
    {
        "provider.create_key",
        "provider.delete_key",
        "provider.disable_key",
        "provider.enable_key",
        "provider.mark_key",
        "provider.grant",
        "destination.prepare",
        "destination.stage",
        "destination.promote",
        "destination.unstage",
        "consumers.refresh",
        "consumers.restart",
    }
)
"""Calls that change something at a vendor."""


class PowerCut(BaseException):
    """The process ends here; nothing may catch it but the world."""


class When(StrEnum):
    """On which side of a call."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """One side of one method, such as "before provider.create_key".

    Attributes:
        detail: For a commit: what it writes down, such as ``intent:create_key``.
    """

    name: str
    when: When
    detail: str = ""

    def __str__(self) -> str:
        what = f"({self.detail})" if self.detail else ""
        return f"{self.when.value} {self.name}{what}"

    @property
    def bare(self) -> Point:
        """The same side of the same method, whatever it is called with."""
        return Point(self.name, self.when)


class Director:
    """Decides what happens at a point; this one lets everything pass."""

    @property
    def is_done(self) -> bool:
        """Whether nothing more is going to happen, so that another round is not needed."""
        return False

    def at(self, number: int, point: Point) -> Around | None:
        """Let something happen now, and say how the call itself is to be made.

        Args:
            number: How many points the run has come to before.
            point: Where it is.

        Returns:
            What is to be done with the call, None to make it.

        Raises:
            PowerCut: The process ends here.
        """
        del number, point
        return None


def _nobody(point: Point) -> None:
    del point


@dataclass(slots=True)
class Points:
    """The points that a run came to, in order, and who decides what happens there."""

    director: Director = field(default_factory=Director)
    watch: Callable[[Point], None] = _nobody
    reached: list[Point] = field(default_factory=list)

    def come_to(self, point: Point) -> Around | None:
        """Count a point, let the watcher look, and let the director act."""
        number = len(self.reached)
        self.reached.append(point)
        self.watch(point)
        return self.director.at(number, point)


def expected() -> frozenset[Point]:
    """Enumerate every side of every method that a campaign must come to."""
    names = {
        f"{room}.{method}"
        for room, protocols in PORTS.items()
        for protocol in protocols
        for method in methods(protocol)
    }
    assert names >= EXEMPT.keys(), "an exemption names no method"
    return frozenset(Point(name, when) for name in names - EXEMPT.keys() for when in When)


def pointed(inner: PortT, room: str, points: Points) -> PortT:
    """Wrap an object so that each call of its ports has a point on both sides.

    The wrapper has exactly the methods of those protocols that the object
    implements, so that `isinstance` answers as it does for the object.
    """
    calls = {
        name: _calling(call, f"{room}.{name}", points)
        for name, call in offered(inner, room).items()
    }
    return remade(inner, room, calls)


def _calling(method: Callable[..., object], name: str, points: Points) -> Callable[..., object]:
    def call(*args: Any, **kwargs: object) -> object:  # noqa: ANN401 - any port's method
        detail = written(args[1]) if name == COMMIT else ""
        around = points.come_to(Point(name, When.BEFORE, detail))
        try:
            if around is None:
                result = method(*args, **kwargs)
            else:
                result = around(lambda: method(*args, **kwargs))
        except RotatorError:
            points.come_to(Point(name, When.AFTER, detail))
            raise
        points.come_to(Point(name, When.AFTER, detail))
        return result

    return call


def written(change: Change) -> str:
    """Say in a word what a commit writes down, as the history does."""
    if not change.events:
        return "rest"
    event = change.events[-1]
    return f"{event.kind}:{event.effect}" if event.effect else event.kind
