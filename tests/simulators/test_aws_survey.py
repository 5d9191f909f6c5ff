"""What an account is surveyed with: summaries, tags, reports, lists of secrets and limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from rotator.simulators.aws.shapes import KeySeed, SecretSeed, Settings, UserSeed

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_iam import IAMClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from rotator.simulators.aws.clients import SimulatedClients
    from rotator.simulators.aws.process import SimulatedAws
    from rotator.simulators.aws.shapes import SeededAccount

ACCOUNT = "111122223333"
SECRETS = [
    SecretSeed(name="iam/a", value="a", tags={"rotator:owner": "prod"}),
    SecretSeed(name="iam/b", value="b", tags={"team": "prod"}),
    SecretSeed(name="other", value="c"),
]


def refusal(call: Callable[[], object]) -> str:
    """Return the code of the error that the call must raise."""
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"]


@pytest.fixture
def estate(aws: SimulatedAws) -> SeededAccount:
    """Return an account with three users and three secrets."""
    users = [UserSeed(name=f"u{i}", path="/svc/", tags={"n": str(i)}) for i in range(3)]
    return aws.seed(ACCOUNT, users=users, secrets=SECRETS)


@pytest.fixture
def iam(clients: SimulatedClients, estate: SeededAccount) -> IAMClient:
    """Return the administrator's IAM client."""
    return clients.iam(estate.admin)


@pytest.fixture
def secrets(clients: SimulatedClients, estate: SeededAccount) -> SecretsManagerClient:
    """Return the administrator's Secrets Manager client."""
    return clients.secrets_manager(estate.admin)


def test_summary_counts_users_and_root_keys(aws: SimulatedAws, iam: IAMClient) -> None:
    """AccountAccessKeysPresent is about the root user."""
    before = iam.get_account_summary()["SummaryMap"]
    aws.seed(ACCOUNT, root_key_active=True)

    assert (before["Users"], before["AccountAccessKeysPresent"]) == (3, 0)
    assert iam.get_account_summary()["SummaryMap"]["AccountAccessKeysPresent"] == 1


