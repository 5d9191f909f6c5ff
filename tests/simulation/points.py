"""Every place where the power can fail: before and after each call of a port.

The points are enumerated from the protocols themselves, so a method that is
added to a port has to be reached by the simulation, or be excused by name.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from rotator.errors import RotatorError
from rotator.ports.destination import CanReadBack, Destination
from rotator.ports.journal import Journal
from rotator.ports.provider import (
    CanDisable,
    CanMark,
    CanReportUse,
    CanTellPeople,
    KeyProvider,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PortT = TypeVar("PortT")

PORTS: dict[str, tuple[type, ...]] = {
    "provider": (KeyProvider, CanDisable, CanReportUse, CanMark, CanTellPeople),
    "destination": (Destination, CanReadBack),
    "journal": (Journal,),
}

EXEMPT: dict[str, str] = {
    "provider.marks": "listings carry the marks; only a lost journal's recovery reads them alone",
    "journal.due": "reads",
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


class PowerCut(BaseException):
    """The process ends here; nothing may catch it but the world."""


class When(StrEnum):
    """On which side of a call."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """One side of one method, such as "before provider.create_key"."""

    name: str
    when: When

    def __str__(self) -> str:
        return f"{self.when.value} {self.name}"


def _nobody(point: Point) -> None:
    del point


@dataclass(slots=True)
class Points:
    """The points that a run came to, in order, and where it is cut."""

    cuts: frozenset[int] = frozenset()
    reached: list[Point] = field(default_factory=list)
    cut: list[Point] = field(default_factory=list)
    watch: Callable[[Point], None] = _nobody

    def come_to(self, point: Point) -> None:
        """Count a point, let the watcher look, and cut the power if it is time."""
        number = len(self.reached)
        self.reached.append(point)
        self.watch(point)
        if number in self.cuts:
            self.cut.append(point)
            raise PowerCut(str(point))


@cache
def methods(protocol: type) -> frozenset[str]:
    """Name a protocol's public methods."""
    return frozenset(
        name
        for name, _ in inspect.getmembers(protocol, inspect.isfunction)
        if not name.startswith("_")
    )


def expected() -> frozenset[Point]:
    """Enumerate every point that a sweep must cut at."""
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
    protocols = [item for item in PORTS[room] if _implements(inner, item)]
    members: dict[str, object] = {
        name: _calling(getattr(inner, name), f"{room}.{name}", points)
        for protocol in protocols
        for name in methods(protocol)
    }
    if room == "provider":
        members["traits"] = property(lambda _: inner.traits)  # type: ignore[attr-defined]
    made: Any = type(f"Pointed{type(inner).__name__}", (), members)()
    return made  # type: ignore[no-any-return]


def _implements(inner: object, protocol: type) -> bool:
    return all(hasattr(inner, name) for name in methods(protocol))


def _calling(method: Callable[..., object], name: str, points: Points) -> object:
    def call(*args: object, **kwargs: object) -> object:
        points.come_to(Point(name, When.BEFORE))
        try:
            result = method(*args, **kwargs)
        except RotatorError:
            points.come_to(Point(name, When.AFTER))
            raise
        points.come_to(Point(name, When.AFTER))
        return result

    return staticmethod(call)
