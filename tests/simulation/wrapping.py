"""Putting something between the shell and a port: points, clocks, mutants."""

from __future__ import annotations

import inspect
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from rotator.ports.consumers import Consumers
from rotator.ports.destination import (
    CanReadBack,
    CanReadHistory,
    CanReadVersions,
    CanSearch,
    Destination,
)
from rotator.ports.journal import Journal
from rotator.ports.provider import (
    CanDisable,
    CanKeepGrants,
    CanMark,
    CanReadTags,
    CanReportUse,
    CanSurvey,
    CanTellMinter,
    CanTellOwn,
    CanTellPeople,
    KeyProvider,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PortT = TypeVar("PortT")

PORTS: dict[str, tuple[type, ...]] = {
    "provider": (
        KeyProvider,
        CanDisable,
        CanReportUse,
        CanMark,
        CanTellPeople,
        CanTellMinter,
        CanReadTags,
        CanSurvey,
        CanKeepGrants,
        CanTellOwn,
    ),
    "destination": (Destination, CanReadBack, CanReadVersions, CanReadHistory, CanSearch),
    "consumers": (Consumers,),
    "journal": (Journal,),
}


LIMITED = frozenset(
    {
        "create_key",
        "delete_key",
        "disable_key",
        "enable_key",
        "grant",
        "prepare",
        "stage",
        "promote",
        "unstage",
        "refresh",
        "restart",
    }
)
"""Methods that take `not_after`."""


@cache
def methods(protocol: type) -> frozenset[str]:
    """Name a protocol's public methods."""
    return frozenset(
        name
        for name, _ in inspect.getmembers(protocol, inspect.isfunction)
        if not name.startswith("_")
    )


def offered(inner: object, room: str) -> Mapping[str, Callable[..., object]]:
    """Collect the methods of those protocols of a room that an object implements."""
    return {
        name: getattr(inner, name)
        for protocol in PORTS[room]
        if all(hasattr(inner, name) for name in methods(protocol))
        for name in methods(protocol)
    }


def remade(inner: PortT, room: str, calls: Mapping[str, Callable[..., object]]) -> PortT:
    """Make an object with exactly these methods, so that `isinstance` sees no other port."""
    members: dict[str, object] = {name: staticmethod(call) for name, call in calls.items()}
    if room == "provider":
        members["traits"] = property(lambda _: inner.traits)  # type: ignore[attr-defined]
    made: Any = type(f"Remade{type(inner).__name__}", (), members)()
    return made  # type: ignore[no-any-return]


def overriding(inner: PortT, room: str, **calls: Callable[..., object]) -> PortT:
    """Put some methods in place of an object's own; the others stay."""
    return remade(inner, room, {**offered(inner, room), **calls})
