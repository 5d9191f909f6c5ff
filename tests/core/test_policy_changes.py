"""What another policy brought, as the audit log tells it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rotator.core.policy import Match, Overrides, Policy, Rule
from rotator.core.policy_changes import MOST_NAMES, policy_changes
from rotator.core.rotation import Action

CI = Rule(name="ci", action=Action.REPORT)
WEB = Rule(name="web", action=None)
BOTH = Policy(owner="tests", rules=(CI, WEB))


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (BOTH, {}),
        (Policy(owner="tests", rules=(CI, WEB, Rule(name="db", action=None))), {"added": "db"}),
        (Policy(owner="tests", rules=(WEB,)), {"removed": "ci"}),
        (
            Policy(owner="tests", rules=(Rule(name="ci", action=None), WEB)),
            {"changed": "ci"},
        ),
        (Policy(owner="tests", rules=(WEB, CI)), {"reordered": True}),
        (
            Policy(owner="tests", rules=(CI, WEB), defaults=Overrides(jitter=timedelta(days=1))),
            {"defaults": True},
        ),
    ],
    ids=["nothing", "added", "removed", "changed", "reordered", "defaults"],
)
def test_each_difference_is_named_and_nothing_else(after: Policy, told: dict[str, object]) -> None:
    assert policy_changes(BOTH, after) == {"rules": len(after.rules), **told}


def test_a_rule_is_named_and_not_repeated() -> None:
    narrow = Rule(name="ci", action=Action.REPORT, match=Match(principal=("ci-payments-*",)))

    changes = policy_changes(BOTH, Policy(owner="tests", rules=(narrow, WEB)))

    assert "payments" not in str(changes)


def test_of_very_many_rules_the_first_are_named_and_the_others_counted() -> None:
    many = tuple(Rule(name=f"r{number}", action=None) for number in range(MOST_NAMES + 3))

    added = policy_changes(Policy(owner="tests"), Policy(owner="tests", rules=many))["added"]

    assert str(added).startswith("r0, r1, ")
    assert str(added).endswith(f"r{MOST_NAMES - 1} and 3 more")
