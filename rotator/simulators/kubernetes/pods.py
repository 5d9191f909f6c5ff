"""Pods: they start, become ready or crash, and end, in simulated time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rotator.simulators.kubernetes import writing
from rotator.simulators.kubernetes.authors import Author
from rotator.simulators.kubernetes.environments import environment_of
from rotator.simulators.kubernetes.resources import POD, Address
from rotator.simulators.kubernetes.world import as_stamp, from_stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.simulators.kubernetes.resources import Object
    from rotator.simulators.kubernetes.world import World

CONTROLLER, KUBELET = "kube-controller-manager", "kubelet"


@dataclass(slots=True, kw_only=True)
class Life:
    """What a pod does not say of itself.

    Attributes:
        begins_at: From when its containers run, or crash.
        owner: The workload that it belongs to, as kind, namespace, name.
        crashes: It does not become ready.
        ready_since: When it became ready; None while it is not.
        gone_at: When it will have ended; None while nobody has deleted it.
        settles_after: How long it must be ready until it counts as available.
        environment: What its containers were given from Secrets when they started.
    """

    begins_at: datetime
    owner: tuple[str, str, str]
    crashes: bool = False
    ready_since: datetime | None = None
    gone_at: datetime | None = None
    settles_after: timedelta = timedelta(0)
    environment: dict[str, str] = field(default_factory=dict)


def start(
    world: World,
    name: str,
    template: Object,
    *,
    owner: Object,
    labels: dict[str, str],
    node: str,
) -> None:
    """Create a pod from a template.

    Args:
        world: Where.
        name: The pod's.
        template: The workload's.
        owner: The object that controls the pod.
        labels: Those beside the template's.
        node: Where it runs.
    """
    meta, namespace = template.get("metadata", {}), owner["metadata"]["namespace"]
    metadata = {
        "name": name,
        "namespace": namespace,
        "labels": {**meta.get("labels", {}), **labels},
        "annotations": dict(meta.get("annotations") or {}),
        "ownerReferences": [reference_to(owner)],
    }
    thing = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {**template["spec"], "nodeName": node},
    }
    author = Author(name=CONTROLLER, operation="Update", api_version="v1")
    writing.create(world, Address(POD, namespace, name), thing, author)


def reference_to(owner: Object) -> Object:
    """Return what says that an object is controlled by another."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def pods_of(world: World, owner: Object) -> Iterator[tuple[Address, Object]]:
    """Yield the pods that an object controls, ending ones too."""
    uid = owner["metadata"]["uid"]
    for at, thing in world.store.all(POD, owner["metadata"]["namespace"]):
        if any(ref["uid"] == uid for ref in thing["metadata"].get("ownerReferences", [])):
            yield at, thing


def adopt(world: World, owner: Object) -> None:
    """Let an object take over the pods that it selects and that nobody controls."""
    wanted = owner["spec"]["selector"].get("matchLabels", {}).items()
    for at, pod in [*world.store.all(POD, owner["metadata"]["namespace"])]:
        metadata = pod["metadata"]
        if not metadata.get("ownerReferences") and wanted <= metadata.get("labels", {}).items():
            taken = {**metadata, "ownerReferences": [reference_to(owner)]}
            world.store.put(at, {**pod, "metadata": taken})


def is_ending(pod: Object) -> bool:
    """Say whether somebody has deleted a pod."""
    return "deletionTimestamp" in pod["metadata"]


def is_ready(world: World, pod: Object, *, for_seconds: float = 0) -> bool:
    """Say whether a pod has been ready for so long."""
    life = world.lives.get(pod["metadata"]["uid"])
    if life is None or life.ready_since is None:
        return False
    life.settles_after = timedelta(seconds=for_seconds)
    return not for_seconds or life.ready_since + life.settles_after <= world.now()


def end(world: World, at: Address) -> None:
    """Delete a pod, as a controller does; it is gone after its stop time."""
    writing.delete(world, at, {})


