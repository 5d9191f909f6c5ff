"""The Secrets Store CSI driver: what each pod has mounted, and of which version.

It reports when a pod is mounted. New versions are looked for only where its rotation is
switched on, which it is not by default.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import yaml

from rotator.simulators.kubernetes import writing
from rotator.simulators.kubernetes.authors import Author
from rotator.simulators.kubernetes.pods import is_ending
from rotator.simulators.kubernetes.resources import POD, POD_STATUS, PROVIDER_CLASS, Address

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rotator.simulators.kubernetes.resources import Object
    from rotator.simulators.kubernetes.world import World

_DRIVER = "secrets-store.csi.k8s.io"
_VERSION = f"{POD_STATUS.group}/v1"
_AUTHOR = Author(name="secrets-store-csi-driver", operation="Update", api_version=_VERSION)


def report(world: World) -> None:
    """Report new mounts; look for new versions where the time for it has come."""
    looks = _is_due(world)
    if looks:
        world.polled_at = world.now()
    for at, pod in [*world.store.all(POD)]:
        if not is_ending(pod):
            for name in _classes(pod):
                _report_one(world, at, pod, name, looks=looks)


def next_look(world: World) -> Iterator[datetime]:
    """Yield when the driver looks for new versions, if it ever does."""
    every = world.settings.csi_rotation_seconds
    if every is not None:
        yield world.polled_at + timedelta(seconds=every)


def _is_due(world: World) -> bool:
    return any(moment <= world.now() for moment in next_look(world))


def _classes(pod: Object) -> Iterator[str]:
    for volume in pod["spec"].get("volumes") or []:
        source = volume.get("csi") or {}
        if source.get("driver") == _DRIVER:
            yield source["volumeAttributes"]["secretProviderClass"]


def _report_one(world: World, pod_at: Address, pod: Object, name: str, *, looks: bool) -> None:
    at = Address(POD_STATUS, pod_at.namespace, f"{pod_at.name}-{pod_at.namespace}-{name}")
    old = world.store.get(at)
    wanted = world.store.get(Address(PROVIDER_CLASS, pod_at.namespace, name))
    if wanted is None or (old is not None and not looks):
        return
    status = {
        "podName": pod_at.name,
        "secretProviderClassName": name,
        "mounted": True,
        "targetPath": f"/var/lib/kubelet/pods/{pod['metadata']['uid']}/volumes/secrets/mount",
        "objects": _objects(world, wanted),
    }
    if old is not None:
        writing.replace(world, at, {**old, "status": status}, _AUTHOR)
        return
    reference = {"apiVersion": "v1", "kind": "Pod", "name": pod_at.name}
    metadata = {
        "name": at.name,
        "labels": {"internal.secrets-store.csi.k8s.io/node-name": pod["spec"].get("nodeName", "")},
        "ownerReferences": [{**reference, "uid": pod["metadata"]["uid"]}],
    }
    thing = {"apiVersion": _VERSION, "kind": POD_STATUS.name, "metadata": metadata}
    writing.create(world, at, {**thing, "status": status}, _AUTHOR)


def _objects(world: World, wanted: Object) -> list[Object]:
    text = wanted["spec"].get("parameters", {}).get("objects", "")
    entries: list[dict[str, Any]] = yaml.safe_load(text) or []
    told = []
    for entry in entries:
        found = world.remote(entry["objectName"])
        if found is not None:
            name = entry.get("objectAlias") or entry["objectName"]
            told.append({"id": name.replace("/", "_"), "version": found.version})
    return told
