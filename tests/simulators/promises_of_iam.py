"""What IAM and STS do, and stock moto does not; the rows are of the table of divergences."""

from __future__ import annotations

import http.client
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from rotator.simulators.aws.shapes import Credentials
from tests.simulators.cloud import refusal

if TYPE_CHECKING:
    from tests.simulators.cloud import Cloud


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


def refused_call_of_an_inactive_key_is_no_use(cloud: Cloud) -> None:
    """Row 5."""
    name, key = cloud.new_key()
    cloud.wait(10)
    cloud.iam.update_access_key(UserName=name, AccessKeyId=key.access_key_id, Status="Inactive")
    cloud.wait(3)
    with suppress(ClientError):
        cloud.clients.sts(key).get_caller_identity()

    used = cloud.iam.get_access_key_last_used(AccessKeyId=key.access_key_id)
    assert "LastUsedDate" not in used["AccessKeyLastUsed"]


def authorization_details_truncate(cloud: Cloud) -> None:
    """Row 6."""
    for _ in range(3):
        cloud.new_key()
    page = cloud.iam.get_account_authorization_details(Filter=["User"], MaxItems=2)

    assert page["IsTruncated"]
    assert len(page["UserDetailList"]) == 2


def credential_report_keeps_the_slots(cloud: Cloud) -> None:
    """Row 7."""
    name, first = cloud.new_key()
    cloud.iam.create_access_key(UserName=name)
    cloud.iam.delete_access_key(UserName=name, AccessKeyId=first.access_key_id)
    cloud.wait(4 * 3600)
    cloud.iam.generate_credential_report()
    header, *rows = cloud.iam.get_credential_report()["Content"].decode().splitlines()

    (row,) = [row for row in rows if row.startswith(f"{name},")]
    cells = dict(zip(header.split(","), row.split(","), strict=True))
    assert (cells["access_key_1_active"], cells["access_key_2_active"]) == ("false", "true")


def user_has_at_most_fifty_tags(cloud: Cloud) -> None:
    """Row 12."""
    name, _ = cloud.new_key()
    cloud.iam.tag_user(UserName=name, Tags=[{"Key": f"a{i}", "Value": ""} for i in range(50)])

    more = [{"Key": "b", "Value": ""}]
    assert refusal(lambda: cloud.iam.tag_user(UserName=name, Tags=more)) == "LimitExceeded"  # type: ignore[arg-type]


def user_without_policies_changes_nothing(cloud: Cloud) -> None:
    """Row 13: without its enforcement, which knows no resources, moto lets everybody in."""
    _, key = cloud.new_key()
    cloud.wait(10)

    assert (
        refusal(lambda: cloud.clients.iam(key).create_user(UserName="intruder")) == "AccessDenied"
    )


PROMISES = [
    refused_call_of_an_inactive_key_is_no_use,
    authorization_details_truncate,
    credential_report_keeps_the_slots,
    user_has_at_most_fifty_tags,
    user_without_policies_changes_nothing,
    inactive_key_is_refused,
    deleted_key_is_refused,
    wrong_secret_is_refused,
    new_key_is_refused_until_it_has_propagated,
    refused_call_is_no_use,
    list_users_truncates,
    credential_report_is_dated_and_has_the_root_row,
    credential_report_is_a_snapshot,
    key_of_another_account_is_not_told,
    only_two_statuses_are_taken,
    user_with_keys_is_not_deleted,
    ids_and_dates_are_shaped_as_at_aws,
    connection_stays_open,
]
