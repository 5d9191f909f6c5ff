from __future__ import annotations

from dataclasses import replace

import pytest

from rotator.core.facts import Principal
from rotator.core.ids import AccountId
from rotator.core.policy import (
    Account,
    DestinationTemplate,
    Match,
    Policy,
    Rule,
    decide,
    recalled,
)
from rotator.core.policy_faults import policy_faults
from rotator.core.policy_objects import places_of
from rotator.core.rotation import Action
from rotator.core.tags import TagGlobs

ACCOUNT = Account(id=AccountId("111122223333"), region="eu-central-1")
PIVOT = DestinationTemplate(kind="aws-secrets-manager", name="iam/{principal}")
ELSEWHERE = replace(PIVOT, region="us-east-1", create=True)
RULE = Rule(
    name="services",
    action=Action.ROTATE,
    match=Match(principal=("svc-*",)),
    destination=PIVOT,
    followers=(ELSEWHERE,),
)
PRINCIPAL = Principal(provider="aws-iam", account=ACCOUNT.id, name="svc-app", uid="AIDA1")


def policy(*rules: Rule) -> Policy:
    return Policy(owner="rotator", rules=rules, accounts=(ACCOUNT,))


def faults(*rules: Rule) -> list[tuple[str, str]]:
    found = policy_faults(policy(*rules))
    return [(".".join(map(str, item.path)), item.problem) for item in found]


def test_followers_are_named_like_the_pivot() -> None:
    decision = decide(policy(RULE), PRINCIPAL)
    assert [item.region for item in decision.followers] == ["us-east-1"]
    assert decision.followers[0].name == "iam/svc-app"
    assert faults(RULE) == []


def test_the_places_of_a_rule_are_the_pivot_and_then_its_followers() -> None:
    assert list(places_of(RULE)) == [(("destination",), PIVOT), (("followers", 0), ELSEWHERE)]


@pytest.mark.parametrize("region", ["", "eu-central-1"])
def test_no_place_is_named_twice(region: str) -> None:
    again = replace(PIVOT, region=region)
    assert faults(replace(RULE, followers=(again,))) == [
        ("rules.0.followers.0.secret", "the rule names this object twice")
    ]
    twice = replace(RULE, followers=(ELSEWHERE, ELSEWHERE))
    assert faults(twice) == [("rules.0.followers.1.secret", "the rule names this object twice")]


def test_a_follower_may_not_be_what_another_rule_writes() -> None:
    other = Rule(
        name="jobs",
        action=Action.ROTATE,
        match=Match(principal=("job-one",)),
        destination=replace(PIVOT, name="shared"),
        followers=(replace(ELSEWHERE, name="also-shared"),),
    )
    first = replace(other, name="first", match=Match(principal=("job-two",)))
    told = [path for path, _ in faults(first, other)]
    assert told == ["rules.1.destination.secret"]


def test_only_a_rule_that_rotates_has_followers() -> None:
    found = faults(replace(RULE, action=Action.REPORT))
    assert found == [("rules.0.followers", "only a rule that rotates has followers")]


def test_a_followers_name_is_checked_like_any_other() -> None:
    wrong = replace(RULE, followers=(replace(ELSEWHERE, name="iam/{user}"),))
    assert ("rules.0.followers.0.secret", "`{user}` is not a placeholder") in faults(wrong)


def test_until_tags_are_known_every_follower_that_may_be_counts_and_none_is_made() -> None:
    tagged = replace(RULE, match=Match(tags=(TagGlobs(name="team", values=("a",)),)))
    other = replace(tagged, name="other", followers=(replace(ELSEWHERE, region="eu-west-1"),))
    decision = recalled(policy(tagged, other), PRINCIPAL, "a rule that is no more")

    assert {item.region for item in decision.followers} == {"us-east-1", "eu-west-1"}
    assert not any(item.create for item in decision.followers)
