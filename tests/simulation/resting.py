"""When a life may go on to its next round, and when it is over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.rotation import Role

if TYPE_CHECKING:
    from tests.simulation.world import World

HELD_FOR_LONG = timedelta(days=1)
"""A hold of this length may last; the next round need not wait for it."""

HELD_FOR_GOOD = timedelta(days=9)
"""A hold of this length, with nobody acting, is how the life ends."""


def is_held_for_good(world: World) -> bool:
    """Whether nothing but holds is left, and they have lasted with nobody acting."""
    now, credentials = world.clock.now(), world.book.credentials()
    if world.later or world.orders_left or now - world.acted_at < HELD_FOR_GOOD:
        return False
    held = {item.id for item in credentials if item.hold and now - item.hold.since > HELD_FOR_GOOD}
    is_moving = any(
        item.is_open and item.credential_id not in held for item in world.book.rotations()
    )
    is_watched = any(item.role is Role.SUSPECT for item in world.book.keys())
    return bool(held) and not is_moving and not is_watched


def may_go_on(world: World) -> bool:
    """Whether the next round may begin: nothing goes on but holds, which may last."""
    now, credentials = world.clock.now(), world.book.credentials()
    held = {
        item.id
        for item in credentials
        if item.hold and now - max(item.hold.since, world.acted_at) > HELD_FOR_LONG
    }
    begun = {item.credential_id for item in world.book.rotations()} | held
    # After a restore the journal may know of none, and only what it adopted.
    begun |= {item.id for item in credentials if item.current_key_id and world.restores}
    is_busy = any(
        item.is_open and item.credential_id not in held for item in world.book.rotations()
    )
    is_waited_for = any(item.requested and item.id not in held for item in credentials)
    return (
        bool(credentials)
        and len(begun) == len(credentials)
        and not (is_busy or is_waited_for or world.later)
    )


def is_idle(world: World) -> bool:
    """Whether every credential was rotated, and nothing is open, held or watched."""
    rotations, credentials = world.book.rotations(), world.book.credentials()
    return (
        bool(credentials)
        and len({item.credential_id for item in rotations}) == len(credentials)
        and not any(item.is_open for item in rotations)
        and not any(item.role is Role.SUSPECT for item in world.book.keys())
        and not any(item.hold or item.requested for item in credentials)
    )
