"""Each promise holds on the simulated AWS and is broken by stock moto.

The second half of that is what shows the first half to be worth something: a
promise that stock moto keeps as well would not test a patch. The numbers are
the rows of the table of moto's divergences.
"""

from __future__ import annotations

import http.client
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from rotator.simulators.aws.clients import SimulatedClients
from rotator.simulators.aws.moto_patches import restore_moto
from rotator.simulators.aws.shapes import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_iam import IAMClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from rotator.simulators.aws.process import SimulatedAws


@dataclass(frozen=True, slots=True)
class Cloud:
    """An AWS of either kind, and its administrator."""

    url: str
    admin: Credentials
    clients: SimulatedClients
    wait: Callable[[float], object]
    now: Callable[[], datetime]

    @property
    def iam(self) -> IAMClient:
        """Return the administrator's IAM client."""
        return self.clients.iam(self.admin)

    @property
    def secrets(self) -> SecretsManagerClient:
        """Return the administrator's Secrets Manager client."""
        return self.clients.secrets_manager(self.admin)

    def new_key(self) -> tuple[str, Credentials]:
        """Create a user with a key; return its name and the key."""
        name = f"user-{uuid4()}"
        self.iam.create_user(UserName=name)
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        return name, Credentials(
            access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"]
        )

    def new_secret(self) -> tuple[str, str, str]:
        """Create a secret with a current and a pending version; return name and versions."""
        name = f"secret-{uuid4()}"
        first = self.secrets.create_secret(Name=name, SecretString="first")["VersionId"]
        second = self.secrets.put_secret_value(
            SecretId=name,
            SecretString="second",
            ClientRequestToken=str(uuid4()),
            VersionStages=["AWSPENDING"],
        )["VersionId"]
        return name, first, second


@pytest.fixture
def simulated(aws: SimulatedAws, clients: SimulatedClients) -> Cloud:
    """Return the simulated AWS."""
    return Cloud(aws.url, aws.seed("111122223333").admin, clients, aws.advance, aws.now)


@pytest.fixture(scope="module")
def stock() -> Iterator[Cloud]:
    """Return moto as it is installed, whatever an embedded AWS made of it before."""
    restore_moto()
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    admin = Credentials(access_key_id="AKIAAAAAAAAAAAAAAAAA", secret_access_key="testing")
    url = f"http://{host}:{port}"
    yield Cloud(url, admin, SimulatedClients(url), lambda _: None, lambda: datetime.now(UTC))
    server.stop()


def refusal(call: Callable[[], object]) -> str:
    """Return the code of the error that the call must raise."""
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"]


def value_without_a_stage_is_the_promoted_one(cloud: Cloud) -> None:
    """Row 1."""
    name, first, second = cloud.new_secret()
    cloud.secrets.update_secret_version_stage(
        SecretId=name,
        VersionStage="AWSCURRENT",
        MoveToVersionId=second,
        RemoveFromVersionId=first,
    )

    assert cloud.secrets.get_secret_value(SecretId=name)["SecretString"] == "second"


def after_promote_and_put_one_version_is_current(cloud: Cloud) -> None:
    """Row 1, the second half."""
    name, first, second = cloud.new_secret()
    cloud.secrets.update_secret_version_stage(
        SecretId=name,
        VersionStage="AWSCURRENT",
        MoveToVersionId=second,
        RemoveFromVersionId=first,
    )
    cloud.secrets.put_secret_value(SecretId=name, SecretString="third")

    labels = cloud.secrets.describe_secret(SecretId=name)["VersionIdsToStages"]
    assert sum("AWSCURRENT" in held for held in labels.values()) == 1
    assert "AWSPREVIOUS" in labels[second]


def pending_version_is_not_overwritten_under_its_token(cloud: Cloud) -> None:
    """Row 2."""
    name, _, second = cloud.new_secret()

    code = refusal(
        lambda: cloud.secrets.put_secret_value(
            SecretId=name,
            SecretString="other",
            ClientRequestToken=second,
            VersionStages=["AWSPENDING"],
        )
    )
    assert code == "ResourceExistsException"


def inactive_key_is_refused(cloud: Cloud) -> None:
    """Row 3."""
    name, key = cloud.new_key()
    cloud.wait(10)
    cloud.iam.update_access_key(UserName=name, AccessKeyId=key.access_key_id, Status="Inactive")
    cloud.wait(3)

    code = refusal(cloud.clients.sts(key).get_caller_identity)
    assert code == "InvalidClientTokenId"


