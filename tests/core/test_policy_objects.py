from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rotator.core.forms import AWS_IAM, BUILT_IN
from rotator.core.ids import AccountId
from rotator.core.policy import Account, DestinationTemplate, Match, Rule
from rotator.core.policy_faults import policy_faults
from rotator.core.policy_objects import clashes, providers_of
from rotator.core.rotation import Action
from rotator.core.tags import TagGlobs
from rotator.providers.aws_iam import PROVIDER
from rotator.providers.cipherstash.config import ACCESS_KEYS, CLIENT_KEYS
from tests.core.policies import DEV, PROD, faults, policy, rule, template

BOTH = (ACCESS_KEYS, CLIENT_KEYS)
VAULT = Account(id=AccountId("VAULT"), name="vault", home=PROD.id, providers=BOTH)
SAFE = Account(id=AccountId("SAFE"), name="safe", home=PROD.id, providers=BOTH)
AWAY = Account(id=AccountId("AWAY"), home=DEV.id, providers=BOTH)
EVERYWHERE = (PROD, DEV, VAULT, SAFE, AWAY)


def about(
    provider: str,
    name: str = "s/{principal}",
    *,
    merge: bool = False,
    **match: Any,  # noqa: ANN401 - any field of it
) -> Rule:
    return rule(
        f"{provider}-{name}-{match}",
        match=Match(provider=(provider,), **match),
        destination=template(name, merge=merge),
    )


def clashing(*rules: Rule, accounts: tuple[Account, ...] = EVERYWHERE) -> list[tuple[int, int]]:
    found = clashes(policy(*rules, accounts=accounts))
    return [(clash.one.index, clash.other.index) for clash in found]


def test_the_core_names_the_providers_as_their_adapters_do() -> None:
    assert BUILT_IN == (PROVIDER, ACCESS_KEYS, CLIENT_KEYS)


def test_an_account_is_of_aws_unless_somebody_says_otherwise() -> None:
    assert PROD.providers == (AWS_IAM,)


@pytest.mark.parametrize(
    ("match", "accounts", "providers"),
    [
        (Match(), (PROD,), (AWS_IAM,)),
        (Match(), EVERYWHERE, BUILT_IN),
        (Match(provider=("cipherstash-*",)), EVERYWHERE, BOTH),
        (Match(provider=("cipherstash-*",)), (PROD,), ()),
        (Match(account=("vault",)), EVERYWHERE, BOTH),
        (Match(path=("/svc/*",)), EVERYWHERE, (AWS_IAM,)),
        (Match(path=("/*",)), EVERYWHERE, BUILT_IN),
        (Match(tags=(TagGlobs(name="team", values=("*",)),)), EVERYWHERE, (AWS_IAM,)),
        (Match(), (), (AWS_IAM,)),
        (Match(account=("vault",), provider=("*-client-key",)), (), (CLIENT_KEYS,)),
    ],
)
def test_whose_principals_a_rule_may_select(
    match: Match, accounts: tuple[Account, ...], providers: tuple[str, ...]
) -> None:
    assert providers_of(policy(accounts=accounts), match) == providers


# ---------------------------------------------------------------------------- bundles


def bundle(*, merge: bool = True, **fields: Any) -> tuple[Rule, Rule]:  # noqa: ANN401
    """Two rules that write an access key and a client key into one object of one lineage."""
    one = about(ACCESS_KEYS, "web", merge=True, account=("vault",), principal=("web",))
    other = about(CLIENT_KEYS, "web", merge=merge, account=("vault",), principal=("web",))
    assert other.destination is not None
    return one, replace(other, destination=replace(other.destination, **fields))


def test_rules_of_different_providers_may_share_an_object_with_fields_of_their_own() -> None:
    assert clashing(*bundle()) == []


def test_a_shared_object_is_merged_by_both() -> None:
    assert clashing(*bundle(merge=False)) == [(0, 1)]


@pytest.mark.parametrize("field", ["key_id_field", "secret_field"])
def test_no_field_of_a_shared_object_has_two_writers(field: str) -> None:
    names: dict[str, Any] = {field: "CS_CLIENT_ACCESS_KEY"}

    assert clashing(*bundle(**names)) == [(0, 1)]


def test_one_rule_may_bundle_both_keys_of_a_lineage() -> None:
    both = about("cipherstash-*", "cs/{account}/{principal}", merge=True)

    assert clashing(both) == []


