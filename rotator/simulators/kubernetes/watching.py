"""Watches: what has changed since a resource version, and then the end of the stream.

A real server keeps the stream open until a timeout; a client comes back either way.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rotator.simulators.kubernetes.reading import as_told, selection
from rotator.simulators.messages import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.simulators.kubernetes.paths import Target
    from rotator.simulators.kubernetes.world import World

_PAUSE_SECONDS = 1
"""Real time, so that a client that comes back at once does not spin."""


def watched(world: World, target: Target, query: Mapping[str, str], *, is_partial: bool) -> Answer:
    """Tell what has changed since the resource version that the query names.

    Raises:
        RefusalError: A selector makes no sense.
    """
    wanted = selection(query)
    since = int(query.get("resourceVersion") or "0")
    rows = [
        {"type": event, "object": as_told(thing, target, is_partial=is_partial)}
        for event, at, thing in world.store.since(since)
        if at.kind == target.kind and target.namespace in ("", at.namespace) and wanted(at, thing)
    ]
    body = "".join(json.dumps(row) + "\n" for row in rows).encode()
    pause = 0 if rows else _PAUSE_SECONDS
    return Answer(status=200, content_type="application/json", body=body, delay_seconds=pause)
