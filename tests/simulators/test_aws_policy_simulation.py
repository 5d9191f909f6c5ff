"""SimulatePrincipalPolicy: the same answers as real calls get, without making them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from rotator.simulators.aws.shapes import KeySeed, RoleSeed, UserSeed

if TYPE_CHECKING:
    from rotator.simulators.aws.clients import SimulatedClients
    from rotator.simulators.aws.process import SimulatedAws

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/rotator"
USER = f"arn:aws:iam::{ACCOUNT}:user/svc/ci"
TAG = "aws:ResourceTag/rotator:managed"
POLICY: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": "iam:CreateAccessKey",
            "Resource": f"arn:aws:iam::{ACCOUNT}:user/svc/*",
            "Condition": {"StringEquals": {TAG: "true"}},
        },
        {"Effect": "Deny", "Action": "iam:DeleteUser", "Resource": "*"},
    ],
}


@pytest.fixture
def iam(aws: SimulatedAws, clients: SimulatedClients) -> Any:  # noqa: ANN401
    """Return the administrator's client of an account with one role and one user."""
    role = RoleSeed(name="rotator", policies=(POLICY,))
    user = UserSeed(name="ci", path="/svc/", keys=(KeySeed(age_seconds=86_400),))
    return clients.iam(aws.seed(ACCOUNT, roles=[role], users=[user]).admin)


def results(iam: Any, *actions: str, **more: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    told = iam.simulate_principal_policy(PolicySourceArn=ROLE, ActionNames=[*actions], **more)
    assert not told["IsTruncated"]
    found: list[dict[str, Any]] = told["EvaluationResults"]
    return found


def entry(key: str, value: str) -> dict[str, object]:
    return {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}


def test_each_action_gets_its_verdict(iam: Any) -> None:  # noqa: ANN401
    told = results(iam, "iam:ListUsers", "iam:TagUser", "iam:DeleteUser")

    assert [
        (one["EvalActionName"], one["EvalResourceName"], one["EvalDecision"]) for one in told
    ] == [
        ("iam:ListUsers", "*", "allowed"),
        ("iam:TagUser", "*", "implicitDeny"),
        ("iam:DeleteUser", "*", "explicitDeny"),
    ]


def test_a_condition_without_its_value_is_unmet_and_named(iam: Any) -> None:  # noqa: ANN401
    (told,) = results(iam, "iam:CreateAccessKey", ResourceArns=[USER])

    assert told["EvalDecision"] == "implicitDeny"
    assert told["MissingContextValues"] == [TAG]
    (specific,) = told["ResourceSpecificResults"]
    assert (specific["EvalResourceName"], specific["EvalResourceDecision"]) == (
        USER,
        "implicitDeny",
    )


def test_context_and_resource_decide(iam: Any) -> None:  # noqa: ANN401
    managed = [entry(TAG, "true")]
    elsewhere = f"arn:aws:iam::{ACCOUNT}:user/people/anna"
    told = results(
        iam, "iam:CreateAccessKey", ResourceArns=[USER, elsewhere], ContextEntries=managed
    )

    assert [one["EvalDecision"] for one in told] == ["allowed", "implicitDeny"]
    assert [one["MissingContextValues"] for one in told] == [[], []]


def test_service_control_policy_is_named_as_the_reason(aws: SimulatedAws, iam: Any) -> None:  # noqa: ANN401
    statement = {"Effect": "Deny", "Action": "iam:ListUsers", "Resource": "*"}
    aws.seed(ACCOUNT, scps=[{"Version": "2012-10-17", "Statement": statement}])
    (told,) = results(iam, "iam:ListUsers")

    assert told["EvalDecision"] == "explicitDeny"
    assert not told["OrganizationsDecisionDetail"]["AllowedByOrganizations"]


def test_user_without_policies_is_a_consumer(iam: Any) -> None:  # noqa: ANN401
    actions = ["secretsmanager:GetSecretValue", "iam:ListUsers"]
    told = iam.simulate_principal_policy(PolicySourceArn=USER, ActionNames=actions)

    verdicts = [one["EvalDecision"] for one in told["EvaluationResults"]]
    assert verdicts == ["allowed", "implicitDeny"]


def test_simulating_needs_a_permission_too(
    aws: SimulatedAws,
    clients: SimulatedClients,
) -> None:
    own = f"arn:aws:iam::{ACCOUNT}:user/daemon"
    statement = {"Effect": "Allow", "Action": "iam:SimulatePrincipalPolicy", "Resource": own}
    policies = ({"Version": "2012-10-17", "Statement": statement},)
    keys = (KeySeed(age_seconds=86_400),)
    account = aws.seed(
        ACCOUNT,
        users=[UserSeed(name="daemon", policies=policies, keys=keys)],
        roles=[RoleSeed(name="rotator")],
    )
    iam = clients.iam(account.users["daemon"][0])

    told = iam.simulate_principal_policy(PolicySourceArn=own, ActionNames=["iam:ListUsers"])
    assert told["EvaluationResults"][0]["EvalDecision"] == "implicitDeny"
    with pytest.raises(ClientError, match="AccessDenied"):
        iam.simulate_principal_policy(PolicySourceArn=ROLE, ActionNames=["iam:ListUsers"])


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        (f"arn:aws:iam::{ACCOUNT}:role/other", "NoSuchEntity"),
        (f"arn:aws:iam::{ACCOUNT}:user/ci", "NoSuchEntity"),
        ("arn:aws:iam::444455556666:role/rotator", "NoSuchEntity"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/rotator/test", "InvalidInput"),
        (f"arn:aws:iam::{ACCOUNT}:root", "InvalidInput"),
    ],
)
def test_only_users_and_roles_of_the_account_have_policies(iam: Any, arn: str, code: str) -> None:  # noqa: ANN401
    """A session's ARN is none: its role's is meant."""
    with pytest.raises(ClientError, match=code):
        iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=["iam:ListUsers"])
