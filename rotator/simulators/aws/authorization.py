"""Who may do what: the policies of users and roles, trusts, and service control policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.simulators.aws.policy_documents import Ask, Statement, Verdict, evaluate, read_policies

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rotator.simulators.aws.keys import Principal
    from rotator.simulators.aws.shapes import PolicyDocument

ASSUME_ROLE = "sts:AssumeRole"
# What a user does who was given no policies: applications that read their secrets.
_CONSUMER = read_policies(
    [
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Action": "secretsmanager:GetSecretValue",
                "Resource": "*",
            },
        }
    ]
)
_EVERYTHING = read_policies(
    [
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
        }
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the policies say about one call, and which kind of them has said it.

    Attributes:
        is_by_organization: A service control policy denies it.
    """

    verdict: Verdict
    is_by_organization: bool = False


class PolicyBook:
    """All policies of all accounts. Not safe for threads: callers hold the world's lock."""

    def __init__(self) -> None:
        """Start without any: users are consumers, sessions may do everything."""
        self._of_principals: dict[str, tuple[Statement, ...]] = {}
        self._trusts: dict[str, tuple[str, ...]] = {}
        self._of_accounts: dict[str, tuple[Statement, ...]] = {}

    def put(self, arn: str, policies: Iterable[PolicyDocument] | None) -> None:
        """Replace what a user or a role may do; None takes all its policies away.

        Raises:
            ValueError: A policy cannot be evaluated; nothing was changed.
        """
        if policies is None:
            self._of_principals.pop(arn, None)
        else:
            self._of_principals[arn] = read_policies(policies)

    def trust(self, role_arn: str, principals: tuple[str, ...]) -> None:
        """Make a role known, and who may assume it."""
        self._trusts[role_arn] = principals

    def add_service_control(self, account_id: str, policies: Iterable[PolicyDocument]) -> None:
        """Attach service control policies to an account, beside those that it has."""
        found = self._of_accounts.get(account_id, ())
        self._of_accounts[account_id] = found + read_policies(policies)

    def roles_of(self, account_id: str) -> list[str]:
        """Return the ARNs of an account's seeded roles."""
        return [arn for arn in self._trusts if arn.split(":")[4] == account_id]

    def limits(self, principal: Principal) -> bool:
        """Say whether anything is asked before this principal's calls."""
        return (
            bool(principal.user_name)
            or principal.policy_arn in self._of_principals
            or bool(self._of_accounts.get(principal.account_id))
        )

    def statements_of(self, arn: str) -> tuple[Statement, ...]:
        """Return what is attached to a user or role, or what stands in for it."""
        default = _CONSUMER if ":user/" in arn else _EVERYTHING
        return self._of_principals.get(arn, default)

    def decide(self, arn: str, ask: Ask) -> Decision:
        """Evaluate a call of the user or role with this ARN."""
        account_id = arn.split(":")[4]
        if evaluate(self._of_accounts.get(account_id, ()), ask) is Verdict.EXPLICIT_DENY:
            return Decision(verdict=Verdict.EXPLICIT_DENY, is_by_organization=True)
        return Decision(verdict=evaluate(self.statements_of(arn), ask))

    def refusal(self, principal: Principal, ask: Ask) -> str:
        """Return in AWS's words why a call is refused; empty when it is allowed."""
        decision = self.decide(principal.policy_arn, ask)
        reason = _reason(decision, ask)
        if not reason and self._is_trusted(principal, ask):
            return ""
        return (
            f"User: {principal.arn} is not authorized to perform: {ask.action} "
            f"on resource: {ask.resource}{reason}"
        )

    def is_known_role(self, role_arn: str) -> bool:
        """Say whether a role may exist: it was seeded, or none was in its account."""
        return role_arn in self._trusts or not self.roles_of(role_arn.split(":")[4])

    def _is_trusted(self, principal: Principal, ask: Ask) -> bool:
        if ask.action != ASSUME_ROLE or ask.resource not in self._trusts:
            return ask.action != ASSUME_ROLE or self.is_known_role(ask.resource)
        account = principal.account_id
        accepted = {"*", account, f"arn:aws:iam::{account}:root", principal.policy_arn}
        return not accepted.isdisjoint(self._trusts[ask.resource])


def _reason(decision: Decision, ask: Ask) -> str:
    if decision.verdict is Verdict.ALLOWED:
        return ""
    if decision.verdict is Verdict.IMPLICIT_DENY:
        return f" because no identity-based policy allows the {ask.action} action"
    kind = "a service control" if decision.is_by_organization else "an identity-based"
    return f" with an explicit deny in {kind} policy"
