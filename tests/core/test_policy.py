from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotator.core.facts import DestinationRef
from rotator.core.ids import AccountId
from rotator.core.policy import (
    DEFAULT_RULE,
    Account,
    DestinationTemplate,
    Match,
    Overrides,
    decide,
    if_drifted,
    merged,
)
from rotator.core.policy_faults import policy_faults
from rotator.core.rotation import Action
from rotator.core.terms import Grace, IfDrifted, IfStillUsed, Schedule
from tests.builders import ACCOUNT, principal
from tests.core.policies import DAY, DEV, PROD, faults, policy, rule, template

# ------------------------------------------------------------------------- matching


@pytest.mark.parametrize(
    ("match", "is_selected"),
    [
        (Match(), True),
        (Match(principal=("ci-*",)), True),
        (Match(principal=("web-*",)), False),
        (Match(principal=("web-*", "ci-deployer")), True),
        (Match(account=(ACCOUNT,)), True),
        (Match(account=("pr*",)), True),
        (Match(account=("dev",)), False),
        (Match(path=("/svc/*",)), False),
        (Match(account=("prod",), principal=("ci-*",), path=("/",)), True),
        (Match(account=("prod",), principal=("ci-*",), path=("/svc/*",)), False),
    ],
)
def test_all_fields_must_match_and_each_by_one_of_its_globs(
    match: Match, *, is_selected: bool
) -> None:
    assert match.covers(principal("ci-deployer"), PROD) is is_selected


def test_an_account_without_a_name_is_not_matched_by_an_empty_one() -> None:
    assert not Match(account=("?*-dev", "dev")).covers_account(Account(id=ACCOUNT))


@pytest.mark.parametrize(
    ("wide", "narrow", "is_included"),
    [
        (Match(), Match(principal=("a",)), True),
        (Match(principal=("*",)), Match(), True),
        (Match(principal=("ci-*",)), Match(principal=("ci-a", "ci-b")), True),
        (Match(principal=("ci-*",)), Match(principal=("ci-*",)), True),
        (Match(principal=("ci-?",)), Match(principal=("ci-*",)), False),
        (Match(principal=("ci-*",)), Match(), False),
        (Match(principal=("ci-*",), path=("/a/",)), Match(principal=("ci-a",)), False),
        (Match(account=("prod",)), Match(account=("dev",)), False),
    ],
)
def test_a_match_knows_what_it_surely_includes(
    wide: Match, narrow: Match, *, is_included: bool
) -> None:
    assert wide.includes(narrow) is is_included


# ------------------------------------------------------------------------- deciding


def test_unmapped_means_report() -> None:
    decision = decide(policy(rule(match=Match(principal=("web-*",)))), principal("ci-deployer"))

    assert decision.action is Action.REPORT
    assert decision.rule == DEFAULT_RULE
    assert decision.destination is None
    assert "no rule" in decision.note


def test_the_first_rule_that_matches_decides() -> None:
    rules = (
        rule("people", action=Action.REPORT, match=Match(path=("/people/",)), destination=None),
        rule("ci", match=Match(principal=("ci-*",))),
        rule("rest", action=None, destination=None),
    )

    assert decide(policy(*rules), principal("ci-a", path="/people/")).rule == "people"
    assert decide(policy(*rules), principal("ci-a")).rule == "ci"
    assert decide(policy(*rules), principal("web")).action is None


def test_a_reported_principal_is_told_which_rule_does_not_rotate_it() -> None:
    decision = decide(policy(rule("people", action=Action.REPORT)), principal())

    assert "people" in decision.note


def test_a_rotated_principal_gets_its_object_in_its_own_account_and_region() -> None:
    ci = rule(destination=template("{account}/iam/{principal}", merge=True, create=True))

    decision = decide(policy(ci), principal("ci-a"))

    assert decision.note == ""
    assert decision.destination == DestinationRef(
        kind="aws-secrets-manager",
        account=ACCOUNT,
        region="eu-central-1",
        name=f"{ACCOUNT}/iam/ci-a",
        merge=True,
        create=True,
    )


def test_the_region_of_a_rule_wins_over_the_accounts() -> None:
    decision = decide(policy(rule(destination=template(region="eu-west-1"))), principal())

    assert decision.destination is not None
    assert decision.destination.region == "eu-west-1"


def test_a_principal_cannot_smuggle_a_placeholder_into_a_name() -> None:
    decision = decide(policy(rule()), principal("{account}"))

    assert decision.destination is not None
    assert decision.destination.name == "iam/{account}"


