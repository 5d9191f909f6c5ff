"""What runs: without privileges, told of its configuration, and never twice on one journal."""

from __future__ import annotations

import pytest

from tests.helm import restricted
from tests.helm.charts import (
    CASES,
    Manifest,
    case,
    container,
    of_kind,
    only,
    pod,
    pods,
    render,
    smallest,
    with_values,
    workload,
)

NAMES = [path.stem for path in CASES]


@pytest.mark.parametrize("name", NAMES)
def test_every_pod_is_restricted(name: str) -> None:
    assert [fault for item in pods(render(case(name))) for fault in restricted.faults(item)] == []


def test_the_user_is_the_one_of_the_image() -> None:
    context = pod(render(smallest()))["securityContext"]

    assert {context[key] for key in ("runAsUser", "runAsGroup", "fsGroup")} == {65532}
    assert context["fsGroupChangePolicy"] == "OnRootMismatch"


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_is_rendered(name: str) -> None:
    assert of_kind(render(case(name)), "Secret") == []


def test_one_pod_owns_a_journal_that_is_a_file() -> None:
    found = workload(render(smallest()))
    (claim,) = found["spec"]["volumeClaimTemplates"]

    assert (found["kind"], found["spec"]["replicas"]) == ("StatefulSet", 1)
    assert claim["spec"]["accessModes"] == ["ReadWriteOncePod"]
    assert found["spec"]["persistentVolumeClaimRetentionPolicy"] == {
        "whenDeleted": "Retain",
        "whenScaled": "Retain",
    }


def test_replicas_on_postgresql_are_equal_and_apart() -> None:
    found = render(case("postgresql"))
    deployment = workload(found)
    budget = only(found, "PodDisruptionBudget")
    (spread, *_) = deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]
    labels = deployment["spec"]["selector"]["matchLabels"]

    assert (deployment["kind"], deployment["spec"]["replicas"]) == ("Deployment", 2)
    assert budget["spec"]["selector"]["matchLabels"] == labels
    assert spread["labelSelector"]["matchLabels"] == labels


@pytest.mark.parametrize("name", NAMES)
def test_no_mount_is_of_a_single_file(name: str) -> None:
    """A file that is mounted by itself never changes in a running pod."""
    mounts = [
        mount
        for item in pods(render(case(name)))
        for part in [*item["containers"], *item.get("initContainers", ())]
        for mount in part.get("volumeMounts", ())
    ]

    assert [mount for mount in mounts if "subPath" in mount] == []


@pytest.mark.parametrize("name", NAMES)
def test_temporary_files_never_reach_a_disk(name: str) -> None:
    found = render(case(name))
    (mount,) = (item for item in container(found)["volumeMounts"] if item["mountPath"] == "/tmp")  # noqa: S108 - the pod's own
    (volume,) = (item for item in pod(found)["volumes"] if item["name"] == mount["name"])

    assert volume["emptyDir"]["medium"] == "Memory"
    assert volume["emptyDir"]["sizeLimit"]


def template(values: Manifest) -> object:
    """Render what makes pods be replaced when it changes."""
    return workload(render(values))["spec"]["template"]


@pytest.mark.parametrize("name", ["default", "postgresql"])
def test_a_new_policy_does_not_replace_pods_and_a_new_configuration_does(name: str) -> None:
    before = case(name)
    rules = [{"name": "all", "match": {"principal": "*"}, "action": "ignore"}]
    policy = {"apiVersion": "rotator/v1", "kind": "Policy", "rules": rules}

    def after(**changes: object) -> Manifest:
        return with_values(before, changes)

    assert template(after(policy={"inline": policy})) == template(before)
    assert template(after(config={"owner": "another"})) != template(before)
    assert template(after(specs={"hub.yaml": "# a spec"})) != template(before)


def test_a_new_policy_is_where_the_pod_reads_it() -> None:
    rules = [{"name": "everyone-else", "match": {"principal": "*"}, "action": "ignore"}]
    policy = {"apiVersion": "rotator/v1", "kind": "Policy", "rules": rules}

    found = render(smallest({"policy": {"inline": policy}}))

    texts = [text for item in of_kind(found, "ConfigMap") for text in item["data"].values()]
    assert [text for text in texts if "everyone-else" in text]


def test_a_digest_beats_a_tag() -> None:
    digest = "sha256:" + "0" * 64

    def image(**changes: str) -> object:
        found = {"registry": "", "repository": "example.test/r", "tag": "1", **changes}
        return container(render(smallest({"image": found})))["image"]

    assert image() == "example.test/r:1"
    assert image(digest=digest) == f"example.test/r@{digest}"
    assert image(registry="mirror.test", repository="r") == "mirror.test/r:1"


def test_the_image_is_of_the_release_unless_another_is_said() -> None:
    image: str = container(render(smallest()))["image"]

    assert image.endswith(
        ":" + only(render(smallest()), "Service")["metadata"]["labels"]["app.kubernetes.io/version"]
    )


@pytest.mark.parametrize("name", ["default", "postgresql"])
def test_probes_ask_the_port_that_is_scraped(name: str) -> None:
    item = container(render(case(name)))
    asked = {key: item[key]["httpGet"] for key in item if key.endswith("Probe")}

    assert asked == {
        "startupProbe": {"path": "/livez", "port": "metrics"},
        "livenessProbe": {"path": "/livez", "port": "metrics"},
        "readinessProbe": {"path": "/readyz", "port": "metrics"},
    }
    assert [port["name"] for port in item["ports"]] == ["metrics"]


def test_an_open_effect_may_finish_before_the_pod_is_killed() -> None:
    assert pod(render(smallest()))["terminationGracePeriodSeconds"] >= 90
