"""Builds policies of rules that are valid unless a test says otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from rotator.core.ids import AccountId
from rotator.core.policy import Account, DestinationTemplate, Policy, Rule
from rotator.core.policy_faults import policy_faults
from rotator.core.rotation import Action
from tests.builders import ACCOUNT

DAY = timedelta(days=1)
PROD = Account(id=ACCOUNT, name="prod", region="eu-central-1")
DEV = Account(id=AccountId("444455556666"), name="dev", region="us-east-1")


def template(name: str = "iam/{principal}", **changes: Any) -> DestinationTemplate:  # noqa: ANN401
    return replace(DestinationTemplate(kind="aws-secrets-manager", name=name), **changes)


def rule(name: str = "ci", **changes: Any) -> Rule:  # noqa: ANN401
    made = Rule(name=name, action=Action.ROTATE, destination=template())
    return replace(made, **changes)


def policy(*rules: Rule, **changes: Any) -> Policy:  # noqa: ANN401
    return replace(Policy(owner="tests", rules=rules, accounts=(PROD, DEV)), **changes)


def faults(*rules: Rule, **changes: Any) -> dict[str, str]:  # noqa: ANN401
    """Map the path of each fault to its problem."""
    found = policy_faults(policy(*rules, **changes))
    assert all(fault.remedy for fault in found)
    return {".".join(map(str, fault.path)): fault.problem for fault in found}
