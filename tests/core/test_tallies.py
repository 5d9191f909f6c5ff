"""Numbers of the journal: limits by rule, and what is surely as policy wants it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from rotator.core.policy import Match, Overrides, Policy, Rule
from rotator.core.rotation import Action, Role
from rotator.core.tallies import AgeLimits, PlaceTally, Question, age_limits
from rotator.core.terms import Schedule
from rotator.testing.builders import EPOCH, at


def rule(name: str, max_age: timedelta | None = None) -> Rule:
    return Rule(
        name=name, match=Match(), action=Action.ROTATE, overrides=Overrides(max_age=max_age)
    )


def place(**changes: Any) -> PlaceTally:  # noqa: ANN401 - any field
    made: dict[str, Any] = {"provider": "p", "account": "a", "rule": "r", "credentials": 3}
    return PlaceTally(**{"action": Action.ROTATE, **made, **changes})


def test_each_rule_has_its_limit_and_a_lost_one_the_shortest() -> None:
    policy = Policy(
        owner="us",
        defaults=Overrides(max_age=timedelta(days=60)),
        rules=(rule("strict", timedelta(days=30)), rule("plain")),
    )

    limits = age_limits(policy)

    assert limits.of("strict") == timedelta(days=30)
    assert limits.of("plain") == limits.of("defaults") == timedelta(days=60)
    assert limits.of("renamed") == timedelta(days=30)


def test_a_policy_without_rules_has_the_limit_that_is_built_in() -> None:
    limits = age_limits(Policy(owner="us"))

    assert limits.of("defaults") == limits.of("anything") == Schedule().max_age


def test_a_question_counts_back_from_the_present() -> None:
    question = Question(
        now=EPOCH,
        limits=AgeLimits(by_rule={"r": timedelta(days=9)}, otherwise=timedelta(days=5)),
        stale_after=timedelta(hours=2),
    )

    assert question.born_before("r") == at(days=-9)
    assert question.born_before("another") == at(days=-5)
    assert question.stale_before == at(hours=-2)


@pytest.mark.parametrize(
    ("enabled", "unvouched", "unknown"),
    [
        ({Role.CURRENT: 3}, 0, 0),
        ({Role.CURRENT: 3}, 2, 2),
        ({Role.CURRENT: 1, Role.PREVIOUS: 2}, 0, 2),
        ({}, 1, 4),
    ],
)
def test_unknown_is_whatever_is_not_vouched_for(
    enabled: dict[Role, int], unvouched: int, unknown: int
) -> None:
    assert place(enabled=enabled, unvouched=unvouched).unknown == unknown


def test_compliant_is_what_is_neither_too_old_nor_unknown() -> None:
    assert place(managed=7, overaged=2, unvouched=1).compliant == 4


@pytest.mark.parametrize(("action", "is_promised"), [(Action.ROTATE, True), (Action.REPORT, False)])
def test_only_what_is_rotated_is_promised(action: Action, is_promised: bool) -> None:  # noqa: FBT001
    assert place(action=action).is_promised is is_promised
