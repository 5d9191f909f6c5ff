"""Policies of users, roles and accounts: what AWS allows, and how it says no."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from rotator.simulators.aws.shapes import Credentials, KeySeed, RoleSeed, SecretSeed, UserSeed

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_iam import IAMClient

    from rotator.simulators.aws.clients import SimulatedClients
    from rotator.simulators.aws.process import SimulatedAws
    from rotator.simulators.aws.shapes import PolicyDocument, SeededAccount

OLD = (KeySeed(age_seconds=86_400),)
HUB, MEMBER = "111122223333", "444455556666"
MANAGED = {"StringEquals": {"aws:ResourceTag/rotator:managed": "true"}}


def policy(*statements: dict[str, Any]) -> PolicyDocument:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(*actions: str, on: str = "*", when: dict[str, Any] | None = None) -> dict[str, Any]:
    told = {"Effect": "Allow", "Action": list(actions), "Resource": on}
    return {**told, "Condition": when} if when else told


def deny(*actions: str, on: str = "*", when: dict[str, Any] | None = None) -> dict[str, Any]:
    return {**allow(*actions, on=on, when=when), "Effect": "Deny"}


def refusal(call: Callable[[], object]) -> tuple[str, str]:
    """Return code and message of the error that the call must raise."""
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def hub(aws: SimulatedAws, *statements: dict[str, Any]) -> SeededAccount:
    """Seed the hub's account: a daemon with policies, a managed user, an unmanaged one."""
    daemon = UserSeed(name="daemon", keys=OLD, policies=(policy(*statements),))
    managed = UserSeed(name="ci", path="/svc/", tags={"rotator:managed": "true"}, keys=OLD)
    return aws.seed(
        HUB,
        users=[daemon, managed, UserSeed(name="anna", keys=OLD)],
        secrets=[
            SecretSeed(name="iam/ci", value="{}", tags={"rotator:owner": "prod"}),
            SecretSeed(name="other", value="{}"),
        ],
    )


def daemon_of(account: SeededAccount) -> Credentials:
    return account.users["daemon"][0]


@pytest.fixture
def session(aws: SimulatedAws, clients: SimulatedClients) -> Callable[..., IAMClient]:
    """Return a maker of IAM clients of the member account's role ``rotator``."""

    def assume(caller: Credentials) -> IAMClient:
        answer = clients.sts(caller).assume_role(
            RoleArn=f"arn:aws:iam::{MEMBER}:role/rotator", RoleSessionName="test"
        )["Credentials"]
        temporary = Credentials(
            access_key_id=answer["AccessKeyId"], secret_access_key=answer["SecretAccessKey"]
        )
        return clients.iam(temporary, session_token=answer["SessionToken"])

    return assume


def test_user_may_do_what_its_policies_allow_and_nothing_else(
    aws: SimulatedAws, clients: SimulatedClients
) -> None:
    """The words are AWS's: who, what, on what, and why not."""
    account = hub(aws, allow("iam:List*"))
    iam = clients.iam(daemon_of(account))

    assert len(iam.list_users()["Users"]) == 3
    assert refusal(lambda: iam.create_access_key(UserName="ci")) == (
        "AccessDenied",
        (
            f"User: arn:aws:iam::{HUB}:user/daemon is not authorized to perform: "
            f"iam:CreateAccessKey on resource: arn:aws:iam::{HUB}:user/svc/ci because no "
            "identity-based policy allows the iam:CreateAccessKey action"
        ),
    )


def test_resource_is_the_user_with_its_path(aws: SimulatedAws, clients: SimulatedClients) -> None:
    """Also where the call names the key only."""
    on = f"arn:aws:iam::{HUB}:user/svc/*"
    account = hub(aws, allow("iam:CreateAccessKey", "iam:GetAccessKeyLastUsed", on=on))
    iam = clients.iam(daemon_of(account))
    (ours,), (theirs,) = account.users["ci"], account.users["anna"]

    assert iam.create_access_key(UserName="ci")["AccessKey"]
    assert iam.get_access_key_last_used(AccessKeyId=ours.access_key_id)["UserName"] == "ci"
    assert refusal(lambda: iam.create_access_key(UserName="anna"))[0] == "AccessDenied"
    _, message = refusal(lambda: iam.get_access_key_last_used(AccessKeyId=theirs.access_key_id))
    assert f"on resource: arn:aws:iam::{HUB}:user/anna" in message


