"""Objects of the simulated API server: verbs, versions, preconditions, validity."""

from __future__ import annotations

import pytest

from rotator.simulators.kubernetes.state import state_of
from tests.simulators.cluster import (
    MERGE,
    PARTIAL,
    SECRETS,
    Cluster,
    encoded,
    secret,
)

DB = f"{SECRETS}/db"


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def test_a_created_object_has_an_id_a_version_and_a_birthday(cluster: Cluster) -> None:
    made = cluster.ask("POST", SECRETS, secret(key="x"))
    metadata = made.json()["metadata"]

    assert made.status_code == 201
    assert metadata["creationTimestamp"] == "2026-01-01T00:00:00Z"
    assert metadata["namespace"] == "apps"
    assert metadata["uid"]
    assert "generation" not in metadata
    assert cluster.get(DB) == made.json()


def test_versions_only_ever_grow_and_only_by_changes(cluster: Cluster) -> None:
    seen = [
        cluster.create(SECRETS, secret(key="1")),
        cluster.merge(DB, {"data": {"key": encoded("2")}}),
        cluster.merge(DB, {"data": {"key": encoded("2")}}),
        cluster.create(SECRETS, secret("other")),
    ]
    versions = [int(thing["metadata"]["resourceVersion"]) for thing in seen]

    assert versions[0] < versions[1] == versions[2] < versions[3]


def test_what_exists_is_not_created_again(cluster: Cluster) -> None:
    cluster.create(SECRETS, secret())
    answer = cluster.ask("POST", SECRETS, secret())

    assert (answer.status_code, answer.json()["reason"]) == (409, "AlreadyExists")
    assert answer.json()["details"] == {"name": "db", "kind": "secrets"}


def test_what_does_not_exist_is_not_found(cluster: Cluster) -> None:
    told = cluster.ask("GET", DB).json()

    assert told == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'secrets "db" not found',
        "reason": "NotFound",
        "details": {"name": "db", "kind": "secrets"},
        "code": 404,
    }
    for method, kind in [("PATCH", MERGE), ("DELETE", ""), ("PUT", "application/json")]:
        assert cluster.ask(method, DB, secret(), kind=kind or "application/json").status_code == 404


def test_a_namespace_that_does_not_exist_holds_nothing(cluster: Cluster) -> None:
    path = "/api/v1/namespaces/none/secrets"
    answer = cluster.ask("POST", path, secret())

    assert (answer.status_code, answer.json()["message"]) == (404, 'namespaces "none" not found')
    assert cluster.try_apply(f"{path}/db", secret()).status_code == 404
    assert cluster.get(path)["items"] == []


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_resource_version_is_a_precondition(cluster: Cluster, method: str) -> None:
    first = cluster.create(SECRETS, secret(key="1"))
    second = cluster.merge(DB, {"data": {"key": encoded("2")}})
    stale = {**first, "data": {"key": encoded("3")}}
    kind = MERGE if method == "PATCH" else "application/json"
    refused = cluster.ask(method, DB, stale, kind=kind)

    assert refused.status_code == 409
    assert "the object has been modified" in refused.json()["message"]
    fresh = {**second, "data": {"key": encoded("3")}}
    assert cluster.ask(method, DB, fresh, kind=kind).status_code == 200


def test_a_custom_object_is_replaced_only_by_its_version(cluster: Cluster) -> None:
    path = "/apis/secrets-store.csi.x-k8s.io/v1/namespaces/apps/secretproviderclasses"
    thing = {
        "apiVersion": "secrets-store.csi.x-k8s.io/v1",
        "kind": "SecretProviderClass",
        "metadata": {"name": "db"},
        "spec": {"provider": "aws"},
    }
    made = cluster.create(path, thing)

    assert cluster.ask("PUT", f"{path}/db", thing).status_code == 422
    assert cluster.ask("PUT", f"{path}/db", made).status_code == 200


@pytest.mark.parametrize("field", ["uid", "resourceVersion"])
def test_a_deletion_has_preconditions(cluster: Cluster, field: str) -> None:
    made = cluster.create(SECRETS, secret())["metadata"]
    wrong = {"preconditions": {field: "1"}}

    assert cluster.ask("DELETE", DB, wrong).status_code == 409
    gone = cluster.ask("DELETE", DB, {"preconditions": {field: made[field]}})
    assert gone.json()["status"] == "Success"
    assert cluster.ask("GET", DB).status_code == 404


