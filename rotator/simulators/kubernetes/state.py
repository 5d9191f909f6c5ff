"""The whole truth about the simulated cluster, for checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.simulators.kubernetes.controllers import settle
from rotator.simulators.kubernetes.resources import POD
from rotator.simulators.kubernetes.shapes import State

if TYPE_CHECKING:
    from rotator.simulators.kubernetes.world import World


def state_of(world: World) -> State:
    """Tell everything."""
    settle(world)
    objects = tuple(thing for _, thing in world.store.everything())
    environments = {
        f"{at.namespace}/{at.name}": world.lives[thing["metadata"]["uid"]].environment
        for at, thing in world.store.all(POD)
    }
    return State(now=world.now(), objects=objects, environments=environments)
