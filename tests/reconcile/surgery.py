"""A slot doctor beside an estate: policy as it would be configured, and one look at a principal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.policy import DestinationTemplate, Match, Policy, Rule, decide
from rotator.core.rotation import Action
from rotator.reconcile import doctoring
from rotator.reconcile.judging import Territory
from rotator.reconcile.scan import Scanner
from rotator.testing.fake_provider import ACCOUNT
from tests.reconcile.estate import KIND, NAME

if TYPE_CHECKING:
    from rotator.core.doctor import Examination, KeyFinding
    from rotator.core.ids import AccountId
    from tests.reconcile.estate import Estate

POLICY = Policy(
    owner="rotator",
    rules=(
        Rule(name="people-of-ops", action=None, match=Match(principal=("ops-*",))),
        Rule(name="watched", action=Action.REPORT, match=Match(principal=("audit-*",))),
        Rule(
            name="services",
            action=Action.ROTATE,
            destination=DestinationTemplate(
                kind=KIND, name="iam/{principal}", region="eu-central-1"
            ),
        ),
    ),
)


def scanner(estate: Estate, *accounts: AccountId) -> Scanner:
    """Make the scanner of an installation with one account or more."""
    return Scanner(
        territories=tuple(
            Territory(name="aws-iam", provider=estate.provider, account=account)
            for account in accounts or (ACCOUNT,)
        ),
        decide=lambda principal, tags=None: decide(POLICY, principal, tags),
        journal=estate.journal,
        clock=estate.clock,
        telemetry=estate.telemetry,
    )


def examine(estate: Estate, name: str = NAME) -> Examination:
    """Ask the doctor about one principal."""
    return doctoring.examine(estate.parts(), scanner(estate), name)


def about(examination: Examination, key_id: str) -> KeyFinding:
    """Pick what was said about one key."""
    return next(item for item in examination.keys if item.key.key_id == key_id)
