"""Searching secrets in front of the simulated AWS: the port's contract, and what is beyond it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rotator.core.survey import Shape
from rotator.destinations.aws_secrets_manager.config import AwsSecretsManagerConfig
from rotator.destinations.aws_secrets_manager.destination import AwsSecretsManager
from rotator.errors import AccessDeniedError
from rotator.simulators.aws.shapes import FaultKind, FaultRule
from rotator.testing.search_contract import SearchContract
from tests.adapters.aws.cloud import ACCOUNT, REGION
from tests.adapters.aws.leaks import shown
from tests.adapters.aws.test_aws_secrets_contract import AwsSecretsBench

if TYPE_CHECKING:
    from rotator.core.survey import FoundObject
    from tests.adapters.aws.cloud import Cloud

KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
PAIR = json.dumps({"AccessKeyId": KEY, "SecretAccessKey": SECRET})


class TestAwsSearch(SearchContract):
    @pytest.fixture
    def bench(self, cloud: Cloud) -> AwsSecretsBench:
        return AwsSecretsBench(cloud)


@pytest.fixture
def destination(cloud: Cloud) -> AwsSecretsManager:
    cloud.warm()
    return AwsSecretsManager(AwsSecretsManagerConfig(), cloud.clients)


def found(destination: AwsSecretsManager) -> dict[str, FoundObject]:
    return {item.name: item for item in destination.search(ACCOUNT, REGION)}


def test_secrets_are_read_twenty_a_call_and_by_reading_calls_only(
    cloud: Cloud, destination: AwsSecretsManager
) -> None:
    for _ in range(45):
        cloud.new_secret(PAIR)

    assert all(item.keys for item in found(destination).values())
    operations = [call.operation for call in cloud.calls()]
    assert operations == ["ListSecrets", *["BatchGetSecretValue"] * 3]


def test_a_process_that_only_reads_may_search(cloud: Cloud) -> None:
    ref = cloud.new_secret(PAIR)
    clients = cloud.new_clients(read_only=True)

    assert ref.name in found(AwsSecretsManager(AwsSecretsManagerConfig(), clients))


def test_without_the_call_for_many_secrets_each_is_read_alone(
    cloud: Cloud, destination: AwsSecretsManager
) -> None:
    refs = [cloud.new_secret(PAIR) for _ in range(3)]
    cloud.fault(FaultKind.ACCESS_DENIED, "BatchGetSecretValue")

    items = found(destination)
    assert [items[ref.name].keys[0].key_id for ref in refs] == [KEY] * 3
    assert len(cloud.calls("GetSecretValue")) == 3


@pytest.mark.parametrize(
    ("kind", "code"),
    [(FaultKind.ACCESS_DENIED, "access_denied"), (FaultKind.THROTTLE, "throttled")],
)
def test_a_secret_that_cannot_be_read_is_told_with_the_reason_and_stops_nothing(
    cloud: Cloud, destination: AwsSecretsManager, kind: FaultKind, code: str
) -> None:
    closed, open_ = cloud.new_secret(PAIR), cloud.new_secret(PAIR)
    cloud.fault(FaultKind.ACCESS_DENIED, "BatchGetSecretValue")
    cloud.aws.add_fault(
        FaultRule(kind=kind, operation="GetSecretValue", secret=closed.name, times=None)
    )

    items = found(destination)
    assert (items[closed.name].shape, items[closed.name].code) == (Shape.UNREADABLE, code)
    assert items[open_.name].keys


def test_a_secret_without_a_value_is_empty(cloud: Cloud, destination: AwsSecretsManager) -> None:
    ref, other = cloud.new_secret(None), cloud.new_secret(PAIR)

    items = found(destination)
    assert (items[ref.name].shape, items[ref.name].code) == (Shape.EMPTY, "")
    assert items[other.name].keys


def test_a_binary_secret_is_searched(cloud: Cloud, destination: AwsSecretsManager) -> None:
    cloud.secrets_by_hand.create_secret(Name="svc/binary", SecretBinary=b"\x00" + PAIR.encode())

    item = found(destination)["svc/binary"]
    assert (item.shape, item.keys[0].key_id) == (Shape.BINARY, KEY)


def test_a_replica_of_another_regions_secret_is_left_out(
    cloud: Cloud, destination: AwsSecretsManager
) -> None:
    ref = cloud.new_secret(PAIR)
    cloud.secrets_by_hand.replicate_secret_to_regions(
        SecretId=ref.name, AddReplicaRegions=[{"Region": "us-west-2"}]
    )

    assert ref.name in found(destination)
    assert list(destination.search(ACCOUNT, "us-west-2")) == []


def test_the_owner_is_told_whatever_other_tags_there_are(
    cloud: Cloud, destination: AwsSecretsManager
) -> None:
    ref = cloud.new_secret(PAIR, owner="platform")
    cloud.secrets_by_hand.tag_resource(
        SecretId=ref.name, Tags=[{"Key": "team", "Value": "payments"}]
    )

    item = found(destination)[ref.name]
    assert item.owner == "platform"


def test_an_account_that_may_not_be_listed_is_an_error(
    cloud: Cloud, destination: AwsSecretsManager
) -> None:
    cloud.new_secret(PAIR)
    cloud.fault(FaultKind.ACCESS_DENIED, "ListSecrets")

    with pytest.raises(AccessDeniedError) as caught:
        found(destination)
    assert SECRET not in shown(caught.value)
