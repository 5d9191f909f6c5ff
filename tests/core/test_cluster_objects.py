"""What keeps an object of a cluster from taking a new key over is found in its own fields."""

from __future__ import annotations

from typing import Any

import pytest

from rotator.core.cluster_objects import feed_obstacle, pin_obstacle, restart_obstacle
from rotator.core.consumers import ConsumerKind


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ({"refreshInterval": "1h"}, ""),
        ({}, ""),
        ({"refreshInterval": "0"}, "refreshInterval: 0"),
        ({"refreshInterval": "0s"}, "refreshInterval: 0"),
        ({"refreshInterval": "0h0m0s", "refreshPolicy": "OnChange"}, ""),
        ({"refreshPolicy": "CreatedOnce"}, "CreatedOnce"),
        ({"target": {"immutable": True}}, "immutable"),
    ],
)
def test_an_external_secret_that_never_changes_says_so(spec: dict[str, Any], word: str) -> None:
    obstacle = feed_obstacle({"spec": spec})

    assert word in obstacle
    assert bool(word) == bool(obstacle)


ARN = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:iam/shop-AbCdEf"


@pytest.mark.parametrize("key", ["iam/shop", "shop", "prod/iam/shop", ARN])
@pytest.mark.parametrize(("part", "source"), [("data", "remoteRef"), ("dataFrom", "extract")])
def test_an_external_secret_that_is_pinned_to_a_version_says_so(
    key: str, part: str, source: str
) -> None:
    for version in ("AWSPREVIOUS", "uuid/1234"):
        spec = {part: [{"find": {}}, {source: {"key": key, "version": version}}]}
        assert version in pin_obstacle({"spec": spec}, "iam/shop")


@pytest.mark.parametrize(
    "at",
    [
        {"key": "iam/shop"},
        {"key": "iam/shop", "version": "AWSCURRENT"},
        {"key": "iam/other", "version": "uuid/1234"},
        {"version": "uuid/1234"},
    ],
)
def test_a_version_that_is_current_or_anothers_is_no_obstacle(at: dict[str, str]) -> None:
    assert not pin_obstacle({"spec": {"data": [{"remoteRef": at}]}}, "iam/shop")


@pytest.mark.parametrize(
    ("kind", "spec", "word"),
    [
        (ConsumerKind.DEPLOYMENT, {"strategy": {"type": "RollingUpdate"}}, ""),
        (ConsumerKind.DEPLOYMENT, {"strategy": {"type": "Recreate"}}, "Recreate"),
        (ConsumerKind.DEPLOYMENT, {"paused": True}, "paused"),
        (ConsumerKind.STATEFUL_SET, {"updateStrategy": {"type": "OnDelete"}}, "OnDelete"),
        (
            ConsumerKind.STATEFUL_SET,
            {"updateStrategy": {"rollingUpdate": {"partition": 1}}},
            "partition",
        ),
        (ConsumerKind.STATEFUL_SET, {"updateStrategy": {"rollingUpdate": {"partition": 0}}}, ""),
        (ConsumerKind.DAEMON_SET, {"updateStrategy": {"type": "OnDelete"}}, "OnDelete"),
        (ConsumerKind.DAEMON_SET, {}, ""),
    ],
)
def test_what_must_not_be_restarted_says_why(
    kind: ConsumerKind, spec: dict[str, Any], word: str
) -> None:
    obstacle = restart_obstacle(kind, spec)

    assert word in obstacle
    assert bool(word) == bool(obstacle)
