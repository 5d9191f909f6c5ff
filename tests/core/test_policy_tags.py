"""Rules that select by tags: read only where they are asked for, and never guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rotator.core.policy import DEFAULT_RULE, Match, Overrides, decide, recalled
from rotator.core.rotation import Action
from rotator.core.tags import TagGlobs
from rotator.core.terms import Grace, IfDrifted, IfStillUsed
from tests.builders import principal
from tests.core.policies import DAY, faults, policy, rule


def tagged(**tags: str) -> Match:
    """Match by tags alone, each by one glob."""
    return Match(tags=tuple(TagGlobs(name=name, values=(value,)) for name, value in tags.items()))


@pytest.mark.parametrize(
    ("wide", "narrow", "is_included"),
    [
        (Match(), tagged(team="a"), True),
        (tagged(team="*"), Match(), False),
        (tagged(team="*"), tagged(Team="a"), True),
        (tagged(team="a*"), tagged(team="ab", env="prod"), True),
        (tagged(team="a"), tagged(team="a*"), False),
        (tagged(team="a", env="prod"), tagged(team="a"), False),
        (tagged(team="a"), tagged(env="a"), False),
    ],
)
def test_a_match_by_tags_never_surely_includes_one_without_them(
    wide: Match, narrow: Match, *, is_included: bool
) -> None:
    assert wide.includes(narrow) is is_included


def test_a_rule_by_tags_shadows_nothing_that_may_lack_them() -> None:
    by_tag = rule("tagged", match=replace(tagged(team="a"), principal=("ci-*",)))

    assert faults(by_tag, rule(match=Match(principal=("ci-*",)))) == {}
    assert "rules.1.match" in faults(by_tag, rule(match=by_tag.match))


TAGGED = rule("tagged", match=replace(tagged(team="pay*"), principal=("ci-*",)))


def test_a_rule_by_tags_selects_whoever_carries_all_of_them() -> None:
    made = policy(TAGGED, rule("rest", action=None, destination=None))

    assert decide(made, principal("ci-a"), {"team": "payments"}).rule == "tagged"
    assert decide(made, principal("ci-a"), {"team": "web"}).rule == "rest"
    assert decide(made, principal("ci-a"), {}).rule == "rest"


def test_unknown_tags_are_never_no_match() -> None:
    made = policy(TAGGED, rule("rest"))

    decision = decide(made, principal("ci-a"))

    assert decision.needs_tags
    assert decision.action is Action.REPORT
    assert decision.destination is None
    assert "tagged" in decision.note


def test_tags_are_asked_for_only_where_a_rule_is_reached_that_selects_by_them() -> None:
    first = rule("first", match=Match(principal=("ci-first",)))
    made = policy(first, TAGGED, rule("rest"))

    assert not decide(made, principal("ci-first")).needs_tags
    assert not decide(made, principal("web")).needs_tags
    assert decide(made, principal("ci-a")).needs_tags


def test_a_credential_keeps_the_periods_of_its_rule_without_its_tags_being_read() -> None:
    slow = replace(TAGGED, overrides=Overrides(min_period=3 * DAY))

    recall = recalled(policy(slow, rule("rest")), principal("ci-a"), "tagged")

    assert (recall.rule, recall.grace.min_period) == ("tagged", 3 * DAY)


def test_what_no_rule_decided_keeps_the_defaults() -> None:
    made = policy(TAGGED, defaults=Overrides(min_period=2 * DAY))

    recall = recalled(made, principal("ci-a"), DEFAULT_RULE)

    assert (recall.rule, recall.grace.min_period) == (DEFAULT_RULE, 2 * DAY)
    assert not recall.needs_tags


def test_a_rule_that_is_gone_is_decided_anew_if_that_takes_no_tags() -> None:
    made = policy(rule("new", overrides=Overrides(min_period=2 * DAY)))

    assert recalled(made, principal("ci-a"), "old").rule == "new"


def test_until_the_next_scan_the_most_careful_holds_where_a_rule_is_gone() -> None:
    hasty = Overrides(
        if_still_used=IfStillUsed.DISABLE, accept_blind=True, if_drifted=IfDrifted.REPAIR
    )
    patient = Overrides(
        min_period=3 * DAY, unused_for=4 * DAY, max_period=9 * DAY, quarantine_period=5 * DAY
    )
    late = Overrides(max_age=200 * DAY)
    made = policy(
        replace(TAGGED, overrides=hasty), rule("b", overrides=patient), rule("c", overrides=late)
    )

    recall = recalled(made, principal("ci-a"), "old")

    assert recall.needs_tags
    assert recall.grace == Grace(
        min_period=3 * DAY,
        unused_for=4 * DAY,
        max_period=9 * DAY,
        quarantine_period=5 * DAY,
        if_still_used=IfStillUsed.HOLD,
        accept_blind=False,
    )
    assert recall.if_drifted is IfDrifted.REPORT
    assert recall.schedule.rotate_after == 150 * DAY
