"""The clients: whom they act as, and where they go."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from rotator.clients.aws import AwsClients, Purpose
from rotator.clients.aws_config import AwsAccount, AwsConfig
from rotator.core.ids import KeyId
from rotator.core.secret import KeyMaterial, Secret
from rotator.errors import (
    AccessDeniedError,
    RejectedError,
)
from rotator.simulators.aws.shapes import FaultKind
from tests.adapters.aws.cloud import ACCOUNT, OTHER_ACCOUNT, REGION

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from tests.adapters.aws.cloud import Cloud

MATERIAL = KeyMaterial(key_id=KeyId("AKIA" + "A" * 16), secret=Secret("x"))
ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/keys/rotator"


def test_every_client_goes_where_the_configuration_says(cloud: Cloud) -> None:
    clients = cloud.clients
    made = [
        *(clients.iam(ACCOUNT, purpose) for purpose in Purpose),
        clients.secrets(ACCOUNT, REGION),
        clients.probe(REGION, MATERIAL),
    ]

    assert {client.meta.endpoint_url for client in made} == {cloud.aws.url}
    assert cloud.aws.url.startswith("http://127.0.0.1:")


def test_the_endpoint_of_one_service_wins(cloud: Cloud) -> None:
    clients = cloud.new_clients(endpoint_urls={"secretsmanager": "http://127.0.0.1:9"})

    assert clients.iam(ACCOUNT, Purpose.SCAN).meta.endpoint_url == cloud.aws.url
    assert clients.secrets(ACCOUNT, REGION).meta.endpoint_url == "http://127.0.0.1:9"


def test_the_environments_endpoints_work_where_none_is_configured(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.aws.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:9")
    clients = cloud.new_clients(endpoint_url=None)

    assert clients.iam(ACCOUNT, Purpose.SCAN).meta.endpoint_url == cloud.aws.url
    assert clients.secrets(ACCOUNT, REGION).meta.endpoint_url == "http://127.0.0.1:9"


def test_secrets_are_regional_and_default_to_the_accounts_region(cloud: Cloud) -> None:
    clients = cloud.new_clients(accounts={ACCOUNT: {"region": "eu-west-1"}})

    assert clients.secrets(ACCOUNT, "us-west-2").meta.region_name == "us-west-2"
    assert clients.secrets(ACCOUNT, "").meta.region_name == "eu-west-1"
    assert clients.iam(ACCOUNT, Purpose.SCAN).meta.region_name == "eu-west-1"


def test_threads_share_one_client_for_each_purpose(cloud: Cloud) -> None:
    cloud.warm()
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: cloud.clients.iam(ACCOUNT, Purpose.MINT), range(32)))

    assert len({id(client) for client in made}) == 1
    assert made[0] is not cloud.clients.iam(ACCOUNT, Purpose.SCAN)


def test_an_account_that_is_not_configured_is_refused(cloud: Cloud) -> None:
    with pytest.raises(RejectedError) as caught:
        cloud.clients.iam(OTHER_ACCOUNT, Purpose.SCAN)

    assert caught.value.code == "unknown_account"


def test_our_own_identity_is_never_used_for_another_account(cloud: Cloud) -> None:
    clients = cloud.new_clients(accounts={OTHER_ACCOUNT: {}})

    with pytest.raises(AccessDeniedError) as caught:
        clients.iam(OTHER_ACCOUNT, Purpose.SCAN)

    assert caught.value.code == "wrong_account"
    assert [call.operation for call in cloud.calls()] == ["GetCallerIdentity"]


def test_our_own_identity_is_asked_for_its_account_once(cloud: Cloud) -> None:
    for purpose in Purpose:
        cloud.clients.iam(ACCOUNT, purpose)
    cloud.clients.secrets(ACCOUNT, REGION)

    assert len(cloud.calls("GetCallerIdentity")) == 1


def test_a_process_without_credentials_is_denied(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    config = AwsConfig(accounts={ACCOUNT: AwsAccount()}, endpoint_url=cloud.aws.url)
    clients = AwsClients(config, cloud.clock)

    with pytest.raises(AccessDeniedError):
        clients.iam(ACCOUNT, Purpose.SCAN)


def test_an_account_with_a_role_is_entered_by_it(cloud: Cloud) -> None:
    cloud.aws.seed(OTHER_ACCOUNT)
    clients = cloud.new_clients(accounts={OTHER_ACCOUNT: {"roleArn": ROLE}})
    iam = clients.iam(OTHER_ACCOUNT, Purpose.SCAN)
    clients.run(iam.list_users, subject="test")

    assumed, listed = cloud.calls()
    assert (assumed.operation, assumed.account_id) == ("AssumeRole", ACCOUNT)
    assert (listed.operation, listed.account_id) == ("ListUsers", OTHER_ACCOUNT)


def test_a_role_is_assumed_again_before_its_session_ends(cloud: Cloud) -> None:
    cloud.aws.seed(OTHER_ACCOUNT)
    clients = cloud.new_clients(accounts={OTHER_ACCOUNT: {"roleArn": ROLE}})
    first = clients.iam(OTHER_ACCOUNT, Purpose.SCAN)

    cloud.clock.sleep(timedelta(minutes=45).total_seconds())
    assert clients.iam(OTHER_ACCOUNT, Purpose.SCAN) is first
    cloud.clock.sleep(timedelta(minutes=10).total_seconds())
    second = clients.iam(OTHER_ACCOUNT, Purpose.SCAN)
    cloud.clock.sleep(timedelta(minutes=10).total_seconds())

    assert second is not first
    assert clients.run(lambda: second.list_users()["Users"], subject="test") == []
    assert len(cloud.calls("AssumeRole")) == 2


def test_a_role_that_may_not_be_assumed_is_named(cloud: Cloud) -> None:
    clients = cloud.new_clients(accounts={OTHER_ACCOUNT: {"roleArn": ROLE}})

    with (
        cloud.failing(FaultKind.ACCESS_DENIED),
        pytest.raises(AccessDeniedError) as caught,
    ):
        clients.iam(OTHER_ACCOUNT, Purpose.MINT)

    assert caught.value.subject == ROLE


def test_a_role_of_another_account_is_a_fault_of_the_configuration() -> None:
    with pytest.raises(ValidationError, match="another account"):
        AwsConfig.model_validate({"accounts": {ACCOUNT: {"roleArn": ROLE}}})


def test_the_configuration_is_frozen_and_knows_its_fields() -> None:
    with pytest.raises(ValidationError):
        AwsConfig.model_validate({"acounts": {}})
    with pytest.raises(ValidationError):
        AwsConfig().read_only = True  # type: ignore[misc]
    assert AwsConfig().region_of("999999999999") == "us-east-1"


def options(client: IAMClient | SecretsManagerClient) -> Any:  # noqa: ANN401 - stubs lack them
    return client.meta.config


def test_each_purpose_names_its_retry_mode(cloud: Cloud) -> None:
    clients = cloud.new_clients(attempts=4, max_pool_connections=32)
    made = {purpose: options(clients.iam(ACCOUNT, purpose)) for purpose in Purpose}
    retries = {purpose: config.retries for purpose, config in made.items()}

    assert retries == {
        Purpose.SCAN: {"mode": "adaptive", "total_max_attempts": 4},
        Purpose.MUTATE: {"mode": "standard", "total_max_attempts": 4},
        Purpose.MINT: {"mode": "standard", "total_max_attempts": 1},
    }
    assert made[Purpose.MINT].read_timeout == 15
    assert {config.max_pool_connections for config in made.values()} == {32}
    assert options(clients.secrets(ACCOUNT, REGION)).retries["mode"] == "standard"


def test_clients_can_be_used_outside_of_a_run(cloud: Cloud) -> None:
    assert cloud.clients.iam(ACCOUNT, Purpose.SCAN).list_users()["Users"] == []


def test_clients_without_a_session_take_the_processes_own(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = cloud.seeded.admin
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", admin.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", admin.secret_access_key)
    config = AwsConfig(accounts={ACCOUNT: AwsAccount()}, endpoint_url=cloud.aws.url)
    clients = AwsClients(config, cloud.clock)

    assert clients.iam(ACCOUNT, Purpose.SCAN).list_users()["Users"] == []