# ----------------------------------------------------------------------------- places


def test_principals_of_two_providers_may_have_one_name() -> None:
    both = about("cipherstash-*", account=("vault",))

    assert clashing(both) == [(0, 0)]
    assert "rules.0.match" in faults(both, accounts=EVERYWHERE)


def test_principals_of_two_workspaces_may_have_one_name() -> None:
    found = faults(about(ACCESS_KEYS), accounts=EVERYWHERE)

    assert list(found) == ["rules.0.destination.secret"]
    assert "`vault` and `safe`" in found["rules.0.destination.secret"]
    assert clashing(about(ACCESS_KEYS, "{account}/{principal}")) == []
    assert clashing(about(ACCESS_KEYS), accounts=(VAULT, AWAY)) == []


def test_a_workspaces_objects_and_those_of_its_home_are_in_one_place() -> None:
    users, keys = about(AWS_IAM), about(ACCESS_KEYS, account=("vault",))

    assert clashing(users, keys) == [(0, 1)]
    assert "of its own" in remedy(users, keys)
    assert clashing(users, about(ACCESS_KEYS, "cs/{principal}", account=("vault",))) == []


def remedy(*rules: Rule) -> str:
    return policy_faults(policy(*rules, accounts=EVERYWHERE))[0].remedy


@pytest.mark.parametrize(
    ("users", "keys", "may_meet"),
    [
        (("a",), ("b",), False),
        (("a", "b"), ("b", "c"), True),
        (("ci-*",), ("ci-web", "x"), True),
        (("ci-web", "x"), ("ci-*",), True),
        (("ci-*",), ("web", "x"), False),
        (("ci-*",), ("app-*",), False),
        (("ci-*",), ("ci-w?b", "x"), True),
        (("ci-[ab]*",), ("ci-*",), True),
        ((), ("a", "b"), True),
        (("a", "b"), (), True),
    ],
)
def test_principals_that_surely_have_other_names_are_never_in_each_others_way(
    users: tuple[str, ...], keys: tuple[str, ...], *, may_meet: bool
) -> None:
    rules = about(AWS_IAM, principal=users), about(ACCESS_KEYS, account=("vault",), principal=keys)

    assert bool(clashing(*rules)) is may_meet


def test_the_name_of_one_principal_is_filled_in_before_names_are_compared() -> None:
    web = about(AWS_IAM, "s/{principal}", principal=("web",))

    assert clashing(web, about(AWS_IAM, "s/web", principal=("ci",))) == [(0, 1)]
    assert clashing(web, about(AWS_IAM, "s/web", principal=("web",), path=("/x/",))) == []


def test_rules_that_select_nobody_write_nothing() -> None:
    nobody = about(ACCESS_KEYS, account=("444455556666",))

    assert clashing(nobody, nobody, about(AWS_IAM)) == []


def test_a_pair_of_rules_is_told_once() -> None:
    users, keys = about(AWS_IAM), about("*")

    assert len(clashing(users, keys)) == 2  # with one another, and the second with itself


# ----------------------------------------------------------------------------- fields


def fields(provider: str, **names: Any) -> dict[str, str]:  # noqa: ANN401
    made = DestinationTemplate(kind="aws-secrets-manager", name="{account}/{principal}", **names)
    match = Match(provider=(provider,))
    return faults(
        Rule(name="r", action=Action.ROTATE, match=match, destination=made), accounts=EVERYWHERE
    )


def test_a_key_that_carries_its_id_needs_no_field_for_it() -> None:
    assert fields(ACCESS_KEYS) == fields(ACCESS_KEYS, key_id_field="") == {}
    assert fields(ACCESS_KEYS, key_id_field="ID") == {}


@pytest.mark.parametrize("provider", [AWS_IAM, CLIENT_KEYS])
def test_any_other_key_needs_one(provider: str) -> None:
    assert list(fields(provider, key_id_field="")) == ["rules.0.destination.fields.keyId"]


def test_an_id_and_a_secret_that_would_share_a_providers_usual_field_are_refused() -> None:
    assert list(fields(CLIENT_KEYS, key_id_field="CS_CLIENT_KEY")) == ["rules.0.destination.fields"]


def test_a_provider_that_does_not_exist_is_refused() -> None:
    found = faults(rule(match=Match(provider=("cipherstash-key", "aws-*"))))

    assert found == {"rules.0.match.provider": "`cipherstash-key` is no provider"}
