"""Names fit, stay apart and are found again; labels are on everything."""

from __future__ import annotations

import pytest

from tests.helm.charts import (
    CASES,
    Manifest,
    case,
    container,
    of_kind,
    pod,
    render,
    with_values,
    workload,
)

NAMES = [path.stem for path in CASES]
LONGEST = "a" * 53
"""Helm takes no longer name of a release."""

ROOM = {"StatefulSet": 52, "Deployment": 52}
"""Kubernetes appends the hash of a revision to these."""


@pytest.mark.parametrize("name", NAMES)
def test_the_longest_name_of_a_release_fits_and_collides_with_nothing(name: str) -> None:
    found = render(case(name), name=LONGEST)
    seen = [_identity(item) for item in found]

    assert len(set(seen)) == len(seen)
    for item in found:
        assert len(item["metadata"]["name"]) <= ROOM.get(item["kind"], 63)
        assert not item["metadata"]["name"].endswith(("-", "."))
        assert all(len(str(value)) <= 63 for value in _labels(item).values())


@pytest.mark.parametrize("release", ["rotator", "eu", LONGEST])
@pytest.mark.parametrize("name", NAMES)
def test_what_an_object_names_is_there(name: str, release: str) -> None:
    found = render(case(name), name=release)
    made = {(item["kind"], item["metadata"]["name"]) for item in found}
    own = {item["metadata"]["name"] for item in found}
    prefix = workload(found)["metadata"]["name"]

    named = [
        ("ConfigMap", volume["configMap"]["name"])
        for volume in pod(found)["volumes"]
        if "configMap" in volume
    ]
    named += [("ServiceAccount", pod(found)["serviceAccountName"])]
    ours = [item for item in named if item[1].startswith(prefix)]
    assert set(ours) <= made
    assert prefix in own


@pytest.mark.parametrize("name", NAMES)
def test_selectors_select_the_pods_and_nothing_that_may_change(name: str) -> None:
    labels = {"example.test/cost-centre": "42"}
    found = render(with_values(case(name), {"commonLabels": labels}))
    running = workload(found)
    selected = running["spec"]["selector"]["matchLabels"]

    assert set(selected) == {"app.kubernetes.io/name", "app.kubernetes.io/instance"}
    assert selected.items() <= running["spec"]["template"]["metadata"]["labels"].items()
    for service in of_kind(found, "Service"):
        assert service["spec"]["selector"] == selected
        assert service["spec"]["ports"][0]["targetPort"] == container(found)["ports"][0]["name"]


@pytest.mark.parametrize("name", NAMES)
def test_the_pod_of_a_test_is_not_taken_for_the_daemon(name: str) -> None:
    found = render(case(name))
    selected = workload(found)["spec"]["selector"]["matchLabels"].items()

    assert [item for item in of_kind(found, "Pod") if selected <= _labels(item).items()] == []


@pytest.mark.parametrize("name", NAMES)
def test_common_labels_are_on_every_object_and_pod(name: str) -> None:
    labels = {"example.test/cost-centre": "42"}
    found = render(with_values(case(name), {"commonLabels": labels}))
    template = workload(found)["spec"]["template"]

    bare = [item for item in _ours(found) if not labels.items() <= _labels(item).items()]
    assert bare == []
    assert labels.items() <= template["metadata"]["labels"].items()


@pytest.mark.parametrize("name", NAMES)
def test_every_object_says_what_it_is_part_of(name: str) -> None:
    found = render(case(name))
    own = _labels(workload(found))["app.kubernetes.io/name"]

    for item in _ours(found):
        named = f"{own}-test" if item["kind"] == "Pod" else own
        assert _labels(item)["app.kubernetes.io/name"] == named
        assert _labels(item)["app.kubernetes.io/instance"] == "rotator"
        assert _labels(item)["helm.sh/chart"].startswith("rotator-")


def _ours(found: list[Manifest]) -> list[Manifest]:
    """Leave out what an installation adds as `extraObjects`, which has its own labels."""
    return [item for item in found if not item["metadata"]["name"].endswith("-extra")]


def _labels(item: Manifest) -> dict[str, str]:
    found: dict[str, str] = item["metadata"].get("labels", {})
    return found


def _identity(item: Manifest) -> tuple[str, str, str]:
    return item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]
