"""Checking our own permissions in every account: at the start, with scans, on request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from rotator.core.permissions import Finding, State
from rotator.errors import FatalError, RotatorError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.core.ids import AccountId, Instant
    from rotator.ports.clock import Clock
    from rotator.ports.evidence import Telemetry
    from rotator.ports.permissions import PermissionCheck
    from rotator.reconcile.permits import PermissionBook

INTERVAL: Final = timedelta(hours=1)
"""The shortest time between two checks that nobody asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCheck:
    """What the check of one account came to.

    Attributes:
        findings: One for each feature that is switched on; empty if it could not be checked.
        trouble: Why the account could not be entered; empty if it could.
    """

    account: AccountId
    findings: tuple[Finding, ...] = ()
    trouble: str = ""

    @property
    def is_off(self) -> bool:
        """Whether something is surely missing."""
        return bool(self.trouble) or any(item.state is State.OFF for item in self.findings)


class PermissionRounds:
    """Checks all accounts, and tells the book what it found, and unasked the log."""

    def __init__(
        self,
        check: PermissionCheck,
        book: PermissionBook,
        accounts: Sequence[AccountId],
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        """Check nothing yet."""
        self._check = check
        self._book = book
        self._accounts = tuple(accounts)
        self._clock = clock
        self._telemetry = telemetry
        self._last_at: Instant | None = None

    def go_if_due(self) -> None:
        """Check all accounts and log what is missing, unless that was done within `INTERVAL`."""
        now = self._clock.now()
        if self._last_at is not None and timedelta(0) <= now - self._last_at < INTERVAL:
            return
        self._last_at = now
        for found in self.go():
            self._tell(found)

    def go(self) -> tuple[AccountCheck, ...]:
        """Check all accounts; the trouble of one never keeps another from its check."""
        return tuple(self._one(account) for account in self._accounts)

    def _one(self, account: AccountId) -> AccountCheck:
        try:
            missing = self._check.missing(account)
        except FatalError:
            raise
        except RotatorError as error:
            return AccountCheck(account=account, trouble=error.diagnostics())
        return AccountCheck(account=account, findings=self._book.checked(account, missing))

    def _tell(self, found: AccountCheck) -> None:
        log, account = self._telemetry.log, found.account
        if found.trouble:
            log("warning", "permissions not checked", account=account, error=found.trouble)
        for finding in found.findings:
            if finding.state is State.OFF:
                log(
                    "warning",
                    "permission missing",
                    account=account,
                    feature=finding.feature.name,
                    actions=", ".join(finding.denied),
                    without=finding.feature.without,
                )
