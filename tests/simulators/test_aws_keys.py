"""Keys: who is let in, when, and what is recorded about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from rotator.simulators.aws.shapes import Credentials, KeySeed, Settings, UserSeed

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.simulators.aws.clients import SimulatedClients
    from rotator.simulators.aws.process import SimulatedAws
    from rotator.simulators.aws.shapes import KeyState, SeededAccount

DAY = 86_400
NOBODY = Credentials(access_key_id="AKIA" + "N" * 16, secret_access_key="wrong")


def refusal(call: Callable[[], object]) -> str:
    """Return the code of the error that the call must raise."""
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"]


def only_key(aws: SimulatedAws, account: SeededAccount) -> KeyState:
    """Return the truth about the one key of user ``ci``."""
    state = aws.state(account_id=account.account_id, user="ci")
    (key,) = state.accounts[account.account_id].users["ci"].keys
    return key


def test_unknown_key_is_refused_in_each_services_words(
    clients: SimulatedClients, account: SeededAccount
) -> None:
    """XML services and JSON services name the same fault differently."""
    assert account.users
    assert refusal(clients.sts(NOBODY).get_caller_identity) == "InvalidClientTokenId"
    assert refusal(clients.iam(NOBODY).list_users) == "InvalidClientTokenId"
    secrets = clients.secrets_manager(NOBODY)
    code = refusal(lambda: secrets.get_secret_value(SecretId="ci/key"))
    assert code == "UnrecognizedClientException"


def test_wrong_secret_is_refused_by_secrets_manager_too(
    clients: SimulatedClients, account: SeededAccount
) -> None:
    """The signature is verified for JSON bodies as well."""
    forged = Credentials(access_key_id=account.admin.access_key_id, secret_access_key="wrong")
    secrets = clients.secrets_manager(forged)

    code = refusal(lambda: secrets.describe_secret(SecretId="ci/key"))
    assert code == "InvalidSignatureException"


def test_user_key_identifies_its_user(clients: SimulatedClients, account: SeededAccount) -> None:
    """GetCallerIdentity tells whose the key is."""
    identity = clients.sts(account.users["ci"][0], region="eu-west-1").get_caller_identity()

    assert identity["Arn"] == "arn:aws:iam::111122223333:user/svc/ci"
    assert identity["Account"] == "111122223333"


def test_user_may_read_a_secret_and_nothing_else(
    clients: SimulatedClients, account: SeededAccount
) -> None:
    """A consumer reads; only the administrators change."""
    (key,) = account.users["ci"]
    secrets = clients.secrets_manager(key)

    assert secrets.get_secret_value(SecretId="ci/key")["SecretString"] == "{}"
    denied = refusal(lambda: secrets.put_secret_value(SecretId="ci/key", SecretString="x"))
    assert denied == "AccessDeniedException"
    assert refusal(clients.iam(key).list_users) == "AccessDenied"


def test_new_key_works_exactly_when_the_propagation_delay_is_over(
    aws: SimulatedAws, clients: SimulatedClients, account: SeededAccount
) -> None:
    """Not a second earlier."""
    aws.configure(Settings(propagation_delay_seconds=60))
    key = clients.iam(account.admin).create_access_key(UserName="ci")["AccessKey"]
    sts = clients.sts(
        Credentials(access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])
    )
    aws.advance(59)
    assert refusal(sts.get_caller_identity) == "InvalidClientTokenId"
    aws.advance(1)

    assert sts.get_caller_identity()["Arn"].endswith("/ci")


@pytest.mark.parametrize("act", ["disable", "delete"])
def test_revoked_key_works_until_the_lag_is_over(
    aws: SimulatedAws, clients: SimulatedClients, account: SeededAccount, act: str
) -> None:
    """As was measured at AWS for deleted keys."""
    (key,) = account.users["ci"]
    iam, sts = clients.iam(account.admin), clients.sts(key)
    if act == "disable":
        iam.update_access_key(UserName="ci", AccessKeyId=key.access_key_id, Status="Inactive")
    else:
        iam.delete_access_key(UserName="ci", AccessKeyId=key.access_key_id)
    aws.advance(2.9)
    assert sts.get_caller_identity()["Arn"]
    aws.advance(0.1)

    assert refusal(sts.get_caller_identity) == "InvalidClientTokenId"


def test_reenabled_key_works_after_propagation(
    aws: SimulatedAws, clients: SimulatedClients, account: SeededAccount
) -> None:
    """Enabling travels as slowly as minting, and overtakes no later change."""
    (key,) = account.users["ci"]
    iam, sts = clients.iam(account.admin), clients.sts(key)
    iam.update_access_key(UserName="ci", AccessKeyId=key.access_key_id, Status="Inactive")
    aws.advance(5)
    iam.update_access_key(UserName="ci", AccessKeyId=key.access_key_id, Status="Active")
    aws.advance(9)
    assert refusal(sts.get_caller_identity) == "InvalidClientTokenId"
    aws.advance(1)

    assert sts.get_caller_identity()["Arn"]


def test_enabling_an_active_key_interrupts_nothing(
    clients: SimulatedClients, account: SeededAccount
) -> None:
    """UpdateAccessKey is idempotent."""
    (key,) = account.users["ci"]
    clients.iam(account.admin).update_access_key(
        UserName="ci", AccessKeyId=key.access_key_id, Status="Active"
    )

    assert clients.sts(key).get_caller_identity()["Arn"]


def test_third_key_is_refused_even_beside_an_inactive_one(
    clients: SimulatedClients, account: SeededAccount
) -> None:
    """Inactive keys count toward the limit of two."""
    iam = clients.iam(account.admin)
    (key,) = account.users["ci"]
    iam.update_access_key(UserName="ci", AccessKeyId=key.access_key_id, Status="Inactive")
    iam.create_access_key(UserName="ci")

    assert refusal(lambda: iam.create_access_key(UserName="ci")) == "LimitExceeded"


def test_new_key_is_not_listed_within_the_list_lag(
    aws: SimulatedAws, clients: SimulatedClients, account: SeededAccount
) -> None:
    """But it counts toward the limit."""
    aws.configure(Settings(list_lag_seconds=20))
    iam = clients.iam(account.admin)
    iam.create_access_key(UserName="ci")
    aws.advance(19)
    assert len(iam.list_access_keys(UserName="ci")["AccessKeyMetadata"]) == 1
    aws.advance(1)

    assert len(iam.list_access_keys(UserName="ci")["AccessKeyMetadata"]) == 2


def test_never_used_key_has_no_date(clients: SimulatedClients, account: SeededAccount) -> None:
    """The shape that a guard must read as never used."""
    (key,) = account.users["ci"]
    told = clients.iam(account.admin).get_access_key_last_used(AccessKeyId=key.access_key_id)

    assert told["UserName"] == "ci"
    assert told["AccessKeyLastUsed"] == {"Region": "N/A", "ServiceName": "N/A"}


def test_within_the_quantum_only_the_first_use_is_recorded(
    aws: SimulatedAws, clients: SimulatedClients, account: SeededAccount
) -> None:
    """The report stays at the first use, the truth does not."""
    (key,) = account.users["ci"]
    sts, first = clients.sts(key, region="eu-west-1"), aws.now()
    sts.get_caller_identity()
    aws.advance(899)
    sts.get_caller_identity()

    told = clients.iam(account.admin).get_access_key_last_used(AccessKeyId=key.access_key_id)
    assert told["AccessKeyLastUsed"]["LastUsedDate"] == first
    assert told["AccessKeyLastUsed"]["Region"] == "eu-west-1"
    assert told["AccessKeyLastUsed"]["ServiceName"] == "sts"
    assert only_key(aws, account).last_used_at == first + timedelta(seconds=899)
    aws.advance(1)
    sts.get_caller_identity()
    told = clients.iam(account.admin).get_access_key_last_used(AccessKeyId=key.access_key_id)
    assert told["AccessKeyLastUsed"]["LastUsedDate"] == first + timedelta(seconds=900)


def test_use_is_reported_after_the_reporting_lag(
    aws: SimulatedAws, clients: SimulatedClients, account: SeededAccount
) -> None:
    """Until then the use before it is told."""
    aws.configure(Settings(last_used_lag_seconds=3600))
    (key,) = account.users["ci"]
    sts, first = clients.sts(key), aws.now()
    sts.get_caller_identity()
    assert only_key(aws, account).reported_at is None
    aws.advance(3600)
    sts.get_caller_identity()
    assert only_key(aws, account).reported_at == first
    aws.advance(3600)

    assert only_key(aws, account).reported_at == first + timedelta(seconds=3600)


def test_refused_calls_of_a_revoked_key_are_no_use(
    aws: SimulatedAws, clients: SimulatedClients, account: SeededAccount
) -> None:
    """A consumer that is locked out must not keep its key in use."""
    (key,) = account.users["ci"]
    clients.iam(account.admin).update_access_key(
        UserName="ci", AccessKeyId=key.access_key_id, Status="Inactive"
    )
    aws.advance(3)
    refusal(clients.sts(key).get_caller_identity)

    assert only_key(aws, account).uses == 0


def test_lists_of_users_are_cut_at_the_configured_page(
    aws: SimulatedAws, clients: SimulatedClients, account: SeededAccount
) -> None:
    """Small worlds paginate too, in the order of names, by path."""
    aws.seed(account.account_id, users=[UserSeed(name=f"u{i}", path="/svc/") for i in range(5)])
    aws.seed(account.account_id, users=[UserSeed(name="other", path="/people/")])
    aws.configure(Settings(max_page_size=2))
    pages = list(
        clients.iam(account.admin).get_paginator("list_users").paginate(PathPrefix="/svc/")
    )

    assert [len(page["Users"]) for page in pages] == [2, 2, 2]
    names = [user["UserName"] for page in pages for user in page["Users"]]
    assert names == ["ci", "u0", "u1", "u2", "u3", "u4"]


def test_lists_of_keys_are_cut_at_the_asked_page(
    clients: SimulatedClients, account: SeededAccount
) -> None:
    """One key a page still tells every key once."""
    iam = clients.iam(account.admin)
    iam.create_access_key(UserName="ci")
    paginator = iam.get_paginator("list_access_keys")
    pages = list(paginator.paginate(UserName="ci", PaginationConfig={"PageSize": 1}))

    ids = [key["AccessKeyId"] for page in pages for key in page["AccessKeyMetadata"]]
    assert len(pages) == len(set(ids)) == 2


def test_impossible_pages_and_markers_are_refused(
    clients: SimulatedClients, account: SeededAccount
) -> None:
    """1 to 1,000 items, and only markers that we gave."""
    iam = clients.iam(account.admin)

    assert refusal(lambda: iam.list_users(MaxItems=1001)) == "ValidationError"
    assert refusal(lambda: iam.list_users(Marker="%")) == "ValidationError"


def test_unknown_users_and_keys_are_no_such_entity(
    clients: SimulatedClients, account: SeededAccount
) -> None:
    """Also a key that has been deleted."""
    iam = clients.iam(account.admin)
    (key,) = account.users["ci"]
    iam.delete_access_key(UserName="ci", AccessKeyId=key.access_key_id)

    assert {
        refusal(lambda: iam.list_access_keys(UserName="absent")),
        refusal(lambda: iam.delete_access_key(UserName="ci", AccessKeyId=key.access_key_id)),
        refusal(lambda: iam.get_access_key_last_used(AccessKeyId=key.access_key_id)),
    } == {"NoSuchEntity"}


def test_session_must_name_the_user_it_means(
    clients: SimulatedClients, account: SeededAccount
) -> None:
    """Where moto would take the owner of some key."""
    assert refusal(clients.iam(account.admin).create_access_key) == "ValidationError"


def test_root_key_is_told_by_the_report_only(
    aws: SimulatedAws, clients: SimulatedClients, account: SeededAccount
) -> None:
    """Root keys are reported, never touched."""
    aws.seed(account.account_id, root_key_active=True)
    iam = clients.iam(account.admin)
    iam.generate_credential_report()
    header, root, _ = iam.get_credential_report()["Content"].decode().splitlines()

    cells = dict(zip(header.split(","), root.split(","), strict=True))
    assert cells["access_key_1_active"] == "true"


def test_recreated_user_is_another_user(clients: SimulatedClients, account: SeededAccount) -> None:
    """Same name, same ARN, another UserId."""
    iam = clients.iam(account.admin)
    before = iam.get_user(UserName="ci")["User"]
    assert iam.get_user(UserName="ci")["User"]["UserId"] == before["UserId"]
    iam.delete_access_key(UserName="ci", AccessKeyId=account.users["ci"][0].access_key_id)
    iam.delete_user(UserName="ci")
    after = iam.create_user(UserName="ci", Path="/svc/")["User"]

    assert after["Arn"] == before["Arn"]
    assert after["UserId"] != before["UserId"]


def test_login_profile_exists_for_people_only(
    aws: SimulatedAws, clients: SimulatedClients, account: SeededAccount
) -> None:
    """A console password marks a person."""
    aws.seed(account.account_id, users=[UserSeed(name="anna", console_password=True)])
    iam = clients.iam(account.admin)

    assert iam.get_login_profile(UserName="anna")["LoginProfile"]["UserName"] == "anna"
    assert refusal(lambda: iam.get_login_profile(UserName="ci")) == "NoSuchEntity"


def test_tags_of_a_user_are_kept_up_to_fifty(
    clients: SimulatedClients, account: SeededAccount
) -> None:
    """TagUser, ListUserTags, UntagUser, and the limit."""
    iam = clients.iam(account.admin)
    iam.tag_user(UserName="ci", Tags=[{"Key": "AKIA1", "Value": "rotator/1"}])
    assert iam.list_user_tags(UserName="ci")["Tags"] == [{"Key": "AKIA1", "Value": "rotator/1"}]
    iam.untag_user(UserName="ci", TagKeys=["AKIA1"])
    assert iam.list_user_tags(UserName="ci")["Tags"] == []

    many = [{"Key": f"k{i}", "Value": ""} for i in range(51)]
    assert refusal(lambda: iam.tag_user(UserName="ci", Tags=many)) == "LimitExceeded"  # type: ignore[arg-type]


def test_session_of_a_role_works_until_it_expires(
    aws: SimulatedAws, clients: SimulatedClients, account: SeededAccount
) -> None:
    """Temporary credentials reach the role's account, for their duration only."""
    aws.seed("444455556666", users=[UserSeed(name="elsewhere")])
    session = clients.sts(account.admin).assume_role(
        RoleArn="arn:aws:iam::444455556666:role/rotator",
        RoleSessionName="test",
        DurationSeconds=900,
    )["Credentials"]
    iam = clients.iam(
        Credentials(
            access_key_id=session["AccessKeyId"], secret_access_key=session["SecretAccessKey"]
        ),
        session_token=session["SessionToken"],
    )
    assert [user["UserName"] for user in iam.list_users()["Users"]] == ["elsewhere"]
    aws.advance(900)

    assert refusal(iam.list_users) == "ExpiredToken"


