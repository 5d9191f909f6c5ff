"""Server-side apply, as KEP-555 and the API conventions describe it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rotator.simulators.kubernetes.fields import told
from tests.simulators.cluster import SECRETS, STRATEGIC, Body, Cluster, encoded, owned, secret

DB = f"{SECRETS}/db"


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def test_an_applier_owns_what_it_applies_and_nothing_else(cluster: Cluster) -> None:
    made = cluster.apply(DB, secret(user="u", metadata={"labels": {"a": "1"}}))

    assert owned(made) == {
        "rotator/Apply": {
            "f:data": {"f:user": {}},
            "f:metadata": {"f:labels": {"f:a": {}}},
        }
    }
    assert made["type"] == "Opaque"


def test_fields_of_others_stay(cluster: Cluster) -> None:
    cluster.create(SECRETS, secret(theirs="x"))
    applied = cluster.apply(DB, secret(ours="y"))

    assert applied["data"] == {"theirs": encoded("x"), "ours": encoded("y")}
    assert set(owned(applied)) == {"rotator/Apply", "tester/Update"}
    assert owned(applied)["tester/Update"]["f:data"] == {".": {}, "f:theirs": {}}


def test_what_an_applier_leaves_out_goes_if_nobody_else_owns_it(cluster: Cluster) -> None:
    cluster.apply(DB, secret(a="1", b="2"))
    cluster.apply(DB, secret(b="2"), manager="other")
    left = cluster.apply(DB, secret())

    assert left["data"] == {"b": encoded("2")}
    assert owned(left)["rotator/Apply"] == {"f:data": {}}


def test_a_field_of_somebody_else_is_a_conflict_that_names_owner_and_field(
    cluster: Cluster,
) -> None:
    cluster.create(SECRETS, secret(key="old"))
    answer = cluster.try_apply(DB, secret(key="new"))
    told = answer.json()

    assert (answer.status_code, told["reason"]) == (409, "Conflict")
    assert told["message"] == (
        'Apply failed with 1 conflict: conflict with "tester" using v1 at 2026-01-01T00:00:00Z:'
        " .data.key"
    )
    cause = told["details"]["causes"][0]
    assert (cause["reason"], cause["field"]) == ("FieldManagerConflict", ".data.key")
    assert cluster.get(DB)["data"] == {"key": encoded("old")}


def test_several_conflicts_are_told_by_owner(cluster: Cluster) -> None:
    cluster.apply(DB, secret(a="1", b="2"), manager="one")
    told = cluster.try_apply(DB, secret(a="3", b="4"), manager="two").json()

    assert told["message"] == (
        'Apply failed with 2 conflicts: conflicts with "one":\n- .data.a\n- .data.b'
    )


def test_force_takes_fields_over(cluster: Cluster) -> None:
    cluster.apply(DB, secret(key="old", other="o"), manager="before")
    taken = cluster.apply(DB, secret(key="new"), force=True)

    assert taken["data"] == {"key": encoded("new"), "other": encoded("o")}
    assert owned(taken) == {
        "before/Apply": {"f:data": {"f:other": {}}},
        "rotator/Apply": {"f:data": {"f:key": {}}},
    }


def test_the_same_value_is_shared_and_no_conflict(cluster: Cluster) -> None:
    cluster.apply(DB, secret(key="same"), manager="one")
    shared = cluster.apply(DB, secret(key="same"), manager="two")

    assert set(owned(shared)) == {"one/Apply", "two/Apply"}


def test_the_same_name_by_another_operation_is_somebody_else(cluster: Cluster) -> None:
    cluster.create(f"{SECRETS}?fieldManager=rotator", secret(key="old"))

    assert cluster.try_apply(DB, secret(key="new")).status_code == 409


def test_whoever_changes_a_field_by_a_merge_patch_owns_it_alone(cluster: Cluster) -> None:
    cluster.apply(DB, secret(key="ours", more="m"))
    cluster.wait(60)
    changed = cluster.merge(DB, {"data": {"key": encoded("theirs")}})

    assert owned(changed) == {
        "rotator/Apply": {"f:data": {"f:more": {}}},
        "tester/Update": {"f:data": {"f:key": {}}},
    }
    times = {e["manager"]: e["time"] for e in changed["metadata"]["managedFields"]}
    assert times["tester"] == "2026-01-01T00:01:00Z"


def test_a_patch_that_changes_nothing_changes_no_version_and_no_owner(cluster: Cluster) -> None:
    before = cluster.apply(DB, secret(key="same"))
    cluster.wait(60)

    assert cluster.apply(DB, secret(key="same")) == before
    assert cluster.merge(DB, {"data": {"key": encoded("same")}}) == before


def test_a_removed_field_is_nobodys(cluster: Cluster) -> None:
    cluster.apply(DB, secret(key="ours", more="m"))
    left = cluster.merge(DB, {"data": {"key": None}})

    assert owned(left) == {"rotator/Apply": {"f:data": {"f:more": {}}}}


@pytest.mark.parametrize(("field", "status"), [("resourceVersion", 409), ("uid", 422)])
def test_a_precondition_in_an_applied_object_is_kept_to(
    cluster: Cluster, field: str, status: int
) -> None:
    before = cluster.apply(DB, secret(key="1"))["metadata"]
    right = secret(key="2", metadata={field: before[field]})
    wrong = secret(key="3", metadata={field: "999"})

    assert cluster.apply(DB, right)["data"] == {"key": encoded("2")}
    assert cluster.try_apply(DB, wrong).status_code == status
    assert cluster.get(DB)["data"] == {"key": encoded("2")}


def test_nothing_is_created_in_place_of_an_object_that_is_told_by_its_uid(
    cluster: Cluster,
) -> None:
    gone = secret(key="1", metadata={"uid": "1234"})

    assert cluster.try_apply(DB, gone).status_code == 409
    by_version = secret(key="1", metadata={"resourceVersion": "7"})
    assert cluster.try_apply(DB, by_version).status_code == 201


@pytest.mark.parametrize(
    ("query", "status", "named"),
    [
        ("", 422, "fieldManager: Required value"),
        ("?fieldManager=" + "m" * 129, 422, "Too long"),
    ],
)
def test_who_applies_says_its_name(cluster: Cluster, query: str, status: int, named: str) -> None:
    answer = cluster.ask("PATCH", f"{DB}{query}", secret(), kind="application/apply-patch+yaml")

    assert answer.status_code == status
    assert named in answer.json()["message"]


def test_force_is_for_applying_only(cluster: Cluster) -> None:
    cluster.create(SECRETS, secret())
    answer = cluster.ask("PATCH", f"{DB}?force=true", {}, kind="application/merge-patch+json")

    assert answer.status_code == 422


def test_an_applied_object_says_nothing_of_owners_and_no_field_that_is_unknown(
    cluster: Cluster,
) -> None:
    owners = secret(metadata={"managedFields": []})
    unknown = {**secret(), "dat": {}}

    assert cluster.try_apply(DB, owners).status_code == 400
    assert "field not declared in schema" in cluster.try_apply(DB, unknown).json()["message"]


def test_applied_texts_become_data_that_the_applier_does_not_own(cluster: Cluster) -> None:
    texts = {**secret(), "stringData": {"key": "plain"}}
    del texts["data"]
    made = cluster.apply(DB, texts)

    assert made["data"] == {"key": encoded("plain")}
    assert owned(made)["rotator/Apply"] == {"f:stringData": {"f:key": {}}}


def test_yaml_may_be_applied(cluster: Cluster) -> None:
    body = b"apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ndata:\n  key: eA==\n"
    url = f"http://simulated.kubernetes{DB}?fieldManager=rotator"
    headers = {
        "Authorization": f"Bearer {cluster.admin}",
        "Content-Type": "application/apply-patch+yaml",
    }

    assert cluster.http.patch(url, content=body, headers=headers).status_code == 201


def test_items_of_lists_have_owners_of_their_own(cluster: Cluster) -> None:
    path = "/apis/apps/v1/namespaces/apps/deployments/web"
    app = {"name": "app", "image": "one", "env": [{"name": "A", "value": "1"}]}
    spec = {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [app]}},
    }
    whole = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    cluster.apply(path, {**whole, "spec": spec}, manager="owner")
    patch = {
        "spec": {
            "template": {
                "spec": {"containers": [{"name": "app", "env": [{"name": "B", "value": "2"}]}]}
            }
        }
    }
    changed = cluster.apply(path, {**whole, **patch}, manager="sidecar")
    names = [e["name"] for e in changed["spec"]["template"]["spec"]["containers"][0]["env"]]
    fields = owned(changed)["sidecar/Apply"]["f:spec"]["f:template"]["f:spec"]["f:containers"]

    assert names == ["A", "B"]
    assert fields == {
        'k:{"name":"app"}': {
            ".": {},
            "f:env": {'k:{"name":"B"}': {".": {}, "f:name": {}, "f:value": {}}},
            "f:name": {},
        }
    }
    assert cluster.ask("PATCH", path, patch, kind=STRATEGIC).status_code == 200
    back = cluster.apply(path, whole, manager="sidecar")
    assert [e["name"] for e in back["spec"]["template"]["spec"]["containers"][0]["env"]] == ["A"]


def test_the_time_of_an_owner_is_that_of_its_own_last_change(cluster: Cluster) -> None:
    cluster.apply(DB, secret(a="1", b="1"), manager="one")
    cluster.wait(60)
    taken = cluster.apply(DB, secret(a="2"), manager="two", force=True)
    times = {e["manager"]: e["time"] for e in taken["metadata"]["managedFields"]}

    assert times == {"one": "2026-01-01T00:00:00Z", "two": "2026-01-01T00:01:00Z"}


def test_a_conflict_names_items_of_lists_and_parts_of_objects(cluster: Cluster) -> None:
    path = "/api/v1/namespaces/apps/pods/web"
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}}
    app = {"name": "app", "image": "one"}
    cluster.apply(path, {**pod, "spec": {"containers": [app]}}, manager="owner")
    changed = {**pod, "spec": {"containers": [{**app, "image": "two"}]}}
    told = cluster.try_apply(path, changed).json()["message"]
    assert told.endswith('conflict with "owner": .spec.containers[name="app"].image')

    mine = {**pod, "status": {"phase": "Failed"}}
    told = cluster.try_apply(f"{path}/status", mine).json()["message"]
    assert told.endswith(
        'conflict with "kubelet" with subresource "status" using v1 at 2026-01-01T00:00:00Z:'
        " .status.phase"
    )


def test_an_item_of_a_set_is_told_by_its_value(cluster: Cluster) -> None:
    thing = secret(metadata={"finalizers": ["a.io/x", "a.io/y"]})
    made = cluster.apply(DB, thing)
    assert owned(made)["rotator/Apply"]["f:metadata"] == {
        "f:finalizers": {'v:"a.io/x"': {}, 'v:"a.io/y"': {}}
    }

    left = cluster.apply(DB, secret(metadata={"finalizers": ["a.io/y"]}))
    assert left["metadata"]["finalizers"] == ["a.io/y"]
    assert told(("f:metadata", "f:finalizers", 'v:"a.io/y"')) == '.metadata.finalizers[="a.io/y"]'


def test_ports_of_services_are_told_apart_by_their_numbers(cluster: Cluster) -> None:
    path = "/api/v1/namespaces/apps/services/web"
    ports = [{"name": "a", "port": 80}, {"name": "b", "port": 81}]
    spec = {"selector": {"app": "web"}, "ports": ports}
    thing = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}

    assert len(cluster.apply(path, thing)["spec"]["ports"]) == 2
    assert cluster.apply(path, thing)["metadata"]["generation"] == 1


def test_a_map_goes_with_its_last_field(cluster: Cluster) -> None:
    cluster.apply(DB, secret(key="1"))
    bare = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}}

    assert "data" not in cluster.apply(DB, bare)
    cluster.apply(DB, {**bare, "data": {}})
    assert cluster.apply(DB, secret(key="2"))["data"] == {"key": encoded("2")}


KEYS, VALUES = st.sampled_from("abc"), st.sampled_from("12")
CHANGE = st.tuples(
    st.sampled_from(["apply", "force", "merge"]),
    st.sampled_from(["one", "two", "three"]),
    st.dictionaries(KEYS, VALUES),
)


def of_data(thing: Body) -> dict[str, set[str]]:
    """Return which keys of a Secret's data each manager owns."""
    return {
        manager: {step[2:] for step in fields.get("f:data", {}) if step != "."}
        for manager, fields in owned(thing).items()
    }


@settings(max_examples=60)
@given(st.lists(CHANGE, max_size=12))
def test_whatever_is_written_values_and_owners_agree(
    changes: list[tuple[str, str, dict[str, str]]],
) -> None:
    cluster = Cluster()
    before = cluster.create(f"{SECRETS}?fieldManager=maker", secret())
    for how, manager, wanted in changes:
        values = {key: encoded(value) for key, value in wanted.items()}
        if how == "merge":
            after = cluster.merge(f"{DB}?fieldManager={manager}", {"data": values})
        else:
            answer = cluster.try_apply(
                DB, {**secret(), "data": values}, manager=manager, force=how == "force"
            )
            assert answer.status_code == 200 or how == "apply"
            after = answer.json() if answer.status_code == 200 else cluster.get(DB)
            if answer.status_code == 409:
                assert after == before
                continue
        data, owners = after.get("data") or {}, of_data(after)
        others = set().union(*(o for m, o in of_data(before).items() if not m.startswith(manager)))

        assert data.items() >= values.items()
        assert set().union(*owners.values()) == set(data)
        assert others <= set(data)
        if how != "merge":
            assert owners.get(f"{manager}/Apply", set()) == set(values)
        before = after