def test_an_object_with_a_finalizer_waits_for_its_end(cluster: Cluster) -> None:
    cluster.create(SECRETS, secret(metadata={"finalizers": ["x.io/y"]}))
    ending = cluster.ask("DELETE", DB).json()

    assert ending["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:00Z"
    assert cluster.ask("DELETE", DB).status_code == 200
    cluster.merge(DB, {"metadata": {"finalizers": None}})
    assert cluster.ask("GET", DB).status_code == 404


def test_what_an_object_owns_goes_with_it(cluster: Cluster) -> None:
    owner = cluster.create(SECRETS, secret("owner"))["metadata"]["uid"]
    reference = {"apiVersion": "v1", "kind": "Secret", "name": "owner", "uid": owner}
    cluster.create(SECRETS, secret(metadata={"ownerReferences": [reference]}))
    cluster.ask("DELETE", f"{SECRETS}/owner")

    assert cluster.get(SECRETS)["items"] == []


def test_a_namespace_goes_with_all_that_is_in_it(cluster: Cluster) -> None:
    cluster.create(SECRETS, secret())

    assert cluster.ask("DELETE", "/api/v1/namespaces/apps").status_code == 200
    assert cluster.ask("GET", DB).status_code == 404


def test_only_metadata_is_told_to_who_asks_for_no_more(cluster: Cluster) -> None:
    cluster.create(SECRETS, secret(key="x"))
    one = cluster.get(DB, Accept=PARTIAL)
    many = cluster.get(SECRETS, Accept=PARTIAL.replace("Metadata", "MetadataList"))

    assert set(one) == {"kind", "apiVersion", "metadata"}
    assert (one["kind"], one["apiVersion"]) == ("PartialObjectMetadata", "meta.k8s.io/v1")
    assert many["kind"] == "PartialObjectMetadataList"
    assert many["items"] == [one]
    assert not cluster.told[-1].is_whole


def test_a_list_is_read_page_by_page(cluster: Cluster) -> None:
    for name in "abcde":
        cluster.create(SECRETS, secret(name))
    seen, token, pages = [], "", 0
    while token or not pages:
        page = cluster.get(f"{SECRETS}?limit=2&continue={token}")
        seen += [item["metadata"]["name"] for item in page["items"]]
        token, pages = page["metadata"].get("continue", ""), pages + 1

    assert (seen, pages) == ([*"abcde"], 3)
    assert cluster.ask("GET", f"{SECRETS}?continue=nonsense").status_code == 400
    assert cluster.ask("GET", f"{SECRETS}?limit=x").status_code == 400
    assert len(cluster.get(SECRETS)["items"]) == 5


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("app=web", ["a"]),
        ("app==web", ["a"]),
        ("app!=web", ["b", "c"]),
        ("app in (web, api)", ["a", "b"]),
        ("app notin (web)", ["b", "c"]),
        ("app", ["a", "b"]),
        ("!app", ["c"]),
        ("app,tier=x", ["b"]),
    ],
)
def test_labels_select(cluster: Cluster, selector: str, found: list[str]) -> None:
    cluster.create(SECRETS, secret("a", metadata={"labels": {"app": "web"}}))
    cluster.create(SECRETS, secret("b", metadata={"labels": {"app": "api", "tier": "x"}}))
    cluster.create(SECRETS, secret("c"))
    listed = cluster.get(f"{SECRETS}?labelSelector={selector}")

    assert [item["metadata"]["name"] for item in listed["items"]] == found


@pytest.mark.parametrize("query", ["labelSelector=a b", "fieldSelector=spec.x=y"])
def test_a_selector_that_makes_no_sense_is_refused(cluster: Cluster, query: str) -> None:
    assert cluster.ask("GET", f"{SECRETS}?{query}").status_code == 400


def test_fields_select(cluster: Cluster) -> None:
    cluster.create(SECRETS, secret("a"))
    cluster.create(SECRETS, secret("b"))
    listed = cluster.get(f"{SECRETS}?fieldSelector=metadata.name=b")

    assert [item["metadata"]["name"] for item in listed["items"]] == ["b"]


def test_a_dry_run_changes_nothing(cluster: Cluster) -> None:
    assert cluster.ask("POST", f"{SECRETS}?dryRun=All", secret()).status_code == 201
    assert cluster.ask("GET", DB).status_code == 404
    cluster.create(SECRETS, secret())
    assert cluster.ask("DELETE", f"{DB}?dryRun=All").status_code == 200
    assert cluster.ask("PATCH", f"{DB}?dryRun=Some", {}, kind=MERGE).status_code == 422
    assert cluster.get(DB)


def test_texts_become_data(cluster: Cluster) -> None:
    made = cluster.create(SECRETS, {**secret(a="1", b="1"), "stringData": {"b": "2"}})

    assert made["data"] == {"a": encoded("1"), "b": encoded("2")}
    assert "stringData" not in made