def deleted_key_is_refused(cloud: Cloud) -> None:
    """Row 3."""
    name, key = cloud.new_key()
    cloud.wait(10)
    cloud.iam.delete_access_key(UserName=name, AccessKeyId=key.access_key_id)
    cloud.wait(3)

    code = refusal(cloud.clients.sts(key).get_caller_identity)
    assert code == "InvalidClientTokenId"


def wrong_secret_is_refused(cloud: Cloud) -> None:
    """Row 3."""
    _, key = cloud.new_key()
    cloud.wait(10)
    forged = Credentials(access_key_id=key.access_key_id, secret_access_key="wrong")

    code = refusal(cloud.clients.sts(forged).get_caller_identity)
    assert code == "SignatureDoesNotMatch"


def new_key_is_refused_until_it_has_propagated(cloud: Cloud) -> None:
    """Row 4."""
    _, key = cloud.new_key()
    sts = cloud.clients.sts(key)

    assert refusal(sts.get_caller_identity) == "InvalidClientTokenId"
    cloud.wait(10)
    assert sts.get_caller_identity()["Account"]


def refused_call_is_no_use(cloud: Cloud) -> None:
    """Row 5."""
    _, key = cloud.new_key()
    cloud.wait(10)
    forged = Credentials(access_key_id=key.access_key_id, secret_access_key="wrong")
    with suppress(ClientError):
        cloud.clients.sts(forged).get_caller_identity()

    used = cloud.iam.get_access_key_last_used(AccessKeyId=key.access_key_id)
    assert "LastUsedDate" not in used["AccessKeyLastUsed"]


def list_users_truncates(cloud: Cloud) -> None:
    """Row 6."""
    for _ in range(3):
        cloud.new_key()
    first = cloud.iam.list_users(MaxItems=2)

    assert first["IsTruncated"]
    rest = cloud.iam.list_users(MaxItems=1000, Marker=first["Marker"])
    names = [user["UserName"] for user in [*first["Users"], *rest["Users"]]]
    assert len(set(names)) == len(names) >= 3


def credential_report_is_dated_and_has_the_root_row(cloud: Cloud) -> None:
    """Row 7."""
    cloud.iam.generate_credential_report()
    report = cloud.iam.get_credential_report()

    assert abs((report["GeneratedTime"] - cloud.now()).total_seconds()) < 60
    assert report["Content"].decode().splitlines()[1].startswith("<root_account>,")


def credential_report_is_a_snapshot(cloud: Cloud) -> None:
    """Row 7."""
    cloud.iam.generate_credential_report()
    before = cloud.iam.get_credential_report()["Content"]
    name, _ = cloud.new_key()
    cloud.iam.generate_credential_report()

    assert name not in before.decode()
    assert cloud.iam.get_credential_report()["Content"] == before


def secret_scheduled_for_deletion_takes_no_value(cloud: Cloud) -> None:
    """Row 8."""
    name, *_ = cloud.new_secret()
    cloud.secrets.delete_secret(SecretId=name)

    code = refusal(lambda: cloud.secrets.put_secret_value(SecretId=name, SecretString="late"))
    assert code == "InvalidRequestException"


def secret_scheduled_for_deletion_keeps_its_labels(cloud: Cloud) -> None:
    """Row 8."""
    name, first, second = cloud.new_secret()
    cloud.secrets.delete_secret(SecretId=name)

    code = refusal(
        lambda: cloud.secrets.update_secret_version_stage(
            SecretId=name,
            VersionStage="AWSCURRENT",
            MoveToVersionId=second,
            RemoveFromVersionId=first,
        )
    )
    assert code == "InvalidRequestException"


def any_label_moves_only_from_its_named_holder(cloud: Cloud) -> None:
    """Row 8b."""
    name, first, _ = cloud.new_secret()

    code = refusal(
        lambda: cloud.secrets.update_secret_version_stage(
            SecretId=name, VersionStage="AWSPENDING", MoveToVersionId=first
        )
    )
    assert code == "InvalidParameterException"


def value_larger_than_64_kib_is_refused(cloud: Cloud) -> None:
    """Row 9."""
    name, *_ = cloud.new_secret()

    cloud.secrets.put_secret_value(SecretId=name, SecretString="x" * 65_536)
    code = refusal(lambda: cloud.secrets.put_secret_value(SecretId=name, SecretString="x" * 65_537))
    assert code == "ValidationException"


