"""RBAC is as narrow as the features that are on, and each rule says why it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.helm.charts import CASES, Manifest, case, of_kind, pod, render
from tests.helm.rules import GRANTS, Grant

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = [path.stem for path in CASES]
BY_SHAPE = {(item.group, item.resource, item.verbs, item.is_named): item for item in GRANTS}


def rules(found: list[Manifest]) -> list[Manifest]:
    """Read every rule of every role."""
    return [rule for role in of_kind(found, "Role") for rule in role["rules"]]


def grants(rule: Manifest) -> Iterator[Grant | None]:
    """Say which known grants a rule is made of; None for each that is unknown."""
    for group in rule["apiGroups"]:
        for resource in rule["resources"]:
            shape = (group, resource, frozenset(rule["verbs"]), bool(rule.get("resourceNames")))
            yield BY_SHAPE.get(shape)


@pytest.mark.parametrize("name", NAMES)
def test_each_rule_is_in_the_table_that_says_why(name: str) -> None:
    unknown = [rule for rule in rules(render(case(name))) if None in set(grants(rule))]

    assert unknown == []


def test_each_grant_of_the_table_is_still_given_by_a_case() -> None:
    given = {item for name in NAMES for rule in rules(render(case(name))) for item in grants(rule)}

    assert given == set(GRANTS)


@pytest.mark.parametrize("name", NAMES)
def test_no_rule_has_a_star_or_lists_secrets(name: str) -> None:
    for rule in rules(render(case(name))):
        assert "*" not in {*rule["apiGroups"], *rule["resources"], *rule["verbs"]}
        if "secrets" in rule["resources"]:
            assert set(rule["verbs"]) <= {"get", "patch", "create"}
            assert rule["resourceNames"]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_granted_in_the_whole_cluster(name: str) -> None:
    found = render(case(name))

    assert of_kind(found, "ClusterRole") == of_kind(found, "ClusterRoleBinding") == []


@pytest.mark.parametrize("name", NAMES)
def test_every_role_is_bound_to_the_daemon_alone(name: str) -> None:
    found = render(case(name))
    bindings = of_kind(found, "RoleBinding")

    assert [_place(item) for item in of_kind(found, "Role")] == [
        (item["metadata"]["namespace"], item["roleRef"]["name"]) for item in bindings
    ]
    for item in bindings:
        (subject,) = item["subjects"]
        assert item["roleRef"]["kind"] == "Role"
        assert (subject["kind"], subject["namespace"]) == ("ServiceAccount", "keys")
        assert subject["name"] == pod(found)["serviceAccountName"]


@pytest.mark.parametrize("name", NAMES)
def test_the_token_is_mounted_only_where_something_is_asked_of_the_cluster(name: str) -> None:
    found = render(case(name))
    asked = case(name).get("kubernetes", {})

    assert pod(found)["automountServiceAccountToken"] is any(asked.values())
    for account in of_kind(found, "ServiceAccount"):
        assert account["automountServiceAccountToken"] is False


def _place(item: Manifest) -> tuple[str, str]:
    return item["metadata"]["namespace"], item["metadata"]["name"]
