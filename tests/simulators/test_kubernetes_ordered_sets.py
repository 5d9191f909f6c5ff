"""StatefulSets and DaemonSets of the simulated cluster roll out in simulated time."""

from __future__ import annotations

from typing import Any

import pytest

from rotator.simulators.kubernetes.breaking import set_broken
from rotator.simulators.kubernetes.shapes import BrokenWorkload
from tests.simulators.cluster import (
    DAEMON_SETS,
    MERGE,
    PODS,
    RESTART,
    SECRETS,
    STATEFUL_SETS,
    Body,
    Cluster,
    counts,
    is_ready,
    pods,
    roll,
    secret,
    status,
    workload,
)

START, STOP, LAG = 10, 5, 1


@pytest.fixture
def cluster() -> Cluster:
    made = Cluster()
    made.create(SECRETS, secret(token="old"))
    return made


def stateful(**spec: Any) -> Body:  # noqa: ANN401 - passed on
    return workload("StatefulSet", serviceName="web", **spec)


def test_a_stateful_set_replaces_its_pods_one_by_one_from_the_last(cluster: Cluster) -> None:
    path = f"{STATEFUL_SETS}/web"
    cluster.add(stateful(), age_seconds=3600)
    assert [pod["metadata"]["name"] for pod in pods(cluster)] == ["web-0", "web-1", "web-2"]
    before = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in pods(cluster)}
    cluster.merge(path, RESTART)
    cluster.wait(LAG + STOP + 1)
    now = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in pods(cluster)}

    assert now["web-0"] == before["web-0"]
    assert now["web-2"] != before["web-2"]
    assert min(roll(cluster, path)) == 2
    told = status(cluster, path)
    assert told["currentRevision"] == told["updateRevision"]


def test_a_stateful_set_starts_its_pods_in_order_or_at_once(cluster: Cluster) -> None:
    cluster.create(STATEFUL_SETS, stateful())
    cluster.wait(LAG)
    assert len(pods(cluster)) == 1
    cluster.ask("DELETE", f"{STATEFUL_SETS}/web")
    cluster.create(STATEFUL_SETS, stateful(podManagementPolicy="Parallel"))
    cluster.wait(LAG)

    assert len(pods(cluster)) == 3
    cluster.wait(START)
    cluster.merge(f"{STATEFUL_SETS}/web", {"spec": {"replicas": 1}})
    cluster.wait(LAG + STOP)
    assert [pod["metadata"]["name"] for pod in pods(cluster)] == ["web-0"]


@pytest.mark.parametrize(
    ("strategy", "updated"),
    [
        ({"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}, 1),
        ({"type": "OnDelete"}, 0),
    ],
)
def test_a_stateful_set_can_be_held_back(cluster: Cluster, strategy: Body, updated: int) -> None:
    path = f"{STATEFUL_SETS}/web"
    cluster.add(stateful(updateStrategy=strategy), age_seconds=3600)
    cluster.merge(path, RESTART)
    cluster.wait(600)

    assert status(cluster, path).get("updatedReplicas", 0) == updated
    assert status(cluster, path)["currentRevision"] != status(cluster, path)["updateRevision"]
    if not updated:
        cluster.ask("DELETE", f"{PODS}/web-0")
        cluster.wait(600)
        assert status(cluster, path)["updatedReplicas"] == 1


def test_a_stateful_set_stops_at_a_pod_that_breaks(cluster: Cluster) -> None:
    path = f"{STATEFUL_SETS}/web"
    cluster.add(stateful(), age_seconds=3600)
    set_broken(cluster.world, BrokenWorkload(kind="StatefulSet", namespace="apps", name="web"))
    cluster.merge(path, RESTART)
    cluster.wait(600)

    assert counts(cluster, path) == (3, 1, 2, 2)


def test_a_daemon_set_runs_on_every_node_and_rolls_node_by_node(cluster: Cluster) -> None:
    path = f"{DAEMON_SETS}/web"
    cluster.configure(nodes=4)
    cluster.add(workload("DaemonSet"), age_seconds=3600)
    assert {pod["spec"]["nodeName"] for pod in pods(cluster)} == {f"node-{n}" for n in range(1, 5)}
    cluster.merge(path, RESTART)
    ready = []
    for _ in range(100):
        cluster.wait(1)
        ready.append(sum(is_ready(pod) for pod in pods(cluster)))
    told = status(cluster, path)

    assert min(ready) == 3
    assert told["updatedNumberScheduled"] == told["numberAvailable"] == 4
    assert told["desiredNumberScheduled"] == 4


def test_a_daemon_set_can_wait_for_pods_to_be_deleted(cluster: Cluster) -> None:
    path = f"{DAEMON_SETS}/web"
    cluster.add(workload("DaemonSet", updateStrategy={"type": "OnDelete"}), age_seconds=3600)
    cluster.merge(path, RESTART)
    cluster.wait(600)

    assert "updatedNumberScheduled" not in status(cluster, path)


def test_a_stateful_set_keeps_its_claims(cluster: Cluster) -> None:
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOncePod"]}}
    path = f"{STATEFUL_SETS}/web"
    cluster.add(stateful(volumeClaimTemplates=[claim]), age_seconds=3600)
    cluster.ask("DELETE", path)
    claims = cluster.get("/api/v1/namespaces/apps/persistentvolumeclaims")["items"]

    assert [item["metadata"]["name"] for item in claims] == [f"data-web-{n}" for n in range(3)]
    assert {item["status"]["phase"] for item in claims} == {"Bound"}


def test_a_stateful_set_takes_over_the_pods_of_one_that_was_deleted_alone(
    cluster: Cluster,
) -> None:
    path = f"{STATEFUL_SETS}/web"
    cluster.add(stateful(), age_seconds=3600)
    before = [pod["metadata"]["uid"] for pod in pods(cluster)]
    cluster.ask("DELETE", path, {"propagationPolicy": "Orphan"})
    assert {tuple(pod["metadata"]["ownerReferences"]) for pod in pods(cluster)} == {()}

    cluster.add(stateful())
    cluster.wait(60)

    assert [pod["metadata"]["uid"] for pod in pods(cluster)] == before
    assert status(cluster, path)["readyReplicas"] == len(before)


def test_most_of_a_stateful_set_cannot_be_changed(cluster: Cluster) -> None:
    path = f"{STATEFUL_SETS}/web"
    cluster.add(stateful())
    answer = cluster.ask("PATCH", path, {"spec": {"serviceName": "other"}}, kind=MERGE)

    assert answer.status_code == 422
    assert "updates to statefulset spec" in answer.json()["message"]
    changed = {"spec": {"selector": {"matchLabels": {"app": "web", "b": "c"}}}}
    changed["spec"]["template"] = {"metadata": {"labels": {"b": "c"}}}  # type: ignore[dict-item]
    told = cluster.ask("PATCH", path, changed, kind=MERGE).json()["message"]
    assert "spec.selector: Invalid value: field is immutable" in told
