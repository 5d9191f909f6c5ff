"""The daemon reads what is rendered: its files, where its pod sees them, and its environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from rotator.audit.signing import generate
from rotator.core.terms import Mode
from rotator.settings.loading import load
from tests.helm.charts import CASES, Manifest, case, container, pod, render, smallest
from tests.helm.pod_files import CONFIG, environment, lay_out, referenced
from tests.settings.http_files import SPEC, section
from tests.settings.http_files import account as http_account

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.settings.settings import Settings

NAMES = [path.stem for path in CASES]

POLICY = """\
apiVersion: rotator/v1
kind: Policy
rules: [{name: theirs, match: {principal: "*"}, action: report}]
"""

OTHERS = {
    "rotator-journal/url": "postgresql://rotator:secret@db.example.test/rotator",
    "rotator-journal/dsn": "postgresql://rotator:secret@db.example.test/rotator",
    "rotator-aws/shared-credentials": "[default]",
    "rotator-audit/ed25519.pem": generate().reveal(),
    "rotator-fingerprints/k1": "1" * 32,
    "rotator-channels/pager": "https://hooks.example.test/services/T0/B0/x",
    "policy-of-security/rotator-policy.yaml": POLICY,
}
"""What Secrets and ConfigMaps hold that the chart does not make."""


def settings_of(values: Manifest, folder: Path) -> Settings:
    """Let the daemon's own loader read what the pod would see."""
    found = render(values)
    return load(lay_out(found, folder, OTHERS), environment(found, OTHERS))


@pytest.mark.parametrize("name", NAMES)
def test_the_daemon_accepts_the_files(name: str, tmp_path: Path) -> None:
    values = case(name)

    settings = settings_of(values, tmp_path)

    port = container(render(values))["ports"][0]["containerPort"]
    assert (settings.web.host, settings.web.port) == ("0.0.0.0", port)  # noqa: S104 - the pod's
    assert settings.mode == values.get("config", {}).get("mode", Mode.PLAN)
    assert settings.policy_file.parent == tmp_path / "etc" / "rotator-policy"


@pytest.mark.parametrize("name", NAMES)
def test_every_file_that_the_configuration_names_is_mounted(name: str, tmp_path: Path) -> None:
    text = lay_out(render(case(name)), tmp_path, OTHERS).read_text(encoding="utf-8")

    assert [file for file in referenced(text) if not file.startswith(str(tmp_path))] == []


def test_the_daemon_is_started_with_the_configuration_that_is_mounted() -> None:
    item = container(render(case("default")))

    assert [*item.get("command", ()), *item.get("args", ())][:4] == [
        "rotator",
        "run",
        "--config",
        CONFIG,
    ]


def test_a_new_installation_changes_nothing(tmp_path: Path) -> None:
    settings = settings_of(smallest(), tmp_path)

    assert settings.mode is Mode.PLAN


def test_what_the_daemon_writes_by_default_is_on_the_volume(tmp_path: Path) -> None:
    settings = settings_of(smallest(), tmp_path)
    found = render(smallest())
    claims = {"data"} | {
        item["name"] for item in pod(found)["volumes"] if "persistentVolumeClaim" in item
    }
    (place,) = (
        item["mountPath"] for item in container(found)["volumeMounts"] if item["name"] in claims
    )

    assert settings.journal_url.startswith(f"sqlite:///{place}/")
    assert str(settings.audit_file).startswith(f"{place}/")


@pytest.mark.parametrize("is_text", [False, True], ids=["values", "file"])
def test_specs_of_ones_own_are_beside_the_configuration(is_text: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter
    spec: object = SPEC if is_text else yaml.safe_load(SPEC)
    rules = [{"name": "all", "match": {"provider": "*"}, "action": "report"}]
    policy = {"apiVersion": "rotator/v1", "kind": "Policy", "rules": rules}
    values = smallest(
        {
            "config": yaml.safe_load(section(http_account())),
            "policy": {"inline": policy},
            "specs": {"hub.yaml": spec},
        }
    )

    (found,) = settings_of(values, tmp_path).http_accounts

    assert found.spec.file == str(tmp_path / "etc" / "rotator" / "hub.yaml")
