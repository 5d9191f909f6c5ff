"""Workloads of the simulated cluster roll out in simulated time."""

from __future__ import annotations

import pytest

from rotator.simulators.kubernetes import controllers
from rotator.simulators.kubernetes.breaking import set_broken
from rotator.simulators.kubernetes.shapes import BrokenWorkload
from rotator.simulators.kubernetes.state import state_of
from tests.simulators.cluster import (
    DEPLOYMENTS,
    PODS,
    RESTART,
    SECRETS,
    WEB,
    Cluster,
    counts,
    encoded,
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


def progressing(cluster: Cluster) -> tuple[str, str]:
    found = next(c for c in status(cluster)["conditions"] if c["type"] == "Progressing")
    return found["status"], found["reason"]


def test_a_seeded_workload_that_is_old_enough_runs(cluster: Cluster) -> None:
    cluster.add(workload(), age_seconds=3600)
    found = cluster.get(WEB)

    assert counts(cluster) == (3, 3, 3, 3)
    assert found["metadata"]["creationTimestamp"] == "2025-12-31T23:00:00Z"
    assert progressing(cluster) == ("True", "NewReplicaSetAvailable")
    assert found["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"


def test_pods_need_their_time_to_start(cluster: Cluster) -> None:
    cluster.create(DEPLOYMENTS, workload())
    assert "status" not in cluster.get(WEB)
    cluster.wait(LAG)
    assert counts(cluster) == (3, 3, 0, 0)
    assert {pod["status"]["phase"] for pod in pods(cluster)} == {"Pending"}
    cluster.wait(START)

    assert counts(cluster) == (3, 3, 3, 3)
    assert {pod["status"]["phase"] for pod in pods(cluster)} == {"Running"}


def test_the_controller_sees_a_change_a_little_later(cluster: Cluster) -> None:
    cluster.add(workload(), age_seconds=3600)
    changed = cluster.merge(WEB, RESTART)

    assert changed["metadata"]["generation"] == 2
    assert changed["status"]["observedGeneration"] == 1
    cluster.wait(LAG)
    assert status(cluster)["observedGeneration"] == 2


def test_only_a_change_of_the_specification_is_a_new_generation(cluster: Cluster) -> None:
    cluster.add(workload(), age_seconds=3600)
    changed = cluster.merge(WEB, {"metadata": {"annotations": {"a": "b"}}})

    assert changed["metadata"]["generation"] == 1


def test_a_rolling_update_never_goes_below_what_must_be_available(cluster: Cluster) -> None:
    cluster.add(workload(), age_seconds=3600)
    before = {pod["metadata"]["name"] for pod in pods(cluster)}
    cluster.merge(WEB, RESTART)
    ready = roll(cluster)

    assert min(ready) >= 3
    assert before.isdisjoint(pod["metadata"]["name"] for pod in pods(cluster) if is_ready(pod))
    found = cluster.get(WEB)["metadata"]["annotations"]
    assert found["deployment.kubernetes.io/revision"] == "2"
    assert progressing(cluster) == ("True", "NewReplicaSetAvailable")


@pytest.mark.parametrize(
    ("surge", "missing", "most", "least"),
    [(1, 0, 4, 3), (0, 1, 3, 2), (0, 0, 3, 2), ("100%", 0, 6, 3)],
)
def test_surge_and_unavailability_are_limits(
    cluster: Cluster, surge: int | str, missing: int, most: int, least: int
) -> None:
    limits = {"maxSurge": surge, "maxUnavailable": missing}
    strategy = {"type": "RollingUpdate", "rollingUpdate": limits}
    cluster.add(workload(strategy=strategy), age_seconds=3600)
    cluster.merge(WEB, RESTART)
    ready = roll(cluster)

    assert (max(ready) <= most, min(ready)) == (True, least)


def test_recreating_is_an_outage(cluster: Cluster) -> None:
    cluster.add(workload(strategy={"type": "Recreate"}), age_seconds=3600)
    cluster.merge(WEB, RESTART)

    assert min(roll(cluster)) == 0
    assert counts(cluster) == (3, 3, 3, 3)


def test_a_paused_workload_stays_as_it_is(cluster: Cluster) -> None:
    cluster.add(workload(), age_seconds=3600)
    before = {pod["metadata"]["name"] for pod in pods(cluster)}
    cluster.merge(WEB, {"spec": {"paused": True}})
    cluster.merge(WEB, RESTART)
    cluster.wait(600)

    assert {pod["metadata"]["name"] for pod in pods(cluster)} == before
    assert progressing(cluster) == ("Unknown", "DeploymentPaused")
    cluster.merge(WEB, {"spec": {"paused": False, "replicas": 2}})
    roll(cluster)
    cluster.wait(STOP)
    assert before.isdisjoint(pod["metadata"]["name"] for pod in pods(cluster))


def test_a_workload_is_scaled(cluster: Cluster) -> None:
    cluster.add(workload(), age_seconds=3600)
    cluster.merge(WEB, {"spec": {"replicas": 5}})
    roll(cluster)
    assert counts(cluster) == (5, 5, 5, 5)
    cluster.merge(WEB, {"spec": {"replicas": 1}})
    roll(cluster)

    assert counts(cluster) == (1, 1, 1, 1)


def test_a_rollout_that_breaks_keeps_the_old_pods_and_is_given_up(cluster: Cluster) -> None:
    cluster.add(workload(), age_seconds=3600)
    set_broken(cluster.world, BrokenWorkload(kind="Deployment", namespace="apps", name="web"))
    cluster.merge(WEB, RESTART)
    cluster.wait(300)
    assert counts(cluster) == (4, 1, 3, 3)
    assert progressing(cluster) == ("True", "ReplicaSetUpdated")
    broken = next(pod for pod in pods(cluster) if not is_ready(pod))
    state = broken["status"]["containerStatuses"][0]["state"]
    assert state == {"waiting": {"reason": "CrashLoopBackOff"}}
    cluster.wait(600)
    assert progressing(cluster) == ("False", "ProgressDeadlineExceeded")

    cluster.add(workload(name="other"))
    mended = BrokenWorkload(kind="Deployment", namespace="apps", name="web", is_broken=False)
    set_broken(cluster.world, mended)
    roll(cluster)
    assert progressing(cluster) == ("True", "NewReplicaSetAvailable")


def test_pods_that_run_can_fall(cluster: Cluster) -> None:
    cluster.add(workload(), age_seconds=3600)
    fallen = BrokenWorkload(kind="Deployment", namespace="apps", name="web", falls=True)
    set_broken(cluster.world, fallen)

    assert counts(cluster) == (3, 3, 0, 0)
    assert status(cluster)["unavailableReplicas"] == 3
    assert progressing(cluster) == ("True", "NewReplicaSetAvailable")


def test_a_pod_counts_as_available_after_a_while(cluster: Cluster) -> None:
    cluster.create(DEPLOYMENTS, workload(minReadySeconds=30))
    cluster.wait(LAG + START + 1)
    assert counts(cluster) == (3, 3, 3, 0)
    cluster.wait(29)

    assert counts(cluster) == (3, 3, 3, 3)


def test_going_back_to_a_former_template_is_a_new_revision_of_the_same_set(
    cluster: Cluster,
) -> None:
    cluster.add(workload(), age_seconds=3600)
    first = pods(cluster)[0]["metadata"]["labels"]["pod-template-hash"]
    cluster.merge(WEB, RESTART)
    roll(cluster)
    cluster.merge(WEB, {"spec": {"template": {"metadata": {"annotations": None}}}})
    roll(cluster)
    cluster.wait(STOP)

    assert {pod["metadata"]["labels"]["pod-template-hash"] for pod in pods(cluster)} == {first}
    found = cluster.get(WEB)["metadata"]["annotations"]
    assert found["deployment.kubernetes.io/revision"] == "3"


def test_a_deleted_pod_is_replaced_and_a_deleted_workload_takes_its_pods(
    cluster: Cluster,
) -> None:
    cluster.add(workload(), age_seconds=3600)
    gone = pods(cluster)[0]["metadata"]["name"]
    ending = cluster.ask("DELETE", f"{PODS}/{gone}").json()
    assert "deletionTimestamp" in ending["metadata"]
    cluster.wait(STOP + START + 1)

    assert gone not in {pod["metadata"]["name"] for pod in pods(cluster)}
    assert counts(cluster) == (3, 3, 3, 3)
    cluster.ask("DELETE", WEB)
    assert pods(cluster) == []


def test_a_pod_keeps_the_environment_that_it_started_with(cluster: Cluster) -> None:
    cluster.add(workload(replicas=1), age_seconds=3600)
    cluster.merge(f"{SECRETS}/db", {"data": {"token": encoded("new")}})

    def tokens() -> set[str]:
        return {told.get("TOKEN", "") for told in state_of(cluster.world).environments.values()}

    assert tokens() == {"old"}
    cluster.merge(WEB, RESTART)
    roll(cluster)
    cluster.wait(STOP)
    assert tokens() == {"new"}


def test_a_pod_can_have_a_whole_secret_in_its_environment(cluster: Cluster) -> None:
    sources = [{"prefix": "DB_", "secretRef": {"name": "db"}}, {"configMapRef": {"name": "x"}}]
    plain = [
        {"name": "A", "value": "b"},
        {"name": "C", "valueFrom": {"secretKeyRef": {"name": "db", "key": "none"}}},
    ]
    cluster.add(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "alone"},
            "spec": {"containers": [{"name": "app", "env": plain, "envFrom": sources}]},
        },
        age_seconds=60,
    )

    assert state_of(cluster.world).environments == {"apps/alone": {"DB_token": "old"}}
    assert is_ready(cluster.get(f"{PODS}/alone"))


