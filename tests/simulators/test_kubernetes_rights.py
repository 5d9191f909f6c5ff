"""Who may do what at the simulated API server."""

from __future__ import annotations

import pytest

from tests.simulators.cluster import BASE, MERGE, SECRETS, Cluster, rule, secret

DB = f"{SECRETS}/db"


@pytest.fixture
def cluster() -> Cluster:
    made = Cluster()
    made.create(SECRETS, secret(key="x"))
    return made


def status(cluster: Cluster, token: str, method: str, path: str, **more: str) -> int:
    body = secret(path.rpartition("/")[2]) if method == "POST" else {}
    return cluster.ask(method, path, body, token=token, **more).status_code


def test_a_token_that_nobody_knows_is_not_let_in(cluster: Cluster) -> None:
    answer = cluster.ask("GET", DB, token="nonsense")

    assert (answer.status_code, answer.json()["reason"]) == (401, "Unauthorized")


def test_a_token_ends(cluster: Cluster) -> None:
    token = cluster.account(rule("get"), expires_in_seconds=3600)

    assert cluster.ask("GET", DB, token=token).status_code == 200
    cluster.wait(3600)
    assert cluster.ask("GET", DB, token=token).status_code == 401


def test_who_has_no_token_sees_only_how_the_server_is(cluster: Cluster) -> None:
    def get(path: str) -> int:
        return cluster.http.get(f"{BASE}{path}").status_code

    assert [get("/livez"), get("/version")] == [200, 200]
    assert [get(DB), get("/apis")] == [403, 403]


def test_a_refusal_names_user_verb_and_resource(cluster: Cluster) -> None:
    token = cluster.account(rule("get", names=("other",)))
    told = cluster.ask("GET", DB, token=token).json()

    assert told["message"] == (
        'secrets "db" is forbidden: User "system:serviceaccount:rotator:rotator" cannot get'
        ' resource "secrets" in API group "" in the namespace "apps"'
    )
    assert (told["code"], told["reason"]) == (403, "Forbidden")
    everywhere = cluster.ask("GET", "/api/v1/secrets", token=token).json()["message"]
    assert everywhere.endswith("at the cluster scope")


def test_a_rule_is_for_its_namespace_verbs_and_names(cluster: Cluster) -> None:
    token = cluster.account(rule("get", "patch", names=("db",)))

    assert status(cluster, token, "GET", DB) == 200
    assert status(cluster, token, "PATCH", DB, kind=MERGE) == 200
    assert status(cluster, token, "DELETE", DB) == 403
    assert status(cluster, token, "GET", f"{SECRETS}/other") == 403
    assert status(cluster, token, "GET", "/api/v1/namespaces/default/secrets/db") == 403
    assert status(cluster, token, "GET", "/api/v1/namespaces/apps/configmaps/db") == 403


def test_a_list_is_not_limited_by_names_but_forbidden_by_them(cluster: Cluster) -> None:
    token = cluster.account(rule("list", names=("db",)))

    assert status(cluster, token, "GET", SECRETS) == 403
    assert status(cluster, token, "GET", f"{SECRETS}?fieldSelector=metadata.name=db") == 200
    assert status(cluster, token, "GET", f"{SECRETS}?fieldSelector=metadata.name=no") == 403


def test_a_creation_by_post_has_no_name_and_one_by_apply_has(cluster: Cluster) -> None:
    token = cluster.account(rule("create", "patch", names=("new",)))

    assert cluster.ask("POST", SECRETS, secret("new"), token=token).status_code == 403
    assert cluster.try_apply(f"{SECRETS}/new", secret("new"), token=token).status_code == 201
    assert cluster.try_apply(f"{SECRETS}/more", secret("more"), token=token).status_code == 403


def test_applying_what_does_not_exist_needs_the_right_to_create(cluster: Cluster) -> None:
    token = cluster.account(rule("patch"))
    told = cluster.try_apply(f"{SECRETS}/new", secret("new"), token=token)

    assert told.status_code == 403
    assert "cannot create resource" in told.json()["message"]
    assert cluster.try_apply(DB, secret(more="y"), token=token).status_code == 200


def test_a_rule_for_the_whole_cluster_is_for_every_namespace(cluster: Cluster) -> None:
    token = cluster.account(rule("*", resources="*"), namespace="")

    assert status(cluster, token, "GET", DB) == 200
    assert status(cluster, token, "GET", "/api/v1/secrets") == 200
    assert status(cluster, token, "GET", "/api/v1/namespaces") == 200


def test_a_part_of_an_object_is_a_resource_of_its_own(cluster: Cluster) -> None:
    path = "/api/v1/namespaces/apps/pods/web/status"
    whole = cluster.account(rule("get", resources="pods"))
    assert status(cluster, whole, "GET", path) == 403
    part = cluster.account(rule("get", resources="*/status"))
    assert status(cluster, part, "GET", path) == 404


def test_whoever_asks_learns_what_it_may(cluster: Cluster) -> None:
    token = cluster.account(rule("get", names=("db",)))
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

    def may(**wanted: str) -> bool:
        asked = {"namespace": "apps", "verb": "get", "resource": "secrets", **wanted}
        body = {"spec": {"resourceAttributes": asked}}
        answer = cluster.ask("POST", path, body, token=token)
        assert answer.status_code == 201
        return bool(answer.json()["status"]["allowed"])

    assert may(name="db")
    assert not may()
    assert not may(name="db", verb="patch")
    assert not may(name="db", resource="nonsense")
    assert not may(name="db", group="apps", resource="deployments")
    assert cluster.http.post(f"{BASE}{path}", json={}).status_code == 403


def test_roles_and_bindings_that_are_installed_count(cluster: Cluster) -> None:
    token = cluster.account()
    group = {"apiVersion": "rbac.authorization.k8s.io/v1"}
    root = "/apis/rbac.authorization.k8s.io/v1"
    wanted = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
    subject = {"kind": "ServiceAccount", "name": "rotator", "namespace": "rotator"}

    def bind(kind: str, path: str, *, by: str = "apps") -> None:
        metadata = {"name": by}
        rules = [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}, wanted]
        role = {**group, "kind": kind, "metadata": metadata, "rules": rules}
        cluster.create(f"{root}{path}/{kind.lower()}s", role)
        reference = {"kind": kind, "name": by, "apiGroup": "rbac.authorization.k8s.io"}
        binding = {**group, "kind": f"{kind}Binding", "metadata": metadata, "roleRef": reference}
        strangers = [{"kind": "User", "name": "mia"}, subject]
        cluster.create(f"{root}{path}/{kind.lower()}bindings", {**binding, "subjects": strangers})

    assert status(cluster, token, "GET", DB) == 403
    bind("Role", "/namespaces/apps")
    assert status(cluster, token, "GET", DB) == 200
    assert status(cluster, token, "GET", "/api/v1/namespaces/default/secrets/x") == 403
    bind("ClusterRole", "")
    assert status(cluster, token, "GET", "/api/v1/namespaces/default/secrets/x") == 404
    cluster.ask("DELETE", f"{root}/namespaces/apps/roles/apps")
    cluster.ask("DELETE", f"{root}/clusterroles/apps")
    assert status(cluster, token, "GET", DB) == 403
