"""The simulated AWS as tests and the demo use it: a child process and its controls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from rotator.simulators.aws.shapes import (
    AccountSeed,
    Call,
    FaultRule,
    PolicyChange,
    RoleSeed,
    SecretSeed,
    SeededAccount,
    Settings,
    State,
    UserSeed,
)
from rotator.simulators.child import DEFAULT_START, ChildSimulator

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from rotator.simulators.aws.shapes import PolicyDocument

_CALLS = TypeAdapter(list[Call])


class SimulatedAws(ChildSimulator):
    """A simulated AWS in its own process, for the length of a ``with`` block.

    Its URL is the endpoint of every AWS client.
    """

    def __init__(self, *, start: datetime = DEFAULT_START, is_ticking: bool = False) -> None:
        """Choose the first instant (aware), and whether time passes by itself."""
        super().__init__("rotator.simulators.aws", start=start, is_ticking=is_ticking)

    def settings(self) -> Settings:
        """Return the lags and limits in force."""
        return self._get("settings", Settings)

    def configure(self, settings: Settings) -> None:
        """Replace the lags and limits."""
        self._put("settings", settings, Settings)

    def seed(
        self,
        account_id: str,
        *,
        users: Iterable[UserSeed] = (),
        roles: Iterable[RoleSeed] = (),
        secrets: Iterable[SecretSeed] = (),
        scps: Iterable[PolicyDocument] = (),
        root_key_active: bool = False,
    ) -> SeededAccount:
        """Add to an account, which is made if it is new; return its credentials."""
        account = AccountSeed(
            account_id=account_id,
            users=tuple(users),
            roles=tuple(roles),
            secrets=tuple(secrets),
            scps=tuple(scps),
            root_key_active=root_key_active,
        )
        return SeededAccount.model_validate_json(self._ask("POST", "seed", account))

    def put_policies(
        self, account_id: str, name: str, policies: Iterable[PolicyDocument] | None
    ) -> None:
        """Replace the policies of one user or role, at once; None means what it means in a seed.

        Raises:
            ValueError: There is no such user or role, or a policy cannot be evaluated.
        """
        put = None if policies is None else tuple(policies)
        self._ask("PUT", "policies", PolicyChange(account_id=account_id, name=name, policies=put))

    def add_fault(self, rule: FaultRule) -> None:
        """Arm a fault, after those that are armed."""
        self._ask("POST", "faults", rule)

    def state(self, *, account_id: str = "", user: str = "", secret: str = "") -> State:
        """Return the whole truth, or that of one account, user or secret."""
        wanted = {"account": account_id, "user": user, "secret": secret}
        return State.model_validate_json(self._ask("GET", "state", query=wanted))

    def calls(self, *operations: str, start: int = 0) -> list[Call]:
        """Return the calls so far, oldest first, of all operations or of these.

        Args:
            operations: Their names; none for all.
            start: How many of all calls to leave out at the beginning, 0 or more.
        """
        query = {"operation": [*operations], "start": [str(start)]}
        return _CALLS.validate_json(self._ask("GET", "calls", query=query))
