"""Answers that are old, errors that come after the effect, credentials that are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from rotator.simulators.aws.shapes import FaultKind, FaultRule, Settings

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

    from rotator.simulators.aws.clients import SimulatedClients
    from rotator.simulators.aws.process import SimulatedAws
    from rotator.simulators.aws.shapes import SeededAccount


@pytest.fixture
def iam(clients: SimulatedClients, account: SeededAccount) -> IAMClient:
    """Return the administrator's client; user ``ci`` has one key."""
    return clients.iam(account.admin)


def listed(iam: IAMClient) -> dict[str, str]:
    """Return what is told of the keys of user ``ci``: status by id."""
    told = iam.list_access_keys(UserName="ci")["AccessKeyMetadata"]
    return {key["AccessKeyId"]: key["Status"] for key in told}


def refusal(iam: IAMClient) -> str:
    """Return the code of the error that a call must raise."""
    with pytest.raises(ClientError) as caught:
        iam.create_access_key(UserName="ci")
    return caught.value.response["Error"]["Code"]


def test_switched_key_is_listed_as_it_was_until_the_lag_is_over(
    aws: SimulatedAws, iam: IAMClient, account: SeededAccount
) -> None:
    key = account.users["ci"][0].access_key_id
    aws.configure(Settings(list_lag_seconds=60))
    iam.update_access_key(UserName="ci", AccessKeyId=key, Status="Inactive")

    aws.advance(59)
    assert listed(iam) == {key: "Active"}
    aws.advance(1)
    assert listed(iam) == {key: "Inactive"}


def test_deleted_key_is_listed_until_the_lag_is_over(
    aws: SimulatedAws, iam: IAMClient, account: SeededAccount
) -> None:
    key = account.users["ci"][0].access_key_id
    aws.configure(Settings(list_lag_seconds=60))
    iam.delete_access_key(UserName="ci", AccessKeyId=key)

    aws.advance(59)
    assert listed(iam) == {key: "Active"}
    aws.advance(1)
    assert listed(iam) == {}


def test_stale_list_of_a_recreated_user_shows_no_key_of_the_old_one(
    aws: SimulatedAws, iam: IAMClient, account: SeededAccount
) -> None:
    aws.configure(Settings(list_lag_seconds=60))
    iam.delete_access_key(UserName="ci", AccessKeyId=account.users["ci"][0].access_key_id)
    iam.delete_user(UserName="ci")
    iam.create_user(UserName="ci")

    assert listed(iam) == {}


def test_server_error_after_the_effect_leaves_the_effect(aws: SimulatedAws, iam: IAMClient) -> None:
    aws.add_fault(FaultRule(kind=FaultKind.SERVER_ERROR_AFTER, operation="CreateAccessKey"))

    assert refusal(iam) == "ServiceFailure"
    assert len(listed(iam)) == 2
    (call,) = aws.calls("CreateAccessKey")
    assert (call.status, call.is_effective) == (500, True)


def test_revoked_credential_is_unknown_until_it_is_given_back(
    aws: SimulatedAws, iam: IAMClient, account: SeededAccount, clients: SimulatedClients
) -> None:
    aws.add_fault(
        FaultRule(kind=FaultKind.CREDENTIAL_REVOKED, caller=account.admin.access_key_id, times=None)
    )

    assert refusal(iam) == "InvalidClientTokenId"
    assert len(listed(clients.iam(account.human))) == 1
    aws.clear_faults()
    assert len(listed(iam)) == 1


def test_minted_secret_begins_with_the_mark(aws: SimulatedAws, iam: IAMClient) -> None:
    aws.configure(Settings(secret_mark="pl41nt3xt"))

    secret = iam.create_access_key(UserName="ci")["AccessKey"]["SecretAccessKey"]
    assert secret.startswith("pl41nt3xt")
    assert len(secret) == 40