def test_action_without_resources_needs_the_star(
    aws: SimulatedAws, clients: SimulatedClients
) -> None:
    """ListUsers on a path is a policy that allows nothing."""
    account = hub(aws, allow("iam:ListUsers", on=f"arn:aws:iam::{HUB}:user/*"))

    _, message = refusal(clients.iam(daemon_of(account)).list_users)
    assert "on resource: * because" in message


def test_tag_of_the_user_decides(aws: SimulatedAws, clients: SimulatedClients) -> None:
    """The managed tag is the border; it is asked for at the time of the call."""
    account = hub(aws, allow("iam:CreateAccessKey", when=MANAGED))
    iam, admin = clients.iam(daemon_of(account)), clients.iam(account.admin)

    assert iam.create_access_key(UserName="ci")["AccessKey"]
    assert refusal(lambda: iam.create_access_key(UserName="anna"))[0] == "AccessDenied"
    admin.tag_user(UserName="anna", Tags=[{"Key": "rotator:managed", "Value": "true"}])
    assert iam.create_access_key(UserName="anna")["AccessKey"]


def test_explicit_deny_outweighs_every_allow(aws: SimulatedAws, clients: SimulatedClients) -> None:
    """Whatever the order."""
    account = hub(aws, deny("iam:DeleteUser"), allow("iam:*"))

    code, message = refusal(lambda: clients.iam(daemon_of(account)).delete_user(UserName="ci"))
    assert code == "AccessDenied"
    assert message.endswith("with an explicit deny in an identity-based policy")


def test_tags_that_are_sent_can_be_forbidden(aws: SimulatedAws, clients: SimulatedClients) -> None:
    """Marks on keys are allowed, the managed tag is not."""
    forbidden = {"ForAnyValue:StringLike": {"aws:TagKeys": ["rotator:*"]}}
    tagging = deny("iam:TagUser", "iam:UntagUser", when=forbidden)
    account = hub(aws, allow("iam:TagUser", "iam:UntagUser"), tagging)
    iam = clients.iam(daemon_of(account))

    iam.tag_user(UserName="ci", Tags=[{"Key": "AKIA1", "Value": "rotator/1"}])
    iam.untag_user(UserName="ci", TagKeys=["AKIA1"])
    mine = [{"Key": "AKIA1", "Value": ""}, {"Key": "rotator:managed", "Value": "true"}]
    assert refusal(lambda: iam.tag_user(UserName="anna", Tags=mine))[0] == "AccessDenied"  # type: ignore[arg-type]
    remove = ["rotator:managed"]
    assert refusal(lambda: iam.untag_user(UserName="ci", TagKeys=remove))[0] == "AccessDenied"


def test_value_of_a_sent_tag_can_be_prescribed(
    aws: SimulatedAws, clients: SimulatedClients
) -> None:
    """A secret is born with its owner's tag, or not at all."""
    owned = {"StringEquals": {"aws:RequestTag/rotator:owner": "prod"}}
    on = f"arn:aws:secretsmanager:us-east-1:{HUB}:secret:iam/*"
    account = hub(aws, allow("secretsmanager:CreateSecret", on=on, when=owned))
    secrets = clients.secrets_manager(daemon_of(account))
    tags = [{"Key": "rotator:owner", "Value": "prod"}]

    assert secrets.create_secret(Name="iam/new", SecretString="{}", Tags=tags)["ARN"]  # type: ignore[arg-type]
    for name, sent in (("iam/bare", []), ("elsewhere", tags)):
        code, message = refusal(
            lambda name=name, sent=sent: secrets.create_secret(  # type: ignore[misc]
                Name=name, SecretString="{}", Tags=sent
            )
        )
        assert code == "AccessDeniedException"
        assert f":secret:{name}-??????" in message


def test_secret_is_meant_by_its_name_or_its_arn(
    aws: SimulatedAws, clients: SimulatedClients
) -> None:
    """A policy names it with the star for its six random characters."""
    on = f"arn:aws:secretsmanager:us-east-1:{HUB}:secret:iam/*"
    account = hub(aws, allow("secretsmanager:DescribeSecret", on=on))
    secrets = clients.secrets_manager(daemon_of(account))

    assert secrets.describe_secret(SecretId="iam/ci")["Name"] == "iam/ci"
    assert secrets.describe_secret(SecretId=account.secrets["iam/ci"])["Name"] == "iam/ci"
    for name in ("other", account.secrets["other"], on.replace("iam/*", "unknown-abcdef")):
        code, _ = refusal(lambda name=name: secrets.describe_secret(SecretId=name))  # type: ignore[misc]
        assert code == "AccessDeniedException"