def test_a_name_can_be_drawn(cluster: Cluster) -> None:
    body = secret()
    body["metadata"] = {"generateName": "run-"}
    made = cluster.create(SECRETS, body)

    assert made["metadata"]["name"].startswith("run-")
    assert cluster.ask("POST", SECRETS, {**body, "metadata": {}}).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/api/v1/namespaces/apps/endpoints", 404),
        ("OPTIONS", SECRETS, 405),
        ("GET", "/api/v2/namespaces/apps/secrets", 404),
        ("GET", "/api/v1/secrets/db", 404),
        ("GET", f"{SECRETS}/db/status", 404),
        ("GET", f"{SECRETS}/db/status/more", 404),
        ("GET", "/api/v1/namespaces/apps/namespaces", 404),
        ("POST", "/api/v1/secrets", 405),
        ("POST", DB, 405),
        ("PUT", SECRETS, 405),
        ("DELETE", SECRETS, 405),
    ],
)
def test_a_path_or_a_method_that_nobody_serves_is_refused(
    cluster: Cluster, method: str, path: str, status: int
) -> None:
    assert cluster.ask(method, path, secret()).status_code == status


def test_clients_can_discover_what_is_served(cluster: Cluster) -> None:
    groups = [group["name"] for group in cluster.get("/apis")["groups"]]
    rows = cluster.get("/apis/apps/v1")["resources"]

    assert cluster.get("/version")["major"] == "1"
    assert cluster.get("/api")["versions"] == ["v1"]
    assert "external-secrets.io" in groups
    assert cluster.get("/apis/apps")["preferredVersion"]["groupVersion"] == "apps/v1"
    assert {"deployments", "deployments/status"} <= {row["name"] for row in rows}
    assert cluster.ask("GET", "/livez").text == "ok"


def test_a_watch_tells_what_has_happened_and_ends(cluster: Cluster) -> None:
    before = cluster.get(SECRETS)["metadata"]["resourceVersion"]
    cluster.create(SECRETS, secret("other"))
    cluster.create(SECRETS, secret(key="1"))
    cluster.merge(DB, {"data": {"key": encoded("2")}})
    cluster.ask("DELETE", DB)
    query = f"?watch=true&resourceVersion={before}&fieldSelector=metadata.name=db"
    lines = cluster.ask("GET", f"{SECRETS}{query}").text.splitlines()

    assert [line.split('"')[3] for line in lines] == ["ADDED", "MODIFIED", "DELETED"]
    now = cluster.get(SECRETS)["metadata"]["resourceVersion"]
    assert cluster.ask("GET", f"{SECRETS}?watch=true&resourceVersion={now}").text == ""


def test_an_object_is_not_created_with_a_version(cluster: Cluster) -> None:
    answer = cluster.ask("POST", SECRETS, secret(metadata={"resourceVersion": "1"}))

    assert answer.status_code == 500
    assert "resourceVersion should not be set" in answer.json()["message"]


def test_a_secret_can_be_empty(cluster: Cluster) -> None:
    thing = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}}

    assert "data" not in cluster.create(SECRETS, thing)


def test_a_client_that_checks_by_schema_finds_an_empty_one(cluster: Cluster) -> None:
    answer = cluster.ask("GET", "/openapi/v2")

    assert answer.content == b"\n\x032.0"
    assert "protobuf" in answer.headers["content-type"]
    rows = cluster.get("/api/v1")["resources"]
    assert {"secrets", "pods", "pods/status"} <= {row["name"] for row in rows}


def test_an_object_of_the_whole_cluster_can_be_seeded(cluster: Cluster) -> None:
    thing = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "more"}}
    cluster.seed(objects=({"manifest": thing},))

    assert cluster.get("/api/v1/namespaces/more")["metadata"]["name"] == "more"
    with pytest.raises(ValueError, match="no kind"):
        cluster.seed(objects=({"manifest": {**thing, "kind": "Node"}},))
    with pytest.raises(ValueError, match="already exists"):
        cluster.seed(objects=({"manifest": thing},))
    assert state_of(cluster.world).find("Secret", "apps", "none") is None


def test_a_pod_that_is_ending_can_be_deleted_again(cluster: Cluster) -> None:
    path = "/api/v1/namespaces/apps/pods"
    spec = {"containers": [{"name": "app"}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec}
    cluster.create(path, pod)
    first = cluster.ask("DELETE", f"{path}/web").json()

    again = cluster.ask("DELETE", f"{path}/web").json()
    assert again["metadata"]["deletionTimestamp"] == first["metadata"]["deletionTimestamp"]


def test_what_is_owned_can_be_left_behind(cluster: Cluster) -> None:
    owner = cluster.create(SECRETS, secret("owner"))["metadata"]["uid"]
    reference = {"apiVersion": "v1", "kind": "Secret", "name": "owner", "uid": owner}
    cluster.create(SECRETS, secret(metadata={"ownerReferences": [reference]}))
    cluster.ask("DELETE", f"{SECRETS}/owner", {"propagationPolicy": "Orphan"})

    assert cluster.get(DB)
