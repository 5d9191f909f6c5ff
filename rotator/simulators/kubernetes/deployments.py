"""The controller of Deployments: ReplicaSets, surges, revisions, deadlines."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.simulators.kubernetes import writing
from rotator.simulators.kubernetes.authors import Author
from rotator.simulators.kubernetes.pods import (
    CONTROLLER,
    end,
    is_ending,
    pods_of,
    reference_to,
    start,
)
from rotator.simulators.kubernetes.resources import DEPLOYMENT, REPLICA_SET, Address
from rotator.simulators.kubernetes.rollouts import (
    Running,
    condition,
    note_move,
    revision_of,
    running,
    share_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rotator.simulators.kubernetes.resources import Object
    from rotator.simulators.kubernetes.world import World

_REVISION = "deployment.kubernetes.io/revision"
_HASH = "pod-template-hash"


class _Rollout:
    """One look at one Deployment."""

    def __init__(self, world: World, at: Address, thing: Object) -> None:
        self.world, self.at, self.thing, self.spec = world, at, thing, thing["spec"]
        self.wanted: int = self.spec["replicas"]
        self.is_paused = bool(self.spec.get("paused"))
        self.sets = self._sets()
        self.current = self._current()
        pods = [pair for owner in self.sets for pair in pods_of(world, owner)]
        self.ending = [pair for pair in pods if is_ending(pair[1])]
        alive = running(world, pods, min_ready_seconds=self.spec.get("minReadySeconds", 0))
        self.new = [pod for pod in alive if self._is_new(pod)]
        self.old = [pod for pod in alive if not self._is_new(pod)]

    def _sets(self) -> list[Object]:
        uid = self.thing["metadata"]["uid"]
        found = [
            thing
            for _, thing in self.world.store.all(REPLICA_SET, self.at.namespace)
            if any(ref["uid"] == uid for ref in thing["metadata"].get("ownerReferences", []))
        ]
        return sorted(found, key=_revision)

    def _current(self) -> Object:
        if self.is_paused and self.sets:
            return self.sets[-1]
        wanted = revision_of(self.spec["template"])
        found = next((s for s in self.sets if s["metadata"]["labels"][_HASH] == wanted), None)
        if found is None:
            found = self._create_set(wanted)
            self.sets.append(found)
        elif found is not self.sets[-1]:
            found = self._annotate(_address(found), found, _revision(self.sets[-1]) + 1)
            self.sets = self._sets()
        self._annotate(self.at, self.thing, _revision(found))
        return found

    def _create_set(self, revision: str) -> Object:
        template, meta = self.spec["template"], self.spec["template"].get("metadata", {})
        labels = {**meta.get("labels", {}), _HASH: revision}
        name = f"{self.at.name}-{revision}"
        number = _revision(self.sets[-1]) + 1 if self.sets else 1
        thing = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": name,
                "labels": labels,
                "annotations": {_REVISION: str(number)},
                "ownerReferences": [reference_to(self.thing)],
            },
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": labels},
                "template": {**template, "metadata": {**meta, "labels": labels}},
            },
        }
        at = Address(REPLICA_SET, self.at.namespace, name)
        return writing.create(self.world, at, thing, _AUTHOR)

    def _annotate(self, at: Address, thing: Object, revision: int) -> Object:
        if thing["metadata"].get("annotations", {}).get(_REVISION) == str(revision):
            return thing
        patch = {"metadata": {"annotations": {_REVISION: str(revision)}}}
        return writing.merge(self.world, at, patch, _AUTHOR)

    def _is_new(self, pod: Running) -> bool:
        labels = pod.thing["metadata"]["labels"]
        return bool(labels.get(_HASH) == self.current["metadata"]["labels"][_HASH])

    def move(self) -> None:
        """Start and end pods as far as the strategy lets it."""
        if self.spec["strategy"]["type"] == "Recreate":
            self._recreate()
        elif self.is_paused:
            self._scale(self.wanted - len(self.new) - len(self.old))
        else:
            self._roll()

    def _recreate(self) -> None:
        for pod in self.old:
            end(self.world, pod.at)
        if not self.old and not self.ending:
            self._scale(self.wanted - len(self.new))

    def _roll(self) -> None:
        limits = self.spec["strategy"]["rollingUpdate"]
        surge = share_of(limits["maxSurge"], self.wanted, rounds_up=True)
        missing = share_of(limits["maxUnavailable"], self.wanted, rounds_up=False)
        if not surge and not missing:
            missing = 1
        room = self.wanted + surge - len(self.new) - len(self.old)
        self._scale(
            min(self.wanted - len(self.new), room) if self.old else self.wanted - len(self.new)
        )
        least = self.wanted - missing
        sick = [pod for pod in self.old if not pod.is_available]
        available = sum(pod.is_available for pod in (*self.new, *self.old))
        spare = max(0, available - least)
        well = [pod for pod in self.old if pod.is_available][:spare]
        for pod in (*sick, *well):
            end(self.world, pod.at)

    def _scale(self, by: int) -> None:
        owner, nodes = self.current, self.world.settings.nodes
        for number in range(max(0, by)):
            drawn = self.world.dice.base32(8).lower()[:5]
            start(
                self.world,
                f"{owner['metadata']['name']}-{drawn}",
                owner["spec"]["template"],
                owner=owner,
                labels={},
                node=f"node-{(len(self.new) + number) % nodes + 1}",
            )
        surplus = sorted(self.new, key=lambda pod: pod.is_ready)[: max(0, -by)]
        for pod in surplus:
            end(self.world, pod.at)

    def tell(self) -> None:
        """Write the status."""
        before = self.thing.get("status", {})
        alive = (*self.new, *self.old)
        available = sum(pod.is_available for pod in alive)
        told: Object = {
            "observedGeneration": self.thing["metadata"]["generation"],
            "replicas": len(alive),
            "updatedReplicas": len(self.new),
            "readyReplicas": sum(pod.is_ready for pod in alive),
            "availableReplicas": available,
            "unavailableReplicas": max(0, self.wanted - available),
        }
        told = {field: value for field, value in told.items() if value}
        has_moved = told != {k: v for k, v in before.items() if k != "conditions"}
        uid = self.thing["metadata"]["uid"]
        since = note_move(self.world, uid, has_moved=has_moved)
        told["conditions"] = [self._available(before, available), self._progressing(before, since)]
        writing.set_status(self.world, self.at, told, CONTROLLER)

    def _available(self, before: Object, available: int) -> Object:
        limits = self.spec["strategy"].get("rollingUpdate", {})
        missing = share_of(limits.get("maxUnavailable", 0), self.wanted, rounds_up=False)
        is_met = available >= self.wanted - missing
        return condition(
            self.world,
            before,
            "Available",
            status="True" if is_met else "False",
            reason="MinimumReplicasAvailable" if is_met else "MinimumReplicasUnavailable",
            message=f"Deployment {'has' if is_met else 'does not have'} minimum availability.",
        )

    @property
    def is_complete(self) -> bool:
        """Say whether all pods are new and available."""
        fit = [pod for pod in self.new if pod.is_available]
        return not self.old and len(self.new) == len(fit) == self.wanted

    def _was_complete(self, before: Object) -> bool:
        """Say whether a rollout that was complete has only lost pods since."""
        had = [c["reason"] for c in before.get("conditions", []) if c["type"] == "Progressing"]
        return had == ["NewReplicaSetAvailable"] and not self.old

    def _progressing(self, before: Object, since: datetime) -> Object:
        name = self.current["metadata"]["name"]
        deadline = since + timedelta(seconds=self.spec["progressDeadlineSeconds"])
        if self.is_paused:
            status, reason, told = "Unknown", "DeploymentPaused", "Deployment is paused"
        elif self.is_complete or self._was_complete(before):
            status, reason = "True", "NewReplicaSetAvailable"
            told = f'ReplicaSet "{name}" has successfully progressed.'
        elif self.world.now() >= deadline:
            status, reason = "False", "ProgressDeadlineExceeded"
            told = f'ReplicaSet "{name}" has timed out progressing.'
        else:
            status, reason, told = "True", "ReplicaSetUpdated", f'ReplicaSet "{name}" progresses.'
        return condition(
            self.world, before, "Progressing", status=status, reason=reason, message=told
        )


_AUTHOR = Author(name=CONTROLLER, operation="Update", api_version="apps/v1")


def reconcile(world: World, at: Address, thing: Object) -> None:
    """Bring a Deployment one step nearer to what it should be."""
    _Rollout(world, at, thing).move()
    look = _Rollout(world, at, writing.existing(world, at))
    look.tell()
    for owner in look.sets:
        _tell_set(world, owner, look)


def next_deadline(world: World) -> Iterator[datetime]:
    """Yield the instants at which rollouts that do not move are given up."""
    for _, thing in world.store.all(DEPLOYMENT):
        since = world.moved_at.get(thing["metadata"]["uid"])
        if since is not None:
            yield since + timedelta(seconds=thing["spec"]["progressDeadlineSeconds"])


def _tell_set(world: World, owner: Object, look: _Rollout) -> None:
    uid = owner["metadata"]["uid"]
    pods = [
        pod
        for pod in (*look.new, *look.old)
        if pod.thing["metadata"]["ownerReferences"][0]["uid"] == uid
    ]
    at = _address(owner)
    if owner["spec"]["replicas"] != len(pods):
        writing.merge(world, at, {"spec": {"replicas": len(pods)}}, _AUTHOR)
    ready = sum(pod.is_ready for pod in pods)
    status = {"replicas": len(pods), "readyReplicas": ready, "availableReplicas": ready}
    writing.set_status(world, at, status, CONTROLLER)


def _address(owner: Object) -> Address:
    return Address(REPLICA_SET, owner["metadata"]["namespace"], owner["metadata"]["name"])


def _revision(owner: Object) -> int:
    return int(owner["metadata"]["annotations"][_REVISION])
