"""Drafted rules map exactly what was found, in as few rules as say the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotator.core.adoption import AdoptionRow, Cause, Finding, Verdict
from rotator.core.adoption_rules import before, rules_to_paste
from rotator.core.ids import AccountId
from rotator.core.policy import Account, DestinationTemplate, Match, Policy, Rule, decide
from rotator.core.policy_faults import policy_faults
from rotator.core.rotation import Action
from tests.builders import ACCOUNT, REGION, principal

if TYPE_CHECKING:
    from collections.abc import Sequence

OTHER = AccountId("444455556666")
EVERYBODY = Rule(name="everybody", action=Action.REPORT)
TEMPLATE = DestinationTemplate(kind="aws-secrets-manager", name="iam/{principal}")


def policy(*rules: Rule, accounts: tuple[AccountId, ...] = (ACCOUNT,)) -> Policy:
    known = tuple(Account(id=item, region=REGION) for item in accounts)
    return Policy(owner="platform", rules=(*rules, EVERYBODY), accounts=known)


def row(
    name: str,
    destination: DestinationTemplate | None = TEMPLATE,
    *,
    path: str = "/",
    account: AccountId = ACCOUNT,
    cause: Cause | None = None,
    rule: str = "everybody",
) -> AdoptionRow:
    verdict = Verdict.UNMAPPED if destination else Verdict.REPORTED
    return AdoptionRow(
        account=account,
        name=name,
        principal=principal(name, path=path, account=account),
        rule=rule,
        finding=Finding(verdict=verdict, why="", cause=cause, destination=destination),
    )


def drafts(rows: Sequence[AdoptionRow], given: Policy | None = None) -> list[Match]:
    return [rule.match for rule in rules_to_paste(rows, given or policy())]


def test_many_users_under_one_path_get_one_rule() -> None:
    rows = [row(f"user{number}", path="/svc/") for number in range(40)]

    (rule,) = rules_to_paste(rows, policy())
    assert (rule.name, rule.match, rule.destination) == ("svc", Match(path=("/svc/",)), TEMPLATE)
    assert rule.action is Action.ROTATE


def test_users_with_a_common_first_word_get_one_rule() -> None:
    assert drafts([row("svc-a"), row("svc-b")]) == [Match(principal=("svc-*",))]


def test_what_has_nothing_in_common_is_named() -> None:
    (rule,) = rules_to_paste([row("b"), row("a")], policy())

    assert (rule.name, rule.match) == ("adopted", Match(principal=("a", "b")))


def test_a_glob_that_would_select_somebody_else_is_not_drafted() -> None:
    rows = [row("svc-a"), row("svc-b"), row("svc-c", None, cause=Cause.TEXT)]

    (rule,) = rules_to_paste(rows, policy())
    assert (rule.name, rule.match) == ("svc", Match(principal=("svc-a", "svc-b")))


def test_people_tools_and_those_whom_a_rule_names_do_not_keep_a_glob_from_being_drafted() -> None:
    mine = Rule(name="mine", action=Action.REPORT, match=Match(principal=("svc-mine",)))
    rows = [
        row("svc-a"),
        row("svc-b"),
        row("svc-jane", None, cause=Cause.PERSON),
        row("svc-tf", None, cause=Cause.TOOL),
        row("svc-mine", None, cause=Cause.RULE, rule="mine"),
    ]

    assert drafts(rows, policy(mine)) == [Match(principal=("svc-*",))]


def test_users_that_share_an_object_get_a_rule_each() -> None:
    one = DestinationTemplate(kind="k", name="bundle", key_id_field="a", merge=True)
    rows = [row("x", one), row("y", replace(one, key_id_field="b", secret_field="s"))]

    assert drafts(rows) == [Match(principal=("x",)), Match(principal=("y",))]


def test_one_that_keeps_other_fields_serves_those_without_any() -> None:
    rows = [row("svc-a"), row("svc-b", replace(TEMPLATE, merge=True))]

    (rule,) = rules_to_paste(rows, policy())
    assert rule.destination == replace(TEMPLATE, merge=True)


def test_a_rule_names_its_account_unless_it_holds_in_all() -> None:
    both = policy(accounts=(ACCOUNT, OTHER))
    here, there = (
        [row("svc-a"), row("svc-b")],
        [
            row("svc-a", account=OTHER),
            row("svc-c", account=OTHER),
        ],
    )

    assert drafts(here, both) == [Match(account=(ACCOUNT,), principal=("svc-*",))]
    assert drafts([*here, *there], both) == [Match(principal=("svc-*",))]


# ------------------------------------------------------------------ several providers

LAB = AccountId("QRSTUVWXYZABCDEF")

ACCESS_KEY, CLIENT_KEY = "cipherstash-access-key", "cipherstash-client-key"
WORKSPACE = AccountId("ABCDEFGHIJKLMNOP")
IN_WORKSPACE = DestinationTemplate(kind="aws-secrets-manager", name="cs/{principal}")


def mixed(*rules: Rule) -> Policy:
    """Look after an account and a workspace."""
    both = (ACCESS_KEY, CLIENT_KEY)
    guest = Account(id=WORKSPACE, region=REGION, home=ACCOUNT, providers=both)
    return replace(policy(*rules), accounts=(*policy().accounts, guest))


def guest(
    name: str, provider: str, destination: DestinationTemplate | None = IN_WORKSPACE
) -> AdoptionRow:
    made = row(name, destination, account=WORKSPACE, cause=None if destination else Cause.TEXT)
    who = principal(name, provider=provider, account=WORKSPACE)
    return replace(made, principal=who)


def test_a_bundle_gets_a_rule_for_each_of_its_keys_that_keeps_the_others() -> None:
    merged = replace(IN_WORKSPACE, merge=True)
    rows = [guest("web", ACCESS_KEY, merged), guest("web", CLIENT_KEY, merged)]

    first, second = rules_to_paste(rows, mixed())
    assert (first.name, second.name) == ("web-access-key", "web-client-key")
    assert [rule.match for rule in (first, second)] == [
        Match(provider=(ACCESS_KEY,), principal=("web",)),
        Match(provider=(CLIENT_KEY,), principal=("web",)),
    ]
    assert first.destination == second.destination == merged


def test_a_rule_for_one_provider_passes_its_namesakes_at_others_by() -> None:
    rows = [
        guest("svc-a", CLIENT_KEY),
        guest("svc-b", CLIENT_KEY),
        guest("svc-c", ACCESS_KEY, None),
    ]

    assert drafts(rows, mixed()) == [Match(provider=(CLIENT_KEY,), principal=("svc-*",))]


def test_beside_a_workspace_rules_of_aws_name_their_provider_and_no_account() -> None:
    (rule,) = rules_to_paste([row("svc-a"), row("svc-b")], mixed())

    assert rule.match == Match(provider=("aws-iam",), principal=("svc-*",))
    assert rule.name == "svc"


def test_workspaces_of_one_home_get_rules_that_cannot_meet_in_an_object() -> None:
    both = mixed()
    lab = replace(both.account(WORKSPACE), id=LAB)
    both = replace(both, accounts=(*both.accounts, lab))
    rows = [guest(name, ACCESS_KEY) for name in ("svc-a", "svc-b")]
    there = [guest(name, ACCESS_KEY) for name in ("svc-c", "svc-d")]
    moved = [
        replace(item, account=LAB, principal=replace(item.principal, account=LAB))
        for item in there
        if item.principal
    ]

    made = rules_to_paste([*rows, *moved], both)
    assert [(rule.match.account, rule.match.principal) for rule in made] == [
        ((WORKSPACE,), ("svc-a", "svc-b")),
        ((LAB,), ("svc-c", "svc-d")),
    ]
    assert policy_faults(replace(both, rules=(*made, EVERYBODY))) == ()


def test_keys_of_two_providers_that_may_meet_in_an_object_keep_each_others_fields() -> None:
    rows = [guest("svc-a", ACCESS_KEY), guest("svc-b", ACCESS_KEY), guest("svc-c", CLIENT_KEY)]

    made = rules_to_paste(rows, mixed())
    assert [rule.destination for rule in made] == [replace(IN_WORKSPACE, merge=True)] * 2
    assert policy_faults(mixed(*made)) == ()


def test_names_of_rules_are_free_and_fit_the_language() -> None:
    taken = policy(Rule(name="svc", action=Action.REPORT, match=Match(principal=("q",))))
    other = replace(TEMPLATE, name="other/{principal}")
    rows = [row("svc-a"), row("svc-b"), row("svc-c", other), row("+@", replace(other, region="x"))]

    names = [rule.name for rule in rules_to_paste(rows, taken)]
    assert names == ["svc-2", "svc-c", "adopted"]


def test_drafts_belong_above_the_first_rule_about_everybody() -> None:
    assert before(policy()) == "everybody"
    assert before(Policy(owner="x")) == ""


@pytest.mark.parametrize("path", ["/*/", "/team?/", "/[ab]/"])
def test_a_path_that_reads_as_a_glob_is_not_drafted(path: str) -> None:
    rows = [row("alpha", path=path), row("beta", path=path)]

    assert drafts(rows) == [Match(principal=("alpha", "beta"))]


def test_a_draft_is_not_called_like_decisions_that_no_rule_made() -> None:
    rows = [row("a", path="/defaults/"), row("b", path="/defaults/")]

    assert policy_faults(policy(*rules_to_paste(rows, policy()))) == ()


NAMES = st.lists(
    st.sampled_from([f"{word}-{end}" for word in ("svc", "ci", "app") for end in "abcd"]),
    unique=True,
    max_size=12,
)
SHAPES = st.sampled_from(
    [TEMPLATE, replace(TEMPLATE, merge=True), replace(TEMPLATE, name="x/{principal}"), None]
)


@given(
    NAMES.flatmap(
        lambda names: st.tuples(
            *[st.tuples(st.just(n), SHAPES, st.sampled_from(["/", "/svc/"])) for n in names]
        )
    )
)
def test_pasted_rules_map_everybody_who_was_found_and_nobody_else(
    cast: tuple[tuple[str, DestinationTemplate | None, str], ...],
) -> None:
    rows = [row(name, shape, path=path) for name, shape, path in cast]
    pasted = policy(*rules_to_paste(rows, policy()))

    assert policy_faults(pasted) == ()
    for item in rows:
        assert item.principal is not None
        verdict = decide(pasted, item.principal)
        wanted = item.finding.destination
        if wanted is None:
            assert verdict.action is Action.REPORT
            continue
        filled = wanted.fill(item.principal, pasted.account(ACCOUNT))
        assert verdict.destination is not None
        assert replace(verdict.destination, merge=filled.merge) == filled
        assert verdict.destination.merge >= filled.merge
