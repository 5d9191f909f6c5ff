"""Secrets Manager: tokens, labels and deletion."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from rotator.simulators.aws.shapes import SecretSeed, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_secretsmanager import SecretsManagerClient

    from rotator.simulators.aws.clients import SimulatedClients
    from rotator.simulators.aws.process import SimulatedAws
    from rotator.simulators.aws.shapes import SeededAccount

TOKEN = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def secrets(clients: SimulatedClients, account: SeededAccount) -> SecretsManagerClient:
    """Return the administrator's client; ``ci/key`` exists."""
    return clients.secrets_manager(account.admin)


def refusal(call: Callable[[], object]) -> str:
    """Return the code of the error that the call must raise."""
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"]


def labels(secrets: SecretsManagerClient, name: str = "ci/key") -> dict[str, list[str]]:
    """Return the labels of each labelled version."""
    return dict(secrets.describe_secret(SecretId=name)["VersionIdsToStages"])


def stage(secrets: SecretsManagerClient, value: str = "new", token: str = TOKEN) -> None:
    """Store a pending version."""
    secrets.put_secret_value(
        SecretId="ci/key",
        SecretString=value,
        ClientRequestToken=token,
        VersionStages=["AWSPENDING"],
    )


def promote(secrets: SecretsManagerClient, token: str = TOKEN) -> None:
    """Make a version current."""
    held = {label: k for k, stages in labels(secrets).items() for label in stages}
    secrets.update_secret_version_stage(
        SecretId="ci/key",
        VersionStage="AWSCURRENT",
        MoveToVersionId=token,
        RemoveFromVersionId=held["AWSCURRENT"],
    )


def test_same_token_with_the_same_value_changes_nothing(secrets: SecretsManagerClient) -> None:
    """A retry after a lost answer is safe, also after the promotion."""
    stage(secrets)
    promote(secrets)
    before = labels(secrets)
    stage(secrets)

    assert labels(secrets) == before


def test_same_token_with_another_value_is_refused_for_good(secrets: SecretsManagerClient) -> None:
    """Pending, current or unlabelled makes no difference."""
    stage(secrets)
    assert refusal(lambda: stage(secrets, "other")) == "ResourceExistsException"
    promote(secrets)
    assert refusal(lambda: stage(secrets, "other")) == "ResourceExistsException"

    value = secrets.get_secret_value(SecretId="ci/key", VersionId=TOKEN)["SecretString"]
    assert value == "new"


def test_first_version_becomes_current_whatever_was_asked(
    aws: SimulatedAws, account: SeededAccount, secrets: SecretsManagerClient
) -> None:
    """Why a missing secret is created with a placeholder."""
    aws.seed(account.account_id, secrets=[SecretSeed(name="empty")])
    put = secrets.put_secret_value(SecretId="empty", SecretString="x", VersionStages=["AWSPENDING"])

    assert sorted(put["VersionStages"]) == ["AWSCURRENT", "AWSPENDING"]


def test_previous_follows_current_through_every_promotion(secrets: SecretsManagerClient) -> None:
    """AWSPREVIOUS is where AWSCURRENT was, and nowhere else."""
    (first,) = labels(secrets)
    second, third = str(uuid4()), str(uuid4())
    for token in (second, third):
        stage(secrets, token, token)
        promote(secrets, token)

    assert labels(secrets) == {second: ["AWSPREVIOUS"], third: ["AWSPENDING", "AWSCURRENT"]}
    current = secrets.get_secret_value(SecretId="ci/key")
    assert current["VersionId"] == third
    previous = secrets.get_secret_value(SecretId="ci/key", VersionStage="AWSPREVIOUS")
    assert previous["VersionId"] == second
    assert secrets.get_secret_value(SecretId="ci/key", VersionId=first)["SecretString"] == "{}"


