"""External Secrets and mounted secrets of the simulated cluster."""

from __future__ import annotations

import json

import pytest

from rotator.simulators.kubernetes.shapes import RemoteValue
from tests.simulators.cluster import EXTERNAL, PODS, SECRETS, Body, Cluster, encoded, workload

DB = f"{EXTERNAL}/db"
LAG, HOUR = 1, 3600


@pytest.fixture
def cluster() -> Cluster:
    made = Cluster()
    keep(made, "one")
    return made


def keep(cluster: Cluster, token: str) -> None:
    """Store a value outside the cluster."""
    text = json.dumps({"token": token, "port": 5432})
    cluster.world.remotes["prod/db"] = RemoteValue(text=text, version=f"version-{token}")


def external(*, version: str = "v1", **spec: object) -> Body:
    remote = {"key": "prod/db", "property": "token"}
    return {
        "apiVersion": f"external-secrets.io/{version}",
        "kind": "ExternalSecret",
        "metadata": {"name": "db"},
        "spec": {"data": [{"secretKey": "token", "remoteRef": remote}], **spec},
    }


def token(cluster: Cluster) -> str | None:
    found = cluster.ask("GET", f"{SECRETS}/db")
    return None if found.is_error else found.json()["data"]["token"]


def refreshed(cluster: Cluster) -> str:
    return str(cluster.get(DB)["status"]["refreshTime"])


def is_ready(cluster: Cluster) -> tuple[str, str]:
    found = cluster.get(DB)["status"]["conditions"][0]
    return found["status"], found["reason"]


def force(cluster: Cluster, moment: str) -> None:
    cluster.merge(DB, {"metadata": {"annotations": {"force-sync": moment}}})


def test_a_secret_is_made_and_belongs_to_the_controller(cluster: Cluster) -> None:
    cluster.create(EXTERNAL, external())
    assert token(cluster) is None
    cluster.wait(LAG)
    made = cluster.get(f"{SECRETS}/db")

    assert made["data"] == {"token": encoded("one")}
    assert made["metadata"]["labels"]["reconcile.external-secrets.io/managed"] == "true"
    assert made["metadata"]["ownerReferences"][0]["kind"] == "ExternalSecret"
    manager = made["metadata"]["managedFields"][0]["manager"]
    assert manager == "externalsecrets.external-secrets.io/db"
    assert is_ready(cluster) == ("True", "SecretSynced")
    assert cluster.get(DB)["status"]["binding"] == {"name": "db"}


def test_it_is_refreshed_every_hour_whether_it_changed_or_not(cluster: Cluster) -> None:
    cluster.add(external(), age_seconds=60)
    first = refreshed(cluster)
    keep(cluster, "two")
    cluster.wait(HOUR - 62)
    assert (token(cluster), refreshed(cluster)) == (encoded("one"), first)
    cluster.wait(62)

    assert token(cluster) == encoded("two")
    assert refreshed(cluster) > first


def test_an_annotation_forces_a_refresh(cluster: Cluster) -> None:
    cluster.add(external(refreshInterval="24h"), age_seconds=60)
    before = cluster.get(DB)["status"]
    keep(cluster, "two")
    force(cluster, "1")
    assert cluster.get(DB)["status"] == before
    cluster.wait(LAG)
    after = cluster.get(DB)["status"]

    assert token(cluster) == encoded("two")
    assert after["refreshTime"] == "2026-01-01T00:00:01Z"
    assert after["syncedResourceVersion"] != before["syncedResourceVersion"]


@pytest.mark.parametrize(
    "spec", [{"refreshPolicy": "CreatedOnce"}, {"refreshInterval": "0"}, {"refreshInterval": "0s"}]
)
def test_what_is_made_once_is_never_refreshed(cluster: Cluster, spec: Body) -> None:
    cluster.add(external(**spec), age_seconds=60)
    keep(cluster, "two")
    force(cluster, "1")
    cluster.wait(48 * HOUR)

    assert token(cluster) == encoded("one")


def test_what_is_refreshed_on_a_change_can_be_forced(cluster: Cluster) -> None:
    cluster.add(external(refreshPolicy="OnChange"), age_seconds=60)
    keep(cluster, "two")
    cluster.wait(48 * HOUR)
    assert token(cluster) == encoded("one")
    force(cluster, "1")
    cluster.wait(LAG)

    assert token(cluster) == encoded("two")


def test_a_secret_that_was_changed_or_deleted_is_made_again(cluster: Cluster) -> None:
    cluster.add(external(), age_seconds=60)
    cluster.merge(f"{SECRETS}/db", {"data": {"token": encoded("mine")}})
    cluster.wait(LAG)
    assert token(cluster) == encoded("one")
    cluster.ask("DELETE", f"{SECRETS}/db")
    cluster.wait(LAG)

    assert token(cluster) == encoded("one")


def test_a_store_that_fails_is_told_and_tried_again(cluster: Cluster) -> None:
    cluster.add(external(), age_seconds=60)
    before = refreshed(cluster)
    del cluster.world.remotes["prod/db"]
    force(cluster, "1")
    cluster.wait(LAG)

    assert is_ready(cluster) == ("False", "SecretSyncedError")
    assert (refreshed(cluster), token(cluster)) == (before, encoded("one"))
    keep(cluster, "two")
    cluster.wait(30)
    assert (is_ready(cluster), token(cluster)) == (("True", "SecretSynced"), encoded("two"))


@pytest.mark.parametrize("text", ["no JSON", "[]", "{}"])
def test_a_value_without_the_property_is_a_failure(cluster: Cluster, text: str) -> None:
    cluster.world.remotes["prod/db"] = RemoteValue(text=text)
    cluster.add(external(), age_seconds=60)

    assert is_ready(cluster) == ("False", "SecretSyncedError")