def test_an_account_that_is_not_configured_has_no_region() -> None:
    stranger = principal(account=AccountId("999999999999"))

    decision = decide(policy(rule()), stranger)

    assert decision.destination is not None
    assert decision.destination.region == ""


# -------------------------------------------------------------------------- merging


def test_values_merge_field_by_field() -> None:
    defaults = Overrides(max_age=60 * DAY, max_period=5 * DAY, accept_blind=True)
    own = Overrides(max_period=3 * DAY, if_still_used=IfStillUsed.DISABLE)

    decision = decide(policy(rule(overrides=own), defaults=defaults), principal())

    assert decision.schedule == Schedule(
        max_age=60 * DAY, rotate_after=45 * DAY, jitter=timedelta(days=4.5)
    )
    assert decision.grace == Grace(
        max_period=3 * DAY, if_still_used=IfStillUsed.DISABLE, accept_blind=True
    )


def test_drift_is_only_told_unless_the_rule_or_the_defaults_say_otherwise() -> None:
    repairing = Overrides(if_drifted=IfDrifted.REPAIR)
    telling = Overrides(if_drifted=IfDrifted.REPORT)

    assert if_drifted() is if_drifted(Overrides()) is IfDrifted.REPORT
    assert if_drifted(repairing, Overrides()) is IfDrifted.REPAIR
    assert if_drifted(repairing, telling) is IfDrifted.REPORT


def test_only_a_rule_that_rotates_can_repair() -> None:
    repairing = Overrides(if_drifted=IfDrifted.REPAIR)

    reporting = rule(action=Action.REPORT, destination=None)

    assert list(faults(replace(reporting, overrides=repairing))) == ["rules.0.drift"]
    assert faults(rule(overrides=repairing)) == {}
    assert faults(reporting, defaults=repairing) == {}


def test_what_no_layer_sets_follows_from_the_longest_age() -> None:
    schedule, grace = merged(Overrides())

    assert schedule.max_age == 90 * DAY
    assert schedule.rotate_after == timedelta(days=67.5)
    assert schedule.jitter == timedelta(days=6.75)
    assert grace == Grace()


def test_jitter_takes_no_more_than_the_longest_age_leaves() -> None:
    schedule, _ = merged(Overrides(max_age=10 * DAY, rotate_after=8 * DAY, max_period=1.5 * DAY))

    assert schedule.jitter == 0.5 * DAY


periods = st.none() | st.integers(1, 1000).map(lambda hours: timedelta(hours=hours))
overrides = st.builds(
    Overrides,
    max_age=periods,
    rotate_after=periods,
    jitter=periods,
    min_period=periods,
    unused_for=periods,
    max_period=periods,
    quarantine_period=periods,
)


@given(defaults=overrides, own=overrides)
def test_I9_holds_for_accepted_policies_and_only_contradictory_ones_are_refused(  # noqa: N802
    defaults: Overrides, own: Overrides
) -> None:
    made = policy(rule(overrides=own), defaults=defaults)

    decisions = (decide(made, principal()), decide(replace(made, rules=()), principal()))

    is_sound = all(holds_i9(item.schedule, item.grace) for item in decisions)
    assert (policy_faults(made) == ()) is is_sound


def holds_i9(schedule: Schedule, grace: Grace) -> bool:
    latest = schedule.rotate_after + schedule.jitter + grace.max_period
    return (
        latest <= schedule.max_age
        and schedule.jitter > timedelta()
        and grace.min_period <= grace.max_period
        and grace.unused_for <= grace.max_period
        and grace.max_period + grace.quarantine_period < schedule.rotate_after
    )


# --------------------------------------------------------------------------- faults


def test_what_is_built_in_has_no_fault() -> None:
    assert faults(rule()) == {}


def test_a_policy_that_lets_keys_grow_too_old_is_refused() -> None:
    found = faults(defaults=Overrides(max_age=30 * DAY, rotate_after=23 * DAY))

    assert found == {
        "defaults.rotate": (
            "rotateAfter 23d and grace.max 7d leave no room for jitter below maxAge 30d"
        )
    }


def test_jitter_counts_towards_the_longest_age() -> None:
    found = faults(defaults=Overrides(rotate_after=80 * DAY, jitter=4 * DAY))

    assert found == {
        "defaults.rotate.jitter": "rotateAfter + jitter + grace.max is 91d, more than maxAge 90d"
    }


def test_jitter_cannot_be_switched_off() -> None:
    assert list(faults(defaults=Overrides(jitter=timedelta()))) == ["defaults.rotate.jitter"]