def deprecated_versions_are_listed_only_on_request(cloud: Cloud) -> None:
    """Row 9."""
    name, first, second = cloud.new_secret()
    cloud.secrets.update_secret_version_stage(
        SecretId=name, VersionStage="AWSPENDING", RemoveFromVersionId=second
    )

    usual = cloud.secrets.list_secret_version_ids(SecretId=name)["Versions"]
    every = cloud.secrets.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]
    assert [version["VersionId"] for version in usual] == [first]
    assert {version["VersionId"] for version in every} == {first, second}


def key_of_another_account_is_not_told(cloud: Cloud) -> None:
    """Row 10."""
    identity = cloud.clients.sts(cloud.admin).assume_role(
        RoleArn="arn:aws:iam::444455556666:role/rotator", RoleSessionName="test"
    )
    assert identity["AssumedRoleUser"]["Arn"].startswith("arn:aws:sts::444455556666:")
    _, key = cloud.new_key()
    temporary = identity["Credentials"]
    session = cloud.clients.iam(
        Credentials(
            access_key_id=temporary["AccessKeyId"],
            secret_access_key=temporary["SecretAccessKey"],
        ),
        session_token=temporary["SessionToken"],
    )

    code = refusal(lambda: session.get_access_key_last_used(AccessKeyId=key.access_key_id))
    assert code == "AccessDenied"


def only_two_statuses_are_taken(cloud: Cloud) -> None:
    """Row 12."""
    name, key = cloud.new_key()

    code = refusal(
        lambda: cloud.iam.update_access_key(
            UserName=name, AccessKeyId=key.access_key_id, Status="Expired"
        )
    )
    assert code == "ValidationError"


def user_with_keys_is_not_deleted(cloud: Cloud) -> None:
    """Row 12."""
    name, _ = cloud.new_key()

    assert refusal(lambda: cloud.iam.delete_user(UserName=name)) == "DeleteConflict"


def ids_and_dates_are_shaped_as_at_aws(cloud: Cloud) -> None:
    """Row 14."""
    name, _ = cloud.new_key()
    user = cloud.iam.get_user(UserName=name)["User"]
    key = cloud.iam.list_access_keys(UserName=name)["AccessKeyMetadata"][0]

    assert user["UserId"].startswith("AIDA")
    assert len(user["UserId"]) == len("AIDAMJASXZLDDKQ653TI5")
    assert user["CreateDate"].microsecond == key["CreateDate"].microsecond == 0


def connection_stays_open(cloud: Cloud) -> None:
    """Keep-alive: a connection for each call would cost more than the call."""
    connection = http.client.HTTPConnection(urlsplit(cloud.url).netloc)
    connection.request("POST", "/", "Action=GetCallerIdentity&Version=2011-06-15")
    answer = connection.getresponse()
    answer.read()
    connection.close()

    assert answer.version == 11
    assert not answer.will_close


PROMISES = [
    value_without_a_stage_is_the_promoted_one,
    after_promote_and_put_one_version_is_current,
    pending_version_is_not_overwritten_under_its_token,
    inactive_key_is_refused,
    deleted_key_is_refused,
    wrong_secret_is_refused,
    new_key_is_refused_until_it_has_propagated,
    refused_call_is_no_use,
    list_users_truncates,
    credential_report_is_dated_and_has_the_root_row,
    credential_report_is_a_snapshot,
    secret_scheduled_for_deletion_takes_no_value,
    secret_scheduled_for_deletion_keeps_its_labels,
    any_label_moves_only_from_its_named_holder,
    value_larger_than_64_kib_is_refused,
    deprecated_versions_are_listed_only_on_request,
    key_of_another_account_is_not_told,
    only_two_statuses_are_taken,
    user_with_keys_is_not_deleted,
    ids_and_dates_are_shaped_as_at_aws,
    connection_stays_open,
]


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_simulated_aws_keeps_the_promise(
    promise: Callable[[Cloud], None], simulated: Cloud
) -> None:
    """It does what AWS does."""
    promise(simulated)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_stock_moto_breaks_the_promise(promise: Callable[[Cloud], None], stock: Cloud) -> None:
    """When this fails, moto has caught up and the patch can go."""
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        promise(stock)
