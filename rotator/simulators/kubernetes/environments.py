"""What containers are given from Secrets when they start, as a kubelet does it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from rotator.simulators.kubernetes.resources import SECRET, Address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.simulators.kubernetes.resources import Object
    from rotator.simulators.kubernetes.world import World


def environment_of(world: World, namespace: str, spec: Object) -> dict[str, str]:
    """Return the variables of a pod's containers that come from Secrets."""
    found: dict[str, str] = {}
    for container in spec.get("containers", []):
        for source in container.get("envFrom") or []:
            prefix, name = source.get("prefix", ""), source.get("secretRef", {}).get("name")
            data = _data(world, namespace, name)
            found.update({f"{prefix}{key}": value for key, value in data.items()})
        found.update(_named(world, namespace, container))
    return found


def _named(world: World, namespace: str, container: Object) -> Iterator[tuple[str, str]]:
    for variable in container.get("env") or []:
        wanted = variable.get("valueFrom", {}).get("secretKeyRef")
        if wanted is None:
            continue
        data = _data(world, namespace, wanted["name"])
        if wanted["key"] in data:
            yield variable["name"], data[wanted["key"]]


def _data(world: World, namespace: str, name: str | None) -> dict[str, str]:
    thing = world.store.get(Address(SECRET, namespace, name or ""))
    data: dict[str, str] = (thing or {}).get("data") or {}
    return {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}
