"""What an object of a cluster says is read as it is meant, and nonsense proves nothing."""

from __future__ import annotations

from typing import Any

import pytest

from rotator.consumers import objects
from rotator.consumers.kubernetes import KubernetesConsumers
from rotator.core.consumers import ConsumerKind, ConsumerRef
from rotator.errors import UnavailableError
from tests.builders import EPOCH, at

STAMP = "2026-01-01T00:00:00Z"


def test_pods_are_found_by_every_kind_of_selector() -> None:
    expressions = [
        {"key": "tier", "operator": "In", "values": ["a", "b"]},
        {"key": "env", "operator": "NotIn", "values": ["dev"]},
        {"key": "x", "operator": "Exists"},
        {"key": "y", "operator": "DoesNotExist"},
    ]
    chosen = {"matchLabels": {"app": "api"}, "matchExpressions": expressions}

    assert objects.selector({"spec": {"selector": chosen}}) == (
        "app=api,tier in (a,b),env notin (dev),x,!y"
    )


def test_the_oldest_pod_counts_and_one_that_is_over_does_not() -> None:
    pods: list[dict[str, Any]] = [
        {"status": {"phase": "Running", "startTime": "2026-01-01T02:00:00Z"}},
        {"status": {"phase": "Pending"}, "metadata": {"creationTimestamp": "2026-01-01T01:00:00Z"}},
        {"status": {"phase": "Succeeded", "startTime": STAMP}},
        {"status": {}},
    ]

    assert objects.oldest(pods) == at(hours=1)
    assert objects.oldest([]) is None


def test_a_node_whose_clock_is_fast_makes_no_pod_younger() -> None:
    pod: dict[str, Any] = {
        "metadata": {"creationTimestamp": "2026-01-01T01:00:00Z"},
        "status": {"phase": "Running", "startTime": "2026-01-01T03:00:00Z"},
    }

    assert objects.oldest([pod]) == at(hours=1)


@pytest.mark.parametrize(
    ("found", "version"),
    [
        ("iam_svc", "1"),
        ("iam/svc", "1"),
        ("arn:aws:secretsmanager:eu-central-1:111122223333:secret:iam/svc-AbCdEf", "1"),
        ("arn:aws:secretsmanager:eu-central-1:111122223333:secret:iam/svc", "1"),
        ("iam/svc-2", ""),
        ("", ""),
    ],
)
def test_an_object_is_found_by_its_file_its_name_or_its_arn(found: str, version: str) -> None:
    held = [{"id": found, "version": "1"}]
    statuses: list[dict[str, Any]] = [
        {"status": {"secretProviderClassName": "aws", "objects": held}},
        {"status": {"secretProviderClassName": "another", "objects": []}},
    ]

    assert objects.mounted(statuses, "aws", "iam/svc") == {version}


def test_times_are_read_and_nonsense_is_none() -> None:
    assert objects.moment(STAMP) == EPOCH
    assert objects.moment("2026-01-01T01:00:00+01:00") == EPOCH
    for text in (None, 7, "", "yesterday", "2026-01-01T00:00:00"):
        assert objects.moment(text) is None


@pytest.mark.parametrize("text", [None, "now", "-1", "9" * 30])
def test_a_mark_of_another_tool_is_no_time(text: object) -> None:
    ref = ConsumerRef(kind=ConsumerKind.EXTERNAL_SECRET, namespace="a", name="b")
    found = {"metadata": {"annotations": {objects.FORCE_SYNC: text}}}

    assert objects.feed(ref, found, "iam/svc").asked_at is None


def test_a_server_that_tells_no_time_proves_nothing() -> None:
    class Timeless:
        def now_there(self) -> None:
            return None

    with pytest.raises(UnavailableError):
        KubernetesConsumers(Timeless()).read((), "")  # type: ignore[arg-type]
