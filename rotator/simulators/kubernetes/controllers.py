"""The controllers, which do their work up to the present whenever somebody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.simulators.kubernetes import (
    claims,
    deployments,
    external_secrets,
    mounts,
    ordered_sets,
    pods,
)
from rotator.simulators.kubernetes.resources import DAEMON_SET, DEPLOYMENT, STATEFUL_SET
from rotator.simulators.kubernetes.rollouts import has_been_seen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rotator.simulators.kubernetes.world import World

_RECONCILE = {
    DEPLOYMENT: deployments.reconcile,
    STATEFUL_SET: ordered_sets.reconcile_stateful_set,
    DAEMON_SET: ordered_sets.reconcile_daemon_set,
}
_MOST_ROUNDS = 1000
"""At one instant; more means that controllers contradict each other."""


def settle(world: World) -> None:
    """Let controllers do what they would have done by now, each thing at its own instant."""
    until = world.now()
    while (moment := _next_moment(world)) is not None and moment <= until:
        with world.held_at(moment):
            _work(world)
        world.settled_at = moment
    _work(world)
    world.settled_at = until


def _next_moment(world: World) -> datetime | None:
    later = (moment for moment in _moments(world) if moment > world.settled_at)
    return min(later, default=None)


def _moments(world: World) -> Iterator[datetime]:
    """Yield the instants at which something happens, whether they have passed or not."""
    yield from pods.next_change(world)
    yield from world.seen_at.values()
    yield from deployments.next_deadline(world)
    yield from external_secrets.next_sync(world)
    yield from mounts.next_look(world)


def _work(world: World) -> None:
    """Do all that can be done at this instant."""
    for _ in range(_MOST_ROUNDS):
        revision = world.store.revision
        pods.live(world)
        for kind, reconcile in _RECONCILE.items():
            for at, _ in [*world.store.all(kind)]:
                thing = world.store.get(at)
                if thing is not None and has_been_seen(world, thing):
                    reconcile(world, at, thing)
        claims.bind(world)
        external_secrets.sync(world)
        mounts.report(world)
        if world.store.revision == revision:
            return
    msg = f"the simulated controllers do not come to rest at {world.now()}"
    raise RuntimeError(msg)
