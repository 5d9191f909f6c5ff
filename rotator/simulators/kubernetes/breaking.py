"""Workloads that break, when the control endpoint says so."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.simulators.kubernetes.controllers import settle

if TYPE_CHECKING:
    from rotator.simulators.kubernetes.shapes import BrokenWorkload
    from rotator.simulators.kubernetes.world import World


def set_broken(world: World, wanted: BrokenWorkload) -> None:
    """Break a workload, or mend it."""
    settle(world)
    owner = (wanted.kind, wanted.namespace, wanted.name)
    if wanted.is_broken:
        world.broken.add(owner)
    else:
        world.broken.discard(owner)
    for life in world.lives.values():
        if life.owner != owner:
            continue
        if not wanted.is_broken and life.crashes:
            life.crashes = False
            life.begins_at = world.now() + timedelta(seconds=world.settings.pod_start_seconds)
        elif wanted.is_broken and (wanted.falls or life.ready_since is None):
            life.crashes = True
    settle(world)
