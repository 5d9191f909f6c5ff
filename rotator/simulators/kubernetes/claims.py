"""Volumes: every claim is bound at once, and StatefulSets make theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.simulators.kubernetes import writing
from rotator.simulators.kubernetes.authors import Author
from rotator.simulators.kubernetes.pods import CONTROLLER
from rotator.simulators.kubernetes.resources import CLAIM, STATEFUL_SET, Address

if TYPE_CHECKING:
    from rotator.simulators.kubernetes.resources import Object
    from rotator.simulators.kubernetes.world import World

_AUTHOR = Author(name=CONTROLLER, operation="Update", api_version="v1")


def bind(world: World) -> None:
    """Make the claims that are missing, and bind those that are not bound.

    A claim outlives its StatefulSet, as it does by default.
    """
    for at, thing in [*world.store.all(STATEFUL_SET)]:
        for template in thing["spec"].get("volumeClaimTemplates") or []:
            for number in range(thing["spec"]["replicas"]):
                name = f"{template['metadata']['name']}-{at.name}-{number}"
                _ensure(world, Address(CLAIM, at.namespace, name), template)
    for at, _ in [*world.store.all(CLAIM)]:
        writing.set_status(world, at, {"phase": "Bound"}, CONTROLLER)


def _ensure(world: World, at: Address, template: Object) -> None:
    if world.store.get(at) is None:
        metadata = {**template["metadata"], "name": at.name}
        thing = {**template, "apiVersion": "v1", "kind": CLAIM.name, "metadata": metadata}
        writing.create(world, at, thing, _AUTHOR)