def test_promotion_from_a_version_that_is_not_current_fails(secrets: SecretsManagerClient) -> None:
    """The compare-and-swap; a replayed promotion fails the same way."""
    (first,) = labels(secrets)
    stage(secrets)

    def swap(source: str) -> str:
        return refusal(
            lambda: secrets.update_secret_version_stage(
                SecretId="ci/key",
                VersionStage="AWSCURRENT",
                MoveToVersionId=TOKEN,
                RemoveFromVersionId=source,
            )
        )

    assert swap(TOKEN) == "InvalidParameterException"
    promote(secrets)
    assert swap(first) == "InvalidParameterException"
    assert labels(secrets) == {first: ["AWSPREVIOUS"], TOKEN: ["AWSPENDING", "AWSCURRENT"]}


def test_current_is_never_taken_off_altogether(secrets: SecretsManagerClient) -> None:
    """It can only be moved."""
    (first,) = labels(secrets)

    code = refusal(
        lambda: secrets.update_secret_version_stage(
            SecretId="ci/key", VersionStage="AWSCURRENT", RemoveFromVersionId=first
        )
    )
    assert code == "InvalidParameterException"


def test_put_takes_its_labels_from_their_holders(secrets: SecretsManagerClient) -> None:
    """PutSecretValue, unlike UpdateSecretVersionStage, moves labels unasked."""
    (first,) = labels(secrets)
    stage(secrets)
    other = str(uuid4())
    stage(secrets, "newer", other)

    assert labels(secrets) == {first: ["AWSCURRENT"], other: ["AWSPENDING"]}


def test_versions_are_listed_in_pages(aws: SimulatedAws, secrets: SecretsManagerClient) -> None:
    """Unlabelled ones are among them when asked for."""
    aws.configure(Settings(max_page_size=1))
    stage(secrets)
    stage(secrets, "newer", str(uuid4()))
    first = secrets.list_secret_version_ids(SecretId="ci/key", IncludeDeprecated=True)
    second = secrets.list_secret_version_ids(
        SecretId="ci/key", IncludeDeprecated=True, NextToken=first["NextToken"]
    )

    assert [version["VersionId"] for version in second["Versions"]] == [TOKEN]
    assert second["Versions"][0].get("VersionStages", []) == []


def test_scheduled_deletion_keeps_the_name_taken_and_the_value_unread(
    secrets: SecretsManagerClient,
) -> None:
    """Until it is restored."""
    secrets.delete_secret(SecretId="ci/key", RecoveryWindowInDays=7)
    taken = refusal(lambda: secrets.create_secret(Name="ci/key", SecretString="x"))
    unread = refusal(lambda: secrets.get_secret_value(SecretId="ci/key"))
    assert (taken, unread) == ("InvalidRequestException", "InvalidRequestException")
    assert "DeletedDate" in secrets.describe_secret(SecretId="ci/key")
    secrets.restore_secret(SecretId="ci/key")

    assert secrets.get_secret_value(SecretId="ci/key")["SecretString"] == "{}"


def test_absent_secret_and_absent_label_are_not_found(secrets: SecretsManagerClient) -> None:
    """Both with AWS's one code, and status 400 as its JSON protocol has it."""
    with pytest.raises(ClientError) as caught:
        secrets.get_secret_value(SecretId="absent")
    code = refusal(lambda: secrets.get_secret_value(SecretId="ci/key", VersionStage="AWSPENDING"))

    assert caught.value.response["Error"]["Code"] == code == "ResourceNotFoundException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_native_rotation_is_told(
    aws: SimulatedAws, account: SeededAccount, secrets: SecretsManagerClient
) -> None:
    """A destination that rotates itself is not ours."""
    aws.seed(
        account.account_id,
        secrets=[SecretSeed(name="lambda", value="x", native_rotation=True, tags={"a": "b"})],
    )
    told = secrets.describe_secret(SecretId="lambda")

    assert told["RotationEnabled"] is True
    assert told["Tags"] == [{"Key": "a", "Value": "b"}]
    assert "RotationEnabled" not in secrets.describe_secret(SecretId="ci/key")


def test_secret_answers_to_its_arn(account: SeededAccount, secrets: SecretsManagerClient) -> None:
    """With the random suffix and without it."""
    arn = account.secrets["ci/key"]

    assert secrets.get_secret_value(SecretId=arn)["Name"] == "ci/key"
    assert secrets.get_secret_value(SecretId=arn.rpartition("-")[0])["Name"] == "ci/key"