@pytest.mark.parametrize(
    ("overrides", "path"),
    [
        (Overrides(max_age=-DAY), "rotate.maxAge"),
        (Overrides(rotate_after=timedelta()), "rotate.rotateAfter"),
        (Overrides(min_period=timedelta()), "grace.min"),
        (Overrides(unused_for=timedelta()), "grace.unusedFor"),
        (Overrides(max_period=timedelta()), "grace.max"),
        (Overrides(quarantine_period=timedelta()), "grace.quarantine"),
    ],
)
def test_every_duration_is_more_than_nothing(overrides: Overrides, path: str) -> None:
    assert f"defaults.{path}" in faults(defaults=overrides)


@pytest.mark.parametrize(
    ("overrides", "path"),
    [
        (Overrides(min_period=8 * DAY), "grace.min"),
        (Overrides(unused_for=8 * DAY), "grace.unusedFor"),
        (Overrides(quarantine_period=61 * DAY), "grace.quarantine"),
    ],
)
def test_a_grace_that_contradicts_itself_is_refused(overrides: Overrides, path: str) -> None:
    assert list(faults(rule(overrides=overrides))) == [f"rules.0.{path}"]


def test_a_fault_of_the_defaults_is_not_repeated_for_rules_that_inherit_it() -> None:
    bad = Overrides(min_period=8 * DAY)

    assert list(faults(rule(), defaults=bad)) == ["defaults.grace.min"]
    assert len(faults(rule(overrides=Overrides(accept_blind=True)), defaults=bad)) == 2


def test_rule_names_are_unique_and_leave_the_reserved_one_alone() -> None:
    first = rule("ci", match=Match(principal=("a",)))
    second = rule("ci", match=Match(principal=("b",)))
    third = rule(DEFAULT_RULE, match=Match(principal=("c",)))

    found = faults(first, second, third)

    assert list(found) == ["rules.1.name", "rules.2.name"]
    assert "rules[0]" in found["rules.1.name"]


def test_a_rule_that_can_never_match_is_refused() -> None:
    found = faults(rule("all"), rule("ci", match=Match(principal=("ci-*",))))

    assert found == {"rules.1.match": "it can never match: rule `all` above takes all of it"}


def test_a_rule_that_rotates_says_where_to() -> None:
    assert list(faults(rule(destination=None))) == ["rules.0.destination"]
    assert faults(rule(action=Action.REPORT, destination=None)) == {}


@pytest.mark.parametrize("name", ["{principle}/{principal}", "{principal", "{principal}}"])
def test_only_known_placeholders_are_filled_in(name: str) -> None:
    assert list(faults(rule(destination=template(name)))) == ["rules.0.destination.secret"]


def test_the_two_fields_of_a_secret_are_different() -> None:
    same = template(key_id_field="key", secret_field="key")

    assert list(faults(rule(destination=same))) == ["rules.0.destination.fields"]


@pytest.mark.parametrize("pattern", [(), ("ci-*",), ("a", "b")])
def test_several_principals_never_share_one_object(pattern: tuple[str, ...]) -> None:
    shared = rule(match=Match(principal=pattern), destination=template("shared/ci"))

    assert list(faults(shared)) == ["rules.0.destination.secret"]


def pair(
    first: DestinationTemplate,
    second: DestinationTemplate,
    accounts: tuple[Account, ...] = (PROD, DEV),
) -> list[str]:
    one = rule("one", match=Match(principal=("a",)), destination=first)
    other = rule("other", match=Match(principal=("b",)), destination=second)
    return list(faults(one, other, accounts=accounts))


def test_two_rules_never_write_one_object() -> None:
    assert pair(template("shared"), template("shared")) == ["rules.1.destination.secret"]
    assert pair(template("shared"), template("shared", merge=True)) != []
    assert pair(template("shared", region="eu-west-1"), template("shared")) != []
    assert pair(template("shared"), template("shared"), accounts=()) != []


def test_two_rules_may_merge_different_fields_into_one_object() -> None:
    own = {"merge": True, "key_id_field": "b_id", "secret_field": "b_secret"}

    assert pair(template("shared", merge=True), template("shared", **own)) == []
    assert pair(template("shared", merge=True), template("shared", merge=True)) != []


def test_objects_in_different_places_are_different() -> None:
    west, east = template("s", region="eu-west-1"), template("s", region="us-east-1")
    prod = rule("prod", match=Match(account=("prod",), principal=("a",)), destination=template("s"))
    dev = rule("dev", match=Match(account=("dev",), principal=("a",)), destination=template("s"))

    assert pair(west, east) == []
    assert pair(template("one"), template("other")) == []
    assert faults(prod, dev) == {}
    assert faults(prod, rule("none", action=None, destination=None)) == {}