def test_tags_of_all_users_are_told_page_by_page(iam: IAMClient) -> None:
    """One call for many users, where ListUserTags is one for each."""
    pages = iam.get_paginator("get_account_authorization_details").paginate(
        Filter=["User"], PaginationConfig={"PageSize": 2}
    )
    users = [user for page in pages for user in page["UserDetailList"]]

    assert {user["UserName"]: user["Tags"] for user in users} == {
        f"u{i}": [{"Key": "n", "Value": str(i)}] for i in range(3)
    }
    assert users[0]["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/svc/u0"
    assert refusal(iam.get_account_authorization_details) == "InvalidAction"


def test_credential_report_is_in_progress_for_a_while(aws: SimulatedAws, iam: IAMClient) -> None:
    """Then it is what it was when it was asked for, and is kept for four hours."""
    aws.configure(Settings(report_delay_seconds=60))
    assert refusal(iam.get_credential_report) == "ReportNotPresent"
    assert iam.generate_credential_report()["State"] == "STARTED"
    assert refusal(iam.get_credential_report) == "ReportInProgress"
    assert iam.generate_credential_report()["State"] == "INPROGRESS"
    aws.seed(ACCOUNT, users=[UserSeed(name="late")])
    aws.advance(60)

    assert iam.generate_credential_report()["State"] == "COMPLETE"
    assert b"late" not in iam.get_credential_report()["Content"]
    aws.advance(4 * 3600)
    assert iam.generate_credential_report()["State"] == "STARTED"


@pytest.mark.parametrize(
    ("key", "value", "names"),
    [
        ("name", "iam/", ["iam/a", "iam/b"]),
        ("tag-key", "rotator:owner", ["iam/a"]),
        ("tag-value", "prod", ["iam/a", "iam/b"]),
        ("tag-key", "absent", []),
    ],
)
def test_secrets_are_found_by_name_and_tag(
    secrets: SecretsManagerClient, key: str, value: str, names: list[str]
) -> None:
    """Values of filters are beginnings."""
    told = secrets.list_secrets(Filters=[{"Key": key, "Values": [value]}])  # type: ignore[typeddict-item]

    assert [secret["Name"] for secret in told["SecretList"]] == names


def test_lists_of_secrets_are_paged_and_tell_labels(
    aws: SimulatedAws, secrets: SecretsManagerClient
) -> None:
    """A secret that is scheduled for deletion is told on request only."""
    secrets.delete_secret(SecretId="other")
    aws.configure(Settings(max_page_size=1))
    paginator = secrets.get_paginator("list_secrets")

    usual = [one for page in paginator.paginate() for one in page["SecretList"]]
    every = [
        one
        for page in paginator.paginate(IncludePlannedDeletion=True)
        for one in page["SecretList"]
    ]
    assert [secret["Name"] for secret in usual] == ["iam/a", "iam/b"]
    assert [secret["Name"] for secret in every] == ["iam/a", "iam/b", "other"]
    assert list(usual[0]["SecretVersionsToStages"].values()) == [["AWSCURRENT"]]


def test_batch_returns_what_is_current_and_names_what_is_missing(
    secrets: SecretsManagerClient,
) -> None:
    """By names, or by the same filters as the list, in pages."""
    told = secrets.batch_get_secret_value(SecretIdList=["iam/a", "absent"])
    assert [value["SecretString"] for value in told["SecretValues"]] == ["a"]
    assert [error["ErrorCode"] for error in told["Errors"]] == ["ResourceNotFoundException"]

    filters = [{"Key": "name", "Values": ["iam/"]}]
    first = secrets.batch_get_secret_value(Filters=filters, MaxResults=1)  # type: ignore[arg-type]
    rest = secrets.batch_get_secret_value(Filters=filters, NextToken=first["NextToken"])  # type: ignore[arg-type]
    names = [value["Name"] for page in (first, rest) for value in page["SecretValues"]]
    assert names == ["iam/a", "iam/b"]
    assert refusal(secrets.batch_get_secret_value) == "InvalidParameterException"
    many = [str(i) for i in range(21)]
    code = refusal(lambda: secrets.batch_get_secret_value(SecretIdList=many))
    assert code == "InvalidParameterException"


def test_binary_secret_is_told_as_bytes(aws: SimulatedAws, secrets: SecretsManagerClient) -> None:
    """It has no text."""
    aws.seed(ACCOUNT, secrets=[SecretSeed(name="keystore", binary=b"\x00\xffjks")])
    told = secrets.get_secret_value(SecretId="keystore")

    assert told["SecretBinary"] == b"\x00\xffjks"
    assert "SecretString" not in told


def test_each_operation_of_each_account_has_its_own_bucket(
    aws: SimulatedAws, clients: SimulatedClients, iam: IAMClient
) -> None:
    """It refills with simulated time; a refused call is no use of the key."""
    aws.configure(Settings(rates={"ListUsers": (0.5, 1), "*": (1, 2)}))
    other = clients.iam(aws.seed("444455556666").admin)

    assert iam.list_users()["Users"]
    assert refusal(iam.list_users) == "Throttling"
    assert other.list_users()["Users"] == []
    for _ in range(2):
        iam.list_access_keys(UserName="u0")
    assert refusal(lambda: iam.list_access_keys(UserName="u0")) == "Throttling"
    aws.advance(2)
    assert iam.list_users()["Users"]


def test_operation_without_a_rate_is_never_throttled(aws: SimulatedAws, iam: IAMClient) -> None:
    """Rates are named one by one, unless there is a star."""
    aws.configure(Settings(rates={"CreateAccessKey": (0, 0)}))

    assert all(iam.list_users()["Users"] for _ in range(5))
    assert refusal(lambda: iam.create_access_key(UserName="u0")) == "Throttling"


def test_throttled_call_of_a_limited_account_is_no_use(
    aws: SimulatedAws, clients: SimulatedClients
) -> None:
    """Its key was not even looked at for what it may do."""
    keys = (KeySeed(age_seconds=86_400),)
    account = aws.seed(ACCOUNT, users=[UserSeed(name="ci", keys=keys)])
    aws.configure(Settings(rates={"*": (0, 0)}))

    assert refusal(clients.sts(account.users["ci"][0]).get_caller_identity) == "Throttling"
    assert aws.state(user="ci").accounts[ACCOUNT].users["ci"].keys[0].uses == 0