def test_update_changes_description_and_current_value(secrets: SecretsManagerClient) -> None:
    """UpdateSecret is a put to AWSCURRENT, or no version at all."""
    (first,) = labels(secrets)
    secrets.update_secret(SecretId="ci/key", Description="told")
    assert labels(secrets) == {first: ["AWSCURRENT"]}
    assert secrets.describe_secret(SecretId="ci/key")["Description"] == "told"
    second = secrets.update_secret(SecretId="ci/key", SecretBinary=b"bytes")["VersionId"]

    assert labels(secrets) == {first: ["AWSPREVIOUS"], second: ["AWSCURRENT"]}
    assert secrets.get_secret_value(SecretId="ci/key")["SecretBinary"] == b"bytes"


def test_tags_are_changed_unless_deletion_is_scheduled(secrets: SecretsManagerClient) -> None:
    """The owner's mark of a destination."""
    tag = {"Key": "rotator:owner", "Value": "here"}
    secrets.tag_resource(SecretId="ci/key", Tags=[tag, {"Key": "x", "Value": "y"}])  # type: ignore[list-item]
    secrets.untag_resource(SecretId="ci/key", TagKeys=["x"])
    assert secrets.describe_secret(SecretId="ci/key")["Tags"] == [tag]
    secrets.delete_secret(SecretId="ci/key")

    code = refusal(lambda: secrets.untag_resource(SecretId="ci/key", TagKeys=["x"]))
    assert code == "InvalidRequestException"


def test_version_has_at_most_twenty_labels(secrets: SecretsManagerClient) -> None:
    """Row 9."""
    many = [f"label-{number}" for number in range(21)]

    code = refusal(
        lambda: secrets.put_secret_value(SecretId="ci/key", SecretString="x", VersionStages=many)
    )
    assert code == "InvalidParameterException"


def test_label_and_version_that_do_not_match_are_refused(secrets: SecretsManagerClient) -> None:
    """GetSecretValue with both names one version."""
    stage(secrets)

    code = refusal(
        lambda: secrets.get_secret_value(
            SecretId="ci/key", VersionId=TOKEN, VersionStage="AWSCURRENT"
        )
    )
    assert code == "InvalidRequestException"


@pytest.mark.parametrize("arguments", [{}, {"MoveToVersionId": "0" * 32}])
def test_move_without_a_known_version_is_refused(
    secrets: SecretsManagerClient, arguments: dict[str, str]
) -> None:
    """Neither source nor target, or a target that does not exist."""
    code = refusal(
        lambda: secrets.update_secret_version_stage(
            SecretId="ci/key", VersionStage="AWSPENDING", **arguments
        )
    )
    assert code == "InvalidParameterException"


def test_replica_is_read_and_never_written(
    clients: SimulatedClients, account: SeededAccount, secrets: SecretsManagerClient
) -> None:
    """Writes go to the primary; the replica follows."""
    secrets.replicate_secret_to_regions(
        SecretId="ci/key", AddReplicaRegions=[{"Region": "eu-west-1"}]
    )
    replica = clients.secrets_manager(account.admin, region="eu-west-1")
    stage(secrets)
    promote(secrets)

    assert replica.get_secret_value(SecretId="ci/key")["SecretString"] == "new"
    code = refusal(lambda: replica.put_secret_value(SecretId="ci/key", SecretString="x"))
    assert code == "InvalidParameterException"


def test_sixteen_threads_create_secrets_without_an_error(
    aws: SimulatedAws, account: SeededAccount, secrets: SecretsManagerClient
) -> None:
    """Stock moto fails 1.5 to 3 % of these at eight threads (row 15)."""
    names = [f"many/{number}" for number in range(200)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda name: secrets.create_secret(Name=name, SecretString="x"), names))

    found = {secret.name for secret in aws.state().accounts[account.account_id].secrets}
    assert found == {"ci/key", *names}
