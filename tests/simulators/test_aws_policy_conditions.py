"""Conditions of policies, operator by operator, as the user guide describes them."""

from __future__ import annotations

from typing import Any

import pytest

from rotator.simulators.aws.policy_documents import Ask, Verdict, evaluate, read_policies

ROLE = "arn:aws:iam::111122223333:role/rotator"
CONTEXT = {
    "aws:principalarn": (ROLE,),
    "aws:tagkeys": ("a", "b"),
    "aws:resourcetag/team": ("Blue",),
    "aws:resourcetag/count": ("7",),
    "aws:requestedregion": ("eu-west-1",),
    "x:given": ("yes",),
}


def verdict(condition: dict[str, Any], *, effect: str = "Allow") -> Verdict:
    statement = {"Effect": effect, "Action": "*", "Resource": "*", "Condition": condition}
    (document,) = [{"Version": "2012-10-17", "Statement": statement}]
    ask = Ask(action="iam:TagUser", resource="*", context=CONTEXT)
    return evaluate(read_policies([document]), ask)


@pytest.mark.parametrize(
    ("operator", "key", "value", "is_met"),
    [
        ("StringEquals", "aws:ResourceTag/team", "Blue", True),
        ("StringEquals", "AWS:resourceTag/Team", "Blue", True),
        ("StringEquals", "aws:ResourceTag/team", "blue", False),
        ("StringEquals", "aws:ResourceTag/team", ["red", "Blue"], True),
        ("StringEquals", "aws:ResourceTag/absent", "Blue", False),
        ("StringEqualsIfExists", "aws:ResourceTag/absent", "Blue", True),
        ("StringEqualsIfExists", "aws:ResourceTag/team", "red", False),
        ("StringEqualsIgnoreCase", "aws:ResourceTag/team", "blue", True),
        ("StringNotEquals", "aws:ResourceTag/team", "red", True),
        ("StringNotEquals", "aws:ResourceTag/team", ["red", "Blue"], False),
        ("StringNotEquals", "aws:ResourceTag/absent", "Blue", True),
        ("StringNotEqualsIgnoreCase", "aws:ResourceTag/team", "blue", False),
        ("StringLike", "aws:ResourceTag/team", "B?u*", True),
        ("StringLike", "aws:ResourceTag/team", "B", False),
        ("StringNotLike", "aws:RequestedRegion", "eu-*", False),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/rot*", True),
        ("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::111122223333:role/*", True),
        ("ArnLike", "aws:PrincipalArn", "arn:*:role/rotator", False),
        ("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::*:role/other", True),
        ("ArnNotEquals", "aws:PrincipalArn", ROLE, False),
        ("Null", "aws:ResourceTag/absent", True, True),
        ("Null", "aws:ResourceTag/absent", "false", False),
        ("Null", "aws:ResourceTag/team", "true", False),
        ("Null", "aws:ResourceTag/team", "false", True),
        ("Bool", "aws:ResourceTag/team", "bLUE", True),
        ("NumericLessThan", "aws:ResourceTag/count", "8", True),
        ("NumericLessThan", "aws:ResourceTag/count", 7, False),
        ("NumericLessThanEquals", "aws:ResourceTag/count", "7", True),
        ("NumericGreaterThan", "aws:ResourceTag/count", "6.5", True),
        ("NumericGreaterThanEquals", "aws:ResourceTag/count", "8", False),
        ("NumericEquals", "aws:ResourceTag/count", "7.0", True),
        ("NumericNotEquals", "aws:ResourceTag/count", "7", False),
        ("NumericEquals", "aws:ResourceTag/team", "7", False),
        ("ForAnyValue:StringEquals", "aws:TagKeys", "b", True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", "c", False),
        ("ForAnyValue:StringNotEquals", "aws:TagKeys", "b", True),
        ("ForAnyValue:StringNotEquals", "aws:TagKeys", ["a", "b"], False),
        ("ForAnyValue:StringNotEquals", "aws:RequestTag/absent", "b", False),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["a", "b", "c"], True),
        ("ForAllValues:StringEquals", "aws:TagKeys", "a", False),
        ("ForAllValues:StringEquals", "aws:RequestTag/absent", "a", True),
        ("ForAllValues:StringLikeIfExists", "aws:TagKeys", "?", True),
        # What the simulator does not know is not met, even where a negation would be;
        # but SimulatePrincipalPolicy may give a value for any key.
        ("StringNotEquals", "aws:SourceVpc", "vpc-1", False),
        ("StringEqualsIfExists", "aws:SourceVpc", "vpc-1", False),
        ("StringEquals", "x:given", "yes", True),
        ("DateLessThan", "aws:ResourceTag/count", "8", False),
    ],
)
def test_condition_is_met_exactly_when_it_is_at_aws(
    operator: str, key: str, value: object, *, is_met: bool
) -> None:
    expected = Verdict.ALLOWED if is_met else Verdict.IMPLICIT_DENY
    assert verdict({operator: {key: value}}) is expected


def test_all_conditions_must_be_met() -> None:
    met, unmet = {"aws:TagKeys": "a"}, {"aws:RequestedRegion": "us-*"}
    assert verdict({"ForAnyValue:StringEquals": met}, effect="Deny") is Verdict.EXPLICIT_DENY
    both = {"ForAnyValue:StringEquals": met, "StringLike": unmet}
    assert verdict(both, effect="Deny") is Verdict.IMPLICIT_DENY


@pytest.mark.parametrize(
    ("statement", "is_allowed"),
    [
        ({"Action": "IAM:tag*", "Resource": "*"}, True),
        ({"Action": ["iam:TagRole", "iam:?agUser"], "Resource": "*"}, True),
        ({"Action": "iam:Tag", "Resource": "*"}, False),
        ({"NotAction": "sts:*", "Resource": "*"}, True),
        ({"NotAction": ["sts:*", "iam:TagUser"], "Resource": "*"}, False),
        ({"Action": "*", "Resource": "arn:aws:iam::1:user/[a]*"}, True),
        ({"Action": "*", "Resource": "arn:aws:iam::1:user/[A]*"}, False),
        ({"Action": "*", "NotResource": "arn:aws:iam::1:user/b*"}, True),
        ({"Action": "*", "NotResource": ["arn:aws:iam::1:user/*"]}, False),
    ],
)
def test_patterns_of_actions_ignore_case_and_those_of_resources_do_not(
    statement: dict[str, Any], *, is_allowed: bool
) -> None:
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", **statement}}
    ask = Ask(action="iam:TagUser", resource="arn:aws:iam::1:user/[a]b", context={})

    expected = Verdict.ALLOWED if is_allowed else Verdict.IMPLICIT_DENY
    assert evaluate(read_policies([document]), ask) is expected
