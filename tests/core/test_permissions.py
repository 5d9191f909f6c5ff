from __future__ import annotations

from dataclasses import replace

import pytest

from rotator.core.ids import AccountId
from rotator.core.permissions import (
    FEATURES,
    OPTIONAL,
    Missing,
    State,
    findings,
    in_order,
    needed,
    publications,
    rotating_rules,
    selecting_rules,
    stoppers,
)
from rotator.core.policy import Account, DestinationTemplate, Match, Policy, Rule
from rotator.core.rotation import Action
from tests.builders import ACCOUNT

PLACE = DestinationTemplate(kind="aws-secrets-manager", name="iam/{principal}")
RULE = Rule(name="ci", action=Action.ROTATE, destination=PLACE)
REPORT = Rule(name="rest", action=Action.REPORT)
ALWAYS = ("scan", "report", "observe", "people", "check")


def policy(*rules: Rule) -> Policy:
    return Policy(owner="tests", rules=rules)


def test_a_policy_that_only_reports_asks_for_nothing_that_writes_or_reads_secrets() -> None:
    assert needed(policy(REPORT), ACCOUNT, has_trail=True) == ALWAYS


def test_a_policy_that_rotates_asks_for_what_a_whole_rotation_needs() -> None:
    extra = set(needed(policy(RULE), ACCOUNT, has_trail=False)) - set(ALWAYS)

    assert extra == {"use", "rotate", "mark", "read_staged", "read_current", "proof"}


@pytest.mark.parametrize(
    ("rule", "has_trail", "feature"),
    [
        (replace(RULE, destination=replace(PLACE, create=True)), False, "create"),
        (RULE, True, "trail"),
    ],
)
def test_a_feature_is_asked_for_only_where_it_is_switched_on(
    rule: Rule, feature: str, *, has_trail: bool
) -> None:
    assert feature in needed(policy(rule), ACCOUNT, has_trail=has_trail)
    assert feature not in needed(policy(RULE), ACCOUNT, has_trail=False)


def test_rules_for_other_accounts_switch_nothing_on() -> None:
    other = replace(RULE, match=Match(account=("999900001111",)))

    assert rotating_rules(policy(other, REPORT), ACCOUNT) == ()
    assert needed(policy(other), ACCOUNT, has_trail=True) == ALWAYS


VAULT = Account(
    id=AccountId("VAULT"), home=ACCOUNT, providers=("cipherstash-access-key",), region="eu-west-1"
)
USERS = replace(RULE, match=Match(provider=("aws-iam",)))
KEYS = replace(RULE, name="keys", match=Match(provider=("cipherstash-*",)))


def with_a_workspace(*rules: Rule) -> Policy:
    return Policy(owner="tests", rules=rules, accounts=(Account(id=ACCOUNT), VAULT))


def test_a_home_asks_for_what_the_secrets_of_its_workspaces_need_and_for_no_keys_of_users() -> None:
    made = with_a_workspace(KEYS)

    extra = set(needed(made, ACCOUNT, has_trail=True)) - set(ALWAYS)

    assert extra == {"publish", "read_staged", "read_current", "proof"}
    assert rotating_rules(made, ACCOUNT) == ()
    assert [item.account for item in publications(made, ACCOUNT)] == [VAULT]


def test_a_workspace_whose_secrets_are_made_asks_its_home_for_that() -> None:
    creating = replace(KEYS, destination=replace(PLACE, create=True))

    assert "create" in needed(with_a_workspace(creating), ACCOUNT, has_trail=False)


def test_rules_about_users_say_nothing_about_workspaces() -> None:
    made = with_a_workspace(USERS)

    assert "publish" not in needed(made, ACCOUNT, has_trail=False)
    assert selecting_rules(made, VAULT.id) == ()


def test_features_are_told_in_one_order() -> None:
    assert in_order({"check", "scan", "rotate"}) == ("scan", "rotate", "check")
    assert {feature.name for feature in FEATURES} >= OPTIONAL


def test_what_is_denied_is_off_and_what_nobody_knows_is_neither_off_nor_fine() -> None:
    wanted = {"scan": ("a:One",), "observe": ("a:Two", "a:Three"), "use": ("a:Four",)}
    missing = Missing(denied=frozenset({"a:Two"}), unknown=frozenset({"a:Three", "a:Four"}))

    found = findings(ACCOUNT, wanted, missing)

    assert [(item.feature.name, item.state) for item in found] == [
        ("scan", State.OK),
        ("observe", State.OFF),
        ("use", State.UNKNOWN),
    ]
    assert (found[1].denied, found[1].unknown) == (("a:Two",), ("a:Three",))


def test_an_urgent_rotation_does_not_ask_whether_the_old_key_is_quiet() -> None:
    assert stoppers(is_urgent=False) == ("use", "rotate", "publish")
    assert stoppers(is_urgent=True) == ("rotate", "publish")
