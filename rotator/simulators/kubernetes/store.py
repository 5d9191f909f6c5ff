"""The objects, each at one version; whoever has one in hand must not change it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.simulators.kubernetes.resources import Address, Kind, Object

Event = Literal["ADDED", "MODIFIED", "DELETED"]
_EVENTS_KEPT = 10_000


class Store:
    """Objects by address, with resource versions from one counter, as etcd's revision is."""

    def __init__(self) -> None:
        """Start empty."""
        self._objects: dict[Address, Object] = {}
        self._events: deque[tuple[int, Event, Address, Object]] = deque(maxlen=_EVENTS_KEPT)
        self.revision = 1000

    def get(self, at: Address) -> Object | None:
        """Return an object; None when there is none."""
        return self._objects.get(at)

    def all(self, kind: Kind, namespace: str = "") -> Iterator[tuple[Address, Object]]:
        """Yield the objects of a kind, of one namespace or of all, in the order of their keys."""
        found = [at for at in self._objects if at.kind == kind]
        for at in sorted(found, key=lambda at: (at.namespace, at.name)):
            if namespace in ("", at.namespace):
                yield at, self._objects[at]

    def everything(self) -> tuple[tuple[Address, Object], ...]:
        """Return all objects."""
        return tuple(self._objects.items())

    def put(self, at: Address, thing: Object) -> Object:
        """Keep an object; return it with its resource version.

        An object that is no different keeps its version.
        """
        before = self._objects.get(at)
        if before is not None and _content(before) == _content(thing):
            return before
        kept = self._dated(thing)
        self._objects[at] = kept
        event: Event = "ADDED" if before is None else "MODIFIED"
        self._events.append((self.revision, event, at, kept))
        return kept

    def drop(self, at: Address) -> None:
        """Forget an object."""
        last = self._dated(self._objects.pop(at))
        self._events.append((self.revision, "DELETED", at, last))

    def since(self, revision: int) -> Iterator[tuple[Event, Address, Object]]:
        """Yield what has happened after a revision, oldest first."""
        for happened, event, at, thing in self._events:
            if happened > revision:
                yield event, at, thing

    def _dated(self, thing: Object) -> Object:
        self.revision += 1
        metadata = {**thing["metadata"], "resourceVersion": str(self.revision)}
        return {**thing, "metadata": metadata}


def _content(thing: Object) -> Object:
    # Times of ownership alone are no change, as the real server sees to.
    metadata = {k: v for k, v in thing["metadata"].items() if k != "resourceVersion"}
    entries = metadata.get("managedFields", [])
    timeless = [{k: v for k, v in entry.items() if k != "time"} for entry in entries]
    return {**thing, "metadata": {**metadata, "managedFields": timeless}}
