"""The page on Kubernetes: what it has people write and type leads to what it says."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner

from rotator.cli.main import cli
from tests.gates.tree import ROOT
from tests.helm.charts import of_kind, only, render, workload

if TYPE_CHECKING:
    from pathlib import Path

TEXT = (ROOT / "docs" / "deploy" / "kubernetes.md").read_text(encoding="utf-8")
VALUES = [
    yaml.safe_load(text) for text in re.findall(r"```yaml\n# values\n(.*?)```", TEXT, re.DOTALL)
]
FIRST, WITH_RULES, DATABASE, PLACES, _ = VALUES
TRUST = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)]
HUB = "arn:aws:iam::111122223333:role/rotator"


@pytest.fixture
def typed(tmp_path: Path) -> Any:  # noqa: ANN401 - a function
    """Return what types a command in the pod that some values lead to."""

    def type_in_pod(values: dict[str, Any], *words: str) -> str:
        data = {
            name: text
            for thing in of_kind(render(values), "ConfigMap")
            for name, text in thing["data"].items()
        }
        told = data["rotator.yaml"].replace("/etc/rotator-policy/", f"{tmp_path}/")
        (tmp_path / "rotator.yaml").write_text(told, encoding="utf-8")
        (tmp_path / "policy.yaml").write_text(data["policy.yaml"], encoding="utf-8")
        found = CliRunner().invoke(cli, [*words, "--config", str(tmp_path / "rotator.yaml")])
        assert found.exit_code == 0, found.output
        return found.stdout

    return type_in_pod


def allowed(document: str) -> dict[str, list[str]]:
    """Return what each allowed action is allowed on."""
    return {
        action: [statement["Resource"]]
        if isinstance(statement["Resource"], str)
        else statement["Resource"]
        for statement in json.loads(document)["Statement"]
        if statement["Effect"] == "Allow"
        for action in _listed(statement["Action"])
    }


def _listed(found: str | list[str]) -> list[str]:
    return [found] if isinstance(found, str) else found


def test_the_first_installation_changes_nothing_and_asks_only_to_read(typed: Any) -> None:  # noqa: ANN401
    actions = allowed(typed(FIRST, "aws", "policy", "hub", "--identity", HUB))

    verbs = {action.split(":")[1] for action in actions}
    reading = ("List", "Get", "Describe", "Generate", "Simulate")
    assert {verb for verb in verbs if not verb.startswith(reading)} == set()
    assert "mode           plan" in typed(FIRST, "config", "check")


def test_the_rules_of_the_page_ask_for_their_users_alone(typed: Any) -> None:  # noqa: ANN401
    actions = allowed(typed(WITH_RULES, "aws", "policy", "hub", "--identity", HUB))

    assert actions["iam:CreateAccessKey"] == ["arn:aws:iam::111122223333:user/svc/*"]


def test_the_key_in_two_places_is_granted_and_configured(typed: Any) -> None:  # noqa: ANN401
    assert "fine, 1 rule\n" in typed(PLACES, "config", "check")

    rules = [rule for role in of_kind(render(PLACES), "Role") for rule in role["rules"]]
    assert ["payments-aws", "payments-aws-rotator"] in [rule.get("resourceNames") for rule in rules]


@pytest.mark.parametrize(
    ("values", "name"), [(FIRST, "statefulset/rotator"), (DATABASE, "deployment/rotator")]
)
def test_commands_go_to_the_workload_that_there_is(values: dict[str, Any], name: str) -> None:
    found = workload(render(values))

    assert f"{found['kind'].lower()}/{found['metadata']['name']}" == name
    assert set(re.findall(r"(?:statefulset|deployment)/\w+", TEXT)) == {
        "statefulset/rotator",
        "deployment/rotator",
    }


def test_only_the_charts_own_service_account_may_become_the_role() -> None:
    account = only(render(FIRST), "ServiceAccount")["metadata"]["name"]
    pod_identity, web_identity = (document["Statement"][0] for document in TRUST)

    assert f"--service-account {account} " in TEXT
    assert pod_identity["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    told = web_identity["Condition"]["StringEquals"]
    assert {name.rpartition(":")[2]: value for name, value in told.items()} == {
        "sub": f"system:serviceaccount:rotator:{account}",
        "aud": "sts.amazonaws.com",
    }