def test_credential_report_keeps_slots_and_expires(
    aws: SimulatedAws, clients: SimulatedClients, account: SeededAccount
) -> None:
    """Deleting the first key does not move the second into its columns."""
    iam = clients.iam(account.admin)
    assert refusal(iam.get_credential_report) == "ReportNotPresent"
    born = iam.create_access_key(UserName="ci")["AccessKey"]["CreateDate"]
    iam.delete_access_key(UserName="ci", AccessKeyId=account.users["ci"][0].access_key_id)
    assert iam.generate_credential_report()["State"] == "STARTED"
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    header, _, row = iam.get_credential_report()["Content"].decode().splitlines()

    cells = dict(zip(header.split(","), row.split(","), strict=True))
    assert cells["access_key_1_active"] == "false"
    assert cells["access_key_2_active"] == "true"
    assert datetime.fromisoformat(cells["access_key_2_last_rotated"]) == born
    aws.advance(4 * 3600)
    assert refusal(iam.get_credential_report) == "ReportExpired"


def test_age_of_a_seeded_key_counts_from_the_simulated_clock(
    aws: SimulatedAws, clients: SimulatedClients, account: SeededAccount
) -> None:
    """CreateDate lies in the past, whole seconds, and the user is no younger."""
    now = aws.now().replace(microsecond=0)
    aws.seed(
        account.account_id,
        users=[UserSeed(name="old", keys=(KeySeed(age_seconds=400 * DAY, status="Inactive"),))],
    )
    (key,) = clients.iam(account.admin).list_access_keys(UserName="old")["AccessKeyMetadata"]

    assert key["CreateDate"] == now - timedelta(days=400)
    assert key["Status"] == "Inactive"