def live(world: World) -> None:
    """Let every pod do what its time has come for."""
    for at, thing in [*world.store.all(POD)]:
        _live_one(world, at, thing)
    known = {thing["metadata"]["uid"] for _, thing in world.store.all(POD)}
    for uid in [uid for uid in world.lives if uid not in known]:
        del world.lives[uid]


def _is_errand(pod: Object) -> bool:
    """Say whether a pod is to end by itself."""
    return str(pod["spec"].get("restartPolicy", "Always")) != "Always"


def next_change(world: World) -> Iterator[datetime]:
    """Yield the instants at which a pod will do something."""
    for life in world.lives.values():
        if life.gone_at is not None:
            yield life.gone_at
        elif life.ready_since is None and not life.crashes:
            yield life.begins_at
        elif life.ready_since is not None and life.settles_after:
            yield life.ready_since + life.settles_after


def _live_one(world: World, at: Address, thing: Object) -> None:
    settings, now = world.settings, world.now()
    life = world.lives.get(thing["metadata"]["uid"])
    if life is None:
        born = from_stamp(thing["metadata"]["creationTimestamp"])
        owner = _workload_of(at, thing)
        life = Life(
            begins_at=max(born, now) + timedelta(seconds=settings.pod_start_seconds),
            owner=owner,
            crashes=owner in world.broken,
            environment=environment_of(world, at.namespace, thing["spec"]),
        )
        world.lives[thing["metadata"]["uid"]] = life
        writing.set_status(world, at, _status(world, thing, life), KUBELET)
    if is_ending(thing):
        if life.gone_at is None:
            life.gone_at = now + timedelta(seconds=settings.pod_stop_seconds)
            life.ready_since = None
            writing.set_status(world, at, _status(world, thing, life), KUBELET)
        if life.gone_at <= now:
            writing.remove(world, at, thing)
    elif life.crashes:
        life.ready_since = None
        writing.set_status(world, at, _status(world, thing, life), KUBELET)
    elif life.ready_since is None and life.begins_at <= now:
        life.ready_since = now
        writing.set_status(world, at, _status(world, thing, life), KUBELET)


def _workload_of(at: Address, pod: Object) -> tuple[str, str, str]:
    """Return the workload of a pod; a Deployment's pods are owned by its ReplicaSets."""
    references = pod["metadata"].get("ownerReferences", [])
    if not references:
        return ("Pod", at.namespace, at.name)
    kind, name = references[0]["kind"], references[0]["name"]
    if kind == "ReplicaSet":
        kind, name = "Deployment", name.rpartition("-")[0]
    return (kind, at.namespace, name)


def _status(world: World, pod: Object, life: Life) -> Object:
    is_up = life.ready_since is not None
    before = pod.get("status", {})
    wanted = {"PodScheduled": True, "Initialized": True, "ContainersReady": is_up, "Ready": is_up}
    conditions = [_condition(world, before, kind, is_met) for kind, is_met in wanted.items()]
    containers = [
        {
            "name": container["name"],
            "image": container.get("image", ""),
            "imageID": "",
            "ready": is_up,
            "started": is_up,
            "restartCount": 1 if life.crashes else 0,
            "state": _container_state(life),
        }
        for container in pod["spec"].get("containers", [])
    ]
    phase = "Running" if is_up or life.crashes else "Pending"
    if phase == "Running" and _is_errand(pod):
        phase = "Failed" if life.crashes else "Succeeded"
    return {
        "phase": phase,
        "startTime": before.get("startTime") or pod["metadata"]["creationTimestamp"],
        "conditions": conditions,
        "containerStatuses": containers,
    }


def _container_state(life: Life) -> Object:
    if life.ready_since is not None:
        return {"running": {"startedAt": as_stamp(life.ready_since)}}
    return {"waiting": {"reason": "CrashLoopBackOff" if life.crashes else "ContainerCreating"}}


def _condition(world: World, before: Object, kind: str, is_met: bool) -> Object:  # noqa: FBT001 - a value
    status = "True" if is_met else "False"
    old = next((c for c in before.get("conditions", []) if c["type"] == kind), None)
    since = old["lastTransitionTime"] if old and old["status"] == status else world.stamp()
    return {"type": kind, "status": status, "lastTransitionTime": since}
