"""Rules about providers that come from specs: their names are those that accounts have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rotator.core.forms import usual_fields
from rotator.core.ids import AccountId
from rotator.core.policy import Account, Match, Rule, decide
from rotator.core.policy_faults import policy_faults
from rotator.core.policy_objects import known_providers
from rotator.core.tags import TagGlobs
from tests.builders import principal
from tests.core.policies import PROD, policy, rule, template

HUB = "jupyterhub-token"
HOST = Account(id=AccountId("hub-prod"), name="hub", home=PROD.id, providers=(HUB,))
OTHER = replace(HOST, id=AccountId("mail"), name="", providers=("mail-key",))
ACCOUNTS = (PROD, HOST, OTHER)


def about(
    *,
    destination: str = "hub/{principal}",
    merge: bool = False,
    **match: Any,  # noqa: ANN401 - any field of it
) -> Rule:
    chosen = Match(**{"provider": (HUB,), **match})
    return rule("hub", match=chosen, destination=template(destination, merge=merge))


def told(*rules: Rule, accounts: tuple[Account, ...] = ACCOUNTS) -> list[tuple[str, str]]:
    found = policy_faults(policy(*rules, accounts=accounts))
    assert all(fault.remedy for fault in found)
    return [(".".join(map(str, fault.path)), fault.problem) for fault in found]


def test_a_key_of_a_spec_is_published_in_the_home_of_its_account_under_the_usual_fields() -> None:
    decision = decide(
        policy(about(), accounts=ACCOUNTS), principal("web", provider=HUB, account=HOST.id)
    )

    ref = decision.destination
    assert ref is not None
    assert (ref.account, ref.name) == (PROD.id, "hub/web")
    assert (ref.key_id_field, ref.secret_field) == ("KEY_ID", "SECRET_KEY")


def test_the_known_providers_are_the_built_in_ones_and_those_of_the_accounts() -> None:
    assert known_providers(policy(accounts=ACCOUNTS))[-2:] == (HUB, "mail-key")
    assert told(about()) == []
    assert told(about(provider=("jupyter*",))) == []


def test_a_name_that_neither_is_built_in_nor_comes_from_a_spec_is_no_provider() -> None:
    assert told(about(provider=("jupyterhub",))) == [
        ("rules.0.match.provider", "`jupyterhub` is no provider")
    ]


def test_while_the_accounts_are_not_known_any_name_may_be_a_specs() -> None:
    assert told(about(), accounts=()) == []


@pytest.mark.parametrize(
    "match",
    [{"path": ("/svc/*",)}, {"tags": (TagGlobs(name="team", values=("web",)),)}],
    ids=["path", "tags"],
)
def test_keys_of_a_spec_have_neither_a_path_nor_tags(match: dict[str, Any]) -> None:
    (fault,) = told(about(**match))

    assert fault == (
        "rules.0.match",
        "it can never match: only users of `aws-iam` have a path and tags",
    )
    assert not Match(**match).covers_provider(HUB)


def test_a_rule_that_names_an_account_without_such_keys_is_refused() -> None:
    (fault,) = told(about(account=("prod",)))

    assert fault[0] == "rules.0.match.account"
    assert f"has keys of `{HUB}`" in fault[1]


def test_a_rule_that_names_no_provider_cannot_publish_keys_of_aws_and_of_a_spec() -> None:
    (fault,) = told(about(provider=()))

    assert fault[0] == "rules.0.match"
    assert f"`aws-iam` and `{HUB}`" in fault[1]


def test_keys_of_two_specs_in_one_secret_need_fields_of_their_own() -> None:
    first = about(destination="app", merge=True, principal=("web",))
    second = replace(first, name="mail", match=Match(provider=("mail-key",), principal=("web",)))
    assert [path for path, _ in told(first, second)] == ["rules.1.destination.secret"]

    own = replace(template("app", merge=True), key_id_field="MAIL_ID", secret_field="MAIL_KEY")
    assert told(first, replace(second, destination=own)) == []


def test_the_id_of_a_specs_key_needs_a_field() -> None:
    bare = replace(about(), destination=replace(template("hub/{principal}"), key_id_field=""))

    (fault,) = told(bare)

    assert fault[0] == "rules.0.destination.fields.keyId"
    assert usual_fields(HUB).key_id == "KEY_ID"
