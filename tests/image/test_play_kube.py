"""The workload that the chart renders, with its own security context, rotates a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from tests.alerts.stack import free_ports
from tests.helm.charts import smallest
from tests.image.containers import USER, inspected
from tests.image.kube import adapted, played
from tests.process.consumer import Consumer
from tests.process.installation import (
    QUICK,
    QUICK_GRACE,
    QUICK_TRAITS,
    Installation,
    eventually,
)

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.simulators.aws.clients import SimulatedClients
    from rotator.simulators.aws.process import SimulatedAws
    from tests.helm.charts import Manifest
    from tests.image.pod import RunningPod

pytestmark = pytest.mark.process


def values_of(site: Installation, image: str) -> Manifest:
    """Write the values with which an operator would install this."""
    repository, _, tag = image.rpartition(":")
    port, *_ = free_ports(1)
    secret = {
        "name": "AWS_SECRET_ACCESS_KEY",
        "value": site.seeded.admin.secret_access_key,
    }
    return smallest(
        {
            "image": {"repository": repository, "tag": tag, "pullPolicy": "Never"},
            "config": {
                "mode": "enforce",
                "owner": "test",
                "web": {"port": port},
                "aws": {
                    "accounts": [{"id": site.account}],
                    "endpointUrl": site.aws.url,
                    **yaml.safe_load(QUICK_TRAITS),
                },
                **yaml.safe_load(QUICK),
            },
            "policy": {
                "inline": {
                    "defaults": {
                        "rotate": {"maxAge": "90d", "rotateAfter": "67d"},
                        **yaml.safe_load(QUICK_GRACE),
                    },
                    "rules": [
                        {
                            "name": "all",
                            "match": {"principal": "*"},
                            "action": "rotate",
                            "destination": {
                                "type": "aws-secrets-manager",
                                "secret": "iam/{principal}",
                            },
                        }
                    ],
                }
            },
            "extraEnv": [
                {"name": "AWS_ACCESS_KEY_ID", "value": site.seeded.admin.access_key_id},
                secret,
            ],
        }
    )


def assert_restricted(running: RunningPod) -> None:
    """See in the kernel that the security context holds."""
    lines = (running.process() / "status").read_text().splitlines()
    told = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert told["Uid"].split() == told["Gid"].split() == [USER] * 4
    assert {int(told[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {0}
    assert (told["NoNewPrivs"], told["Seccomp"]) == ("1", "2")
    assert inspected(running.id)["HostConfig"]["ReadonlyRootfs"] is True


def test_the_charts_workload_rotates_under_its_own_security_context(
    image: str, aws: SimulatedAws, hands: SimulatedClients, tmp_path: Path
) -> None:
    site = Installation(tmp_path / "site", aws, is_confirmed=False)
    site.add_user("old", days=80)
    consumer = Consumer(site, hands, "old")

    with consumer.working(), played(values_of(site, image), tmp_path) as running:
        running.url()
        assert_restricted(running)
        running.does("rotator", "accounts", "confirm", site.account, "--yes")
        site.wait_for_replacement("old")
        eventually(lambda: len(site.truth().deleted_keys) == 1, what="the old key's end")
        assert running.stop() == 0

    assert site.calls_about("old", "CreateAccessKey") == 1
    assert consumer.refused == []


def test_nothing_is_adapted_that_podman_can_take(aws: SimulatedAws, tmp_path: Path) -> None:
    site = Installation(tmp_path / "site", aws, is_confirmed=False)

    *maps, _, pod = adapted(values_of(site, "localhost/rotator:test"))

    (container,) = pod["spec"]["containers"]
    assert [it["kind"] for it in maps] == ["ConfigMap", "ConfigMap"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert pod["spec"]["securityContext"]["runAsUser"] == int(USER)
    assert "resources" in container