def test_condition_on_the_stage_needs_the_stage_in_the_call(
    aws: SimulatedAws, clients: SimulatedClients
) -> None:
    """As boto3's issue 2957 found out."""
    when = {"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}}
    account = hub(aws, allow("secretsmanager:GetSecretValue", when=when))
    secrets = clients.secrets_manager(daemon_of(account))

    value = secrets.get_secret_value(SecretId="iam/ci", VersionStage="AWSCURRENT")
    assert value["SecretString"] == "{}"
    code, _ = refusal(lambda: secrets.get_secret_value(SecretId="iam/ci"))
    assert code == "AccessDeniedException"


def test_each_secret_of_a_batch_is_a_matter_of_its_own_permission(
    aws: SimulatedAws, clients: SimulatedClients
) -> None:
    """The batch is answered; what was refused in it is told beside the values."""
    owned = {"StringEquals": {"secretsmanager:ResourceTag/rotator:owner": "prod"}}
    account = hub(
        aws,
        allow("secretsmanager:BatchGetSecretValue"),
        allow("secretsmanager:GetSecretValue", when=owned),
    )
    told = clients.secrets_manager(daemon_of(account)).batch_get_secret_value(
        SecretIdList=["iam/ci", "other"]
    )

    assert [value["Name"] for value in told["SecretValues"]] == ["iam/ci"]
    (error,) = told["Errors"]
    assert (error["SecretId"], error["ErrorCode"]) == ("other", "AccessDeniedException")


def test_policies_change_at_run_time(aws: SimulatedAws, clients: SimulatedClients) -> None:
    """A permission is taken away, given back, and at last there are no policies."""
    account = hub(aws, allow("iam:ListUsers"))
    iam = clients.iam(daemon_of(account))
    aws.put_policies(HUB, "daemon", [])
    assert refusal(iam.list_users)[0] == "AccessDenied"
    aws.put_policies(HUB, "daemon", [policy(allow("iam:*"))])
    assert iam.list_users()["Users"]
    aws.put_policies(HUB, "daemon", None)

    assert refusal(iam.list_users)[0] == "AccessDenied"
    secrets = clients.secrets_manager(daemon_of(account))
    assert secrets.get_secret_value(SecretId="other")["SecretString"] == "{}"


def test_policies_are_put_on_exactly_one_holder(aws: SimulatedAws) -> None:
    """Not on nobody, and not on a user and a role of one name."""
    aws.seed(HUB, users=[UserSeed(name="twin")], roles=[RoleSeed(name="twin")])

    for name in ("absent", "twin"):
        with pytest.raises(ValueError, match="users and roles"):
            aws.put_policies(HUB, name, [])


def test_caller_identity_is_told_even_to_those_to_whom_it_is_denied(
    aws: SimulatedAws, clients: SimulatedClients
) -> None:
    """GetCallerIdentity needs no permission."""
    account = hub(aws, deny("*"))

    arn = clients.sts(daemon_of(account)).get_caller_identity()["Arn"]
    assert arn == f"arn:aws:iam::{HUB}:user/daemon"


def test_session_may_do_what_its_role_may(
    aws: SimulatedAws, clients: SimulatedClients, session: Callable[..., IAMClient]
) -> None:
    """And acts under the session's name."""
    daemon = daemon_of(hub(aws, allow("sts:AssumeRole", on="arn:aws:iam::*:role/rotator")))
    trusted = f"arn:aws:iam::{HUB}:user/daemon"
    listing = policy(allow("iam:ListUsers"))
    role = RoleSeed(name="rotator", policies=(listing,), trusts=(trusted,))
    member = aws.seed(MEMBER, users=[UserSeed(name="there")], roles=[role])
    iam = session(daemon)

    assert member.roles == {"rotator": f"arn:aws:iam::{MEMBER}:role/rotator"}
    assert [user["UserName"] for user in iam.list_users()["Users"]] == ["there"]
    _, message = refusal(lambda: iam.list_access_keys(UserName="there"))
    assert message.startswith(f"User: arn:aws:sts::{MEMBER}:assumed-role/rotator/test is not")
    aws.put_policies(MEMBER, "rotator", None)
    assert iam.list_access_keys(UserName="there")["AccessKeyMetadata"] == []


@pytest.mark.parametrize(
    "trusted", [HUB, f"arn:aws:iam::{HUB}:root", f"arn:aws:iam::{HUB}:role/simulator-admin", "*"]
)
def test_role_trusts_principals_accounts_and_everybody(
    aws: SimulatedAws, session: Callable[..., IAMClient], trusted: str
) -> None:
    """A session is trusted by its role's ARN."""
    aws.seed(MEMBER, roles=[RoleSeed(name="rotator", trusts=(trusted,))])

    assert session(aws.seed(HUB).admin).list_users()["Users"] == []


def test_role_is_assumed_only_by_those_whom_it_trusts_and_whose_policies_allow_it(
    aws: SimulatedAws, session: Callable[..., IAMClient]
) -> None:
    """Both halves are needed."""
    account = hub(aws, allow("iam:*"))
    aws.seed(MEMBER, roles=[RoleSeed(name="rotator", trusts=(HUB,))])
    _, message = refusal(lambda: session(daemon_of(account)))
    assert message.endswith("because no identity-based policy allows the sts:AssumeRole action")
    other = aws.seed("777788889999")

    _, message = refusal(lambda: session(other.admin))
    assert message.endswith(f"sts:AssumeRole on resource: arn:aws:iam::{MEMBER}:role/rotator")


def test_role_that_nobody_seeded_is_unknown_where_others_were(
    aws: SimulatedAws, session: Callable[..., IAMClient]
) -> None:
    """A misspelt name must not give every permission."""
    admin = aws.seed(HUB).admin
    assert session(admin).list_users()["Users"] == []
    aws.seed(MEMBER, roles=[RoleSeed(name="reader", trusts=(HUB,))])

    assert refusal(lambda: session(admin))[0] == "AccessDenied"


def test_service_control_policy_binds_the_administrators_too(
    aws: SimulatedAws, clients: SimulatedClients
) -> None:
    """What it does not deny is as before."""
    others = {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/rotator"}}
    scp = policy(deny("iam:CreateAccessKey", when=others))
    account = aws.seed(
        HUB,
        users=[UserSeed(name="ci")],
        scps=[scp],
        roles=[RoleSeed(name="rotator", trusts=(HUB,))],
    )
    iam = clients.iam(account.admin)
    answer = clients.sts(account.admin).assume_role(
        RoleArn=account.roles["rotator"], RoleSessionName="test"
    )["Credentials"]
    ours = Credentials(
        access_key_id=answer["AccessKeyId"], secret_access_key=answer["SecretAccessKey"]
    )

    assert iam.list_access_keys(UserName="ci")["AccessKeyMetadata"] == []
    _, message = refusal(lambda: iam.create_access_key(UserName="ci"))
    assert message.endswith("with an explicit deny in a service control policy")
    rotator = clients.iam(ours, session_token=answer["SessionToken"])
    assert rotator.create_access_key(UserName="ci")["AccessKey"]


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (deny("*", when={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), "IpAddress aws:SourceIp"),
        (deny("*", when={"StringEquals": {"aws:userid": "x"}}), "StringEquals aws:userid"),
        (deny("*", when={"Any:StringEquals": {"aws:TagKeys": "x"}}), "Any:StringEquals"),
        (deny("*", when={"NullIfExists": {"aws:TagKeys": "true"}}), "NullIfExists"),
        (allow("*", on="arn:aws:iam::*:user/${aws:username}"), "variables"),
        ({"Effect": "Allow", "Action": "*"}, "exactly one of Resource"),
        ({**allow("*"), "NotAction": "iam:*"}, "exactly one of Action"),
        ({**allow("*"), "Principal": "*"}, "Extra inputs"),
    ],
)
def test_policy_that_cannot_be_evaluated_is_not_guessed_at(
    aws: SimulatedAws, statement: dict[str, Any], why: str
) -> None:
    """It is refused when it is seeded, and nothing of the seed is made."""
    users = [UserSeed(name="first"), UserSeed(name="bad", policies=(policy(statement),))]

    with pytest.raises(ValueError, match=why.replace(":", ".")):
        aws.seed(HUB, users=users)
    aws.seed(HUB, users=users[:1])


def test_role_is_seeded_once(aws: SimulatedAws) -> None:
    """Another path is no other role."""
    aws.seed(HUB, roles=[RoleSeed(name="rotator")])

    with pytest.raises(ValueError, match="role rotator exists"):
        aws.seed(HUB, roles=[RoleSeed(name="rotator", path="/svc/")])


def test_user_that_is_made_again_has_lost_its_policies(
    aws: SimulatedAws, clients: SimulatedClients
) -> None:
    """The name is the same, the user is not."""
    account = aws.seed(HUB, users=[UserSeed(name="ci", policies=(policy(allow("*")),))])
    admin = clients.iam(account.admin)
    admin.delete_user(UserName="ci")
    admin.create_user(UserName="ci")
    key = admin.create_access_key(UserName="ci")["AccessKey"]
    aws.advance(10)

    anew = Credentials(access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])
    assert refusal(clients.iam(anew).list_users)[0] == "AccessDenied"