def test_a_whole_value_and_all_its_fields_can_be_taken(cluster: Cluster) -> None:
    keep(cluster, "one")
    entry = {"secretKey": "whole", "remoteRef": {"key": "prod/db"}}
    fields = [{"extract": {"key": "prod/db"}}]
    cluster.add(external(data=[entry], dataFrom=fields), age_seconds=60)
    data = cluster.get(f"{SECRETS}/db")["data"]

    assert set(data) == {"whole", "token", "port"}
    assert data["port"] == encoded("5432")


@pytest.mark.parametrize("policy", ["Merge", "None"])
def test_a_secret_of_others_is_left_or_added_to(cluster: Cluster, policy: str) -> None:
    target = {"name": "theirs", "creationPolicy": policy}
    thing = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "theirs"},
        "data": {"other": encoded("x")},
    }
    cluster.add(thing, age_seconds=120)
    cluster.add(external(target=target), age_seconds=60)
    data = cluster.get(f"{SECRETS}/theirs")["data"]

    assert set(data) == ({"other", "token"} if policy == "Merge" else {"other"})


def test_a_secret_to_merge_into_must_exist(cluster: Cluster) -> None:
    cluster.add(external(target={"creationPolicy": "Merge"}), age_seconds=60)

    assert is_ready(cluster) == ("False", "SecretSyncedError")


def test_both_versions_tell_the_same_object(cluster: Cluster) -> None:
    cluster.add(external(version="v1beta1"), age_seconds=60)
    older = cluster.get(DB.replace("/v1/", "/v1beta1/"))

    assert older["apiVersion"] == "external-secrets.io/v1beta1"
    assert {**older, "apiVersion": "external-secrets.io/v1"} == cluster.get(DB)


def test_a_store_can_be_a_function() -> None:
    cluster = Cluster(remote=lambda name: RemoteValue(text=json.dumps({"token": name})))
    cluster.add(external(), age_seconds=60)

    assert token(cluster) == encoded("prod/db")


# ---------------------------------------------------------------------- mounted

CLASSES = "/apis/secrets-store.csi.x-k8s.io/v1/namespaces/apps/secretproviderclasses"
STATUSES = "/apis/secrets-store.csi.x-k8s.io/v1/namespaces/apps/secretproviderclasspodstatuses"


def provider_class(
    objects: str = '- objectName: "prod/db"\n  objectType: secretsmanager\n',
) -> Body:
    return {
        "apiVersion": "secrets-store.csi.x-k8s.io/v1",
        "kind": "SecretProviderClass",
        "metadata": {"name": "db"},
        "spec": {"provider": "aws", "parameters": {"objects": objects}},
    }


def mounting() -> Body:
    thing = workload(replicas=2)
    csi = {
        "driver": "secrets-store.csi.k8s.io",
        "readOnly": True,
        "volumeAttributes": {"secretProviderClass": "db"},
    }
    thing["spec"]["template"]["spec"]["volumes"] = [{"name": "s", "csi": csi}, {"name": "e"}]
    return thing


def mounted(cluster: Cluster) -> list[list[Body]]:
    return [item["status"]["objects"] for item in cluster.get(STATUSES)["items"]]


def test_each_pod_says_which_version_it_has_mounted(cluster: Cluster) -> None:
    cluster.add(provider_class(), age_seconds=120)
    cluster.add(mounting(), age_seconds=60)
    pod = cluster.get(PODS)["items"][0]["metadata"]["name"]
    told = cluster.get(f"{STATUSES}/{pod}-apps-db")["status"]

    assert told["podName"] == pod
    assert told["objects"] == [{"id": "prod_db", "version": "version-one"}]
    assert len(mounted(cluster)) == 2


def test_a_mount_stays_as_it_is_where_rotation_is_off(cluster: Cluster) -> None:
    cluster.add(provider_class(), age_seconds=120)
    cluster.add(mounting(), age_seconds=60)
    keep(cluster, "two")
    cluster.wait(24 * HOUR)

    assert mounted(cluster) == [[{"id": "prod_db", "version": "version-one"}]] * 2


def test_a_mount_follows_where_rotation_is_on(cluster: Cluster) -> None:
    cluster.configure(csi_rotation_seconds=120)
    cluster.add(provider_class(), age_seconds=120)
    cluster.add(mounting(), age_seconds=60)
    keep(cluster, "two")
    cluster.wait(60)
    assert mounted(cluster)[0][0]["version"] == "version-one"
    cluster.wait(60)

    assert mounted(cluster) == [[{"id": "prod_db", "version": "version-two"}]] * 2


def test_a_report_goes_with_its_pod(cluster: Cluster) -> None:
    cluster.add(provider_class(), age_seconds=120)
    cluster.add(mounting(), age_seconds=60)
    cluster.ask("DELETE", "/apis/apps/v1/namespaces/apps/deployments/web")

    assert mounted(cluster) == []


def test_a_class_or_a_value_that_does_not_exist_is_not_mounted(cluster: Cluster) -> None:
    cluster.add(mounting(), age_seconds=60)
    assert mounted(cluster) == []
    cluster.add(provider_class("- objectName: none\n"))

    assert mounted(cluster) == [[], []]


def test_a_secret_can_outlive_what_it_was_made_from(cluster: Cluster) -> None:
    cluster.add(external(target={"creationPolicy": "Orphan"}), age_seconds=60)
    cluster.ask("DELETE", DB)

    assert token(cluster) == encoded("one")
