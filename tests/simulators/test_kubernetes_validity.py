"""What the simulated API server refuses to keep, and how it says so."""

from __future__ import annotations

import pytest

from tests.simulators.cluster import (
    DEPLOYMENTS,
    MERGE,
    SECRETS,
    STRATEGIC,
    Cluster,
    encoded,
    secret,
)

DB = f"{SECRETS}/db"


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        ({"data": {"a b": "eA=="}}, 422, "data[a b]"),
        ({"data": {"a": "not base64!"}}, 400, "illegal base64"),
        ({"data": {"a": 1}}, 400, "illegal base64"),
        ({"data": "x"}, 400, "cannot unmarshal"),
        ({"type": "kubernetes.io/tls"}, 422, "type: Invalid value"),
        ({"metadata": {"annotations": {"a": 1}}}, 400, "cannot unmarshal number"),
        ({"metadata": {"annotations": {"a": True}}}, 400, "cannot unmarshal bool"),
        ({"metadata": {"annotations": {"a b": "x"}}}, 422, "metadata.annotations"),
        ({"metadata": {"annotations": {"a": "x" * 262_145}}}, 422, "Too long"),
        ({"metadata": {"labels": {"a": "b c"}}}, 422, "metadata.labels"),
        ({"metadata": {"labels": {"a": ["x"]}}}, 400, "cannot unmarshal object"),
        ({"data": {"a": "eHh4" * 350_000}}, 422, "may not be more than 1048576 bytes"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    cluster: Cluster, change: dict[str, object], status: int, told: str
) -> None:
    cluster.create(SECRETS, secret(key="x"))
    answer = cluster.ask("PATCH", DB, change, kind=MERGE)

    assert answer.status_code == status
    assert told in answer.json()["message"]
    assert cluster.get(DB)["data"] == {"key": encoded("x")}


@pytest.mark.parametrize("name", ["Upper", "under_score", "x" * 254, "-a"])
def test_a_name_that_is_no_domain_name_is_refused(cluster: Cluster, name: str) -> None:
    answer = cluster.ask("POST", SECRETS, secret(name))

    assert (answer.status_code, answer.json()["reason"]) == (422, "Invalid")


def test_an_immutable_secret_stays_as_it_is(cluster: Cluster) -> None:
    cluster.create(SECRETS, {**secret(key="x"), "immutable": True})

    for change in ({"data": {"key": encoded("y")}}, {"immutable": False}):
        answer = cluster.ask("PATCH", DB, change, kind=MERGE)
        assert answer.status_code == 422
        assert "field is immutable when `immutable` is set" in answer.json()["message"]
    assert cluster.merge(DB, {"metadata": {"labels": {"a": "b"}}})["immutable"]


def test_a_body_that_is_too_long_of_another_type_or_no_object_is_refused(
    cluster: Cluster,
) -> None:
    assert cluster.ask("POST", SECRETS, secret(key="x" * 3_200_000)).status_code == 413
    assert cluster.ask("POST", SECRETS, secret(), kind="text/plain").status_code == 415
    assert cluster.ask("PATCH", DB, secret()).status_code == 415
    assert cluster.ask("POST", SECRETS, [1]).status_code == 400
    url, headers = f"http://simulated.kubernetes{SECRETS}", {"Content-Type": "application/json"}
    headers["Authorization"] = f"Bearer {cluster.admin}"
    assert cluster.http.post(url, content=b"{", headers=headers).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {**secret(), "kind": "ConfigMap"},
        {"apiVersion": "v1", "kind": "Secret"},
        secret("other"),
        secret(metadata={"namespace": "other"}),
    ],
)
def test_a_body_is_about_what_its_path_is_about(cluster: Cluster, body: dict[str, object]) -> None:
    cluster.create(SECRETS, secret())

    assert cluster.ask("PUT", DB, body).status_code == 400


def test_unknown_fields_are_refused_only_where_that_is_asked_for(cluster: Cluster) -> None:
    odd = {**secret(), "dat": {}}
    answer = cluster.ask("POST", f"{SECRETS}?fieldValidation=Strict", odd)

    assert answer.json()["message"] == 'strict decoding error: unknown field "dat"'
    assert cluster.ask("POST", SECRETS, odd).status_code == 201
    badly = {"metadata": {"nam": "x"}}
    answer = cluster.ask("PATCH", f"{DB}?fieldValidation=Strict", badly, kind=MERGE)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({}, "spec.selector: Required"),
        ({"selector": {"matchLabels": {"a": "b"}}}, "does not match template"),
        (
            {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}},
            },
            "spec.template.spec.containers: Required",
        ),
    ],
)
def test_a_workload_that_cannot_run_is_refused(
    cluster: Cluster, spec: dict[str, object], told: str
) -> None:
    thing = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    answer = cluster.ask("POST", DEPLOYMENTS, {**thing, "spec": spec})

    assert answer.status_code == 422
    assert told in answer.json()["message"]


def test_who_accepts_nothing_that_is_served_is_refused(cluster: Cluster) -> None:
    answer = cluster.ask("GET", SECRETS, Accept="application/vnd.kubernetes.protobuf")

    assert answer.status_code == 406


def test_a_custom_object_has_no_strategic_merge(cluster: Cluster) -> None:
    path = "/apis/external-secrets.io/v1/namespaces/apps/externalsecrets/db"

    assert cluster.ask("PATCH", path, {}, kind=STRATEGIC).status_code == 415
