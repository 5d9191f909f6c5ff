"""The controllers of StatefulSets and DaemonSets: one pod for each number, or for each node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.simulators.kubernetes import writing
from rotator.simulators.kubernetes.pods import CONTROLLER, adopt, end, is_ending, pods_of, start
from rotator.simulators.kubernetes.rollouts import Running, revision_of, running, share_of

if TYPE_CHECKING:
    from rotator.simulators.kubernetes.resources import Address, Object
    from rotator.simulators.kubernetes.world import World

_HASH = "controller-revision-hash"
_ALWAYS = frozenset(
    {
        "collisionCount",
        "currentNumberScheduled",
        "desiredNumberScheduled",
        "numberMisscheduled",
        "numberReady",
        "replicas",
    }
)


class _Look:
    """One look at one workload."""

    def __init__(self, world: World, at: Address, thing: Object) -> None:
        self.world, self.at, self.thing, self.spec = world, at, thing, thing["spec"]
        self.revision = f"{at.name}-{revision_of(self.spec['template'])}"
        pods = [*pods_of(world, thing)]
        self.has_ending = any(is_ending(pod) for _, pod in pods)
        self.taken = {pod_at.name for pod_at, _ in pods}
        self.alive = running(world, pods, min_ready_seconds=self.spec.get("minReadySeconds", 0))
        self.updated = [pod for pod in self.alive if self.is_updated(pod)]

    def is_updated(self, pod: Running) -> bool:
        """Say whether a pod is of the latest template."""
        return bool(pod.thing["metadata"]["labels"].get(_HASH) == self.revision)

    @property
    def is_rolling(self) -> bool:
        """Say whether pods are replaced without being asked."""
        return bool(self.spec["updateStrategy"]["type"] == "RollingUpdate")

    @property
    def limits(self) -> Object:
        """Return the parameters of a rolling update."""
        found: Object = self.spec["updateStrategy"].get("rollingUpdate", {})
        return found

    def begin(self, name: str, template: Object, revision: str, node: str) -> None:
        """Start a pod."""
        start(self.world, name, template, owner=self.thing, labels={_HASH: revision}, node=node)

    def counted(self) -> tuple[int, int]:
        """Return how many pods are ready, and how many are available."""
        ready = sum(pod.is_ready for pod in self.alive)
        return ready, sum(pod.is_available for pod in self.alive)


def reconcile_stateful_set(world: World, at: Address, thing: Object) -> None:
    """Bring a StatefulSet one step nearer to what it should be.

    Pods start in the order of their numbers and are replaced in the reverse order, each
    when the one before is ready; those below the partition stay as they are.
    """
    adopt(world, thing)
    _move_stateful_set(_Look(world, at, thing))
    look = _Look(world, at, writing.existing(world, at))
    before, wanted = thing.get("status", {}), look.spec["replicas"]
    ready, available = look.counted()
    is_done = len(look.updated) == wanted == available
    former = before.get("currentRevision", look.revision)
    current = look.revision if is_done else former
    status = {
        "observedGeneration": look.thing["metadata"]["generation"],
        "replicas": len(look.alive),
        "readyReplicas": ready,
        "availableReplicas": available,
        "updatedReplicas": len(look.updated),
        "currentReplicas": sum(
            pod.thing["metadata"]["labels"].get(_HASH) == current for pod in look.alive
        ),
        "currentRevision": current,
        "updateRevision": look.revision,
        "collisionCount": 0,
    }
    writing.set_status(world, at, _told(status), CONTROLLER)


def _move_stateful_set(look: _Look) -> None:
    wanted, by_name = look.spec["replicas"], {pod.at.name: pod for pod in look.alive}
    names = [f"{look.at.name}-{number}" for number in range(wanted)]
    for pod in look.alive:
        if pod.at.name not in names:
            end(look.world, pod.at)
    is_ordered = look.spec["podManagementPolicy"] == "OrderedReady"
    for number, name in enumerate(names):
        if name not in look.taken:
            node = f"node-{number % look.world.settings.nodes + 1}"
            look.begin(name, look.spec["template"], look.revision, node)
        if is_ordered and not (name in by_name and by_name[name].is_available):
            return
    if not look.is_rolling or look.has_ending:
        return
    for name in reversed(names[look.limits.get("partition", 0) :]):
        if name in by_name and not look.is_updated(by_name[name]):
            end(look.world, by_name[name].at)
            return
        if name not in by_name or not by_name[name].is_available:
            return


def reconcile_daemon_set(world: World, at: Address, thing: Object) -> None:
    """Bring a DaemonSet one step nearer to what it should be."""
    _move_daemon_set(_Look(world, at, thing))
    look = _Look(world, at, writing.existing(world, at))
    nodes = world.settings.nodes
    ready, available = look.counted()
    status = {
        "observedGeneration": look.thing["metadata"]["generation"],
        "currentNumberScheduled": len(look.alive),
        "desiredNumberScheduled": nodes,
        "numberMisscheduled": 0,
        "numberReady": ready,
        "numberAvailable": available,
        "numberUnavailable": nodes - available,
        "updatedNumberScheduled": len(look.updated),
    }
    writing.set_status(world, at, _told(status), CONTROLLER)


def _told(status: Object) -> Object:
    """Leave out what is 0 and may be left out, as the API does."""
    return {field: value for field, value in status.items() if value or field in _ALWAYS}


def _move_daemon_set(look: _Look) -> None:
    nodes = [f"node-{number + 1}" for number in range(look.world.settings.nodes)]
    taken = {pod["spec"]["nodeName"]: pod for _, pod in pods_of(look.world, look.thing)}
    for node in nodes:
        if node not in taken:
            drawn = look.world.dice.base32(8).lower()[:5]
            look.begin(f"{look.at.name}-{drawn}", look.spec["template"], look.revision, node)
    if not look.is_rolling:
        return
    most = share_of(look.limits.get("maxUnavailable", 1), len(nodes), rounds_up=True)
    available = sum(pod.is_available for pod in look.alive)
    room = most - (len(nodes) - available)
    old = [pod for pod in look.alive if not look.is_updated(pod)]
    sick = [pod for pod in old if not pod.is_available]
    well = [pod for pod in old if pod.is_available][: max(0, room)]
    for pod in (*sick, *well):
        end(look.world, pod.at)