def test_a_status_has_a_path_and_an_owner_of_its_own(cluster: Cluster) -> None:
    cluster.add(workload(), age_seconds=3600)
    entries = cluster.get(WEB)["metadata"]["managedFields"]
    owner = next(e for e in entries if e.get("subresource") == "status")
    cluster.merge(WEB, {"status": {"replicas": 77}})

    assert owner["manager"] == "kube-controller-manager"
    assert "f:spec" not in owner["fieldsV1"]
    assert counts(cluster) == (3, 3, 3, 3)
    assert cluster.get(f"{WEB}/status")["status"]["replicas"] == 3


@pytest.mark.parametrize(("broken_one", "phase"), [("other", "Succeeded"), ("once", "Failed")])
def test_a_pod_that_is_an_errand_ends(cluster: Cluster, broken_one: str, phase: str) -> None:
    broken = BrokenWorkload(kind="Pod", namespace="apps", name=broken_one)
    set_broken(cluster.world, broken)
    spec = {"restartPolicy": "Never", "containers": [{"name": "app"}]}
    metadata = {"name": "once", "namespace": "apps"}
    thing = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    cluster.add(thing, age_seconds=60)

    assert cluster.get(f"{PODS}/once")["status"]["phase"] == phase


def test_controllers_that_do_not_come_to_rest_are_noticed(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controllers, "_MOST_ROUNDS", 0)

    with pytest.raises(RuntimeError, match="do not come to rest"):
        cluster.get(SECRETS)
