"""What the controllers of all workloads share."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from math import ceil, floor
from typing import TYPE_CHECKING, NamedTuple

from rotator.simulators.kubernetes.pods import is_ending, is_ready

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from rotator.simulators.kubernetes.resources import Address, Object
    from rotator.simulators.kubernetes.world import World


class Running(NamedTuple):
    """A pod of a workload that nobody has deleted."""

    at: Address
    thing: Object
    is_ready: bool
    is_available: bool


def revision_of(template: Object) -> str:
    """Return the hash by which pods of a template are told from others."""
    text = json.dumps(template, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def running(
    world: World, pods: Iterable[tuple[Address, Object]], *, min_ready_seconds: float
) -> list[Running]:
    """Return the pods that nobody has deleted."""
    return [
        Running(
            at=at,
            thing=thing,
            is_ready=is_ready(world, thing),
            is_available=is_ready(world, thing, for_seconds=min_ready_seconds),
        )
        for at, thing in pods
        if not is_ending(thing)
    ]


def share_of(value: int | str, whole: int, *, rounds_up: bool) -> int:
    """Return a number that may be written as a percentage of another."""
    if isinstance(value, int):
        return value
    share = whole * int(value.removesuffix("%")) / 100
    return ceil(share) if rounds_up else floor(share)


def condition(
    world: World, before: Object, kind: str, *, status: str, reason: str, message: str
) -> Object:
    """Return a condition, with the times of the former one where they still hold."""
    found = (c for c in before.get("conditions", []) if c["type"] == kind)
    old: Object = next(found, {})
    is_same = old.get("status") == status
    is_equal = is_same and old.get("reason") == reason
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": old["lastTransitionTime"] if is_same else world.stamp(),
        "lastUpdateTime": old["lastUpdateTime"] if is_equal else world.stamp(),
    }


def has_been_seen(world: World, thing: Object) -> bool:
    """Say whether its controller sees an object's latest specification yet."""
    metadata = thing["metadata"]
    if thing.get("status", {}).get("observedGeneration") == metadata["generation"]:
        return True
    key = f"{metadata['uid']}/{metadata['generation']}"
    lag = timedelta(seconds=world.settings.controller_lag_seconds)
    return world.seen_at.setdefault(key, world.now() + lag) <= world.now()


def note_move(world: World, uid: str, *, has_moved: bool) -> datetime:
    """Return when a rollout last moved."""
    if has_moved or uid not in world.moved_at:
        world.moved_at[uid] = world.now()
    return world.moved_at[uid]
