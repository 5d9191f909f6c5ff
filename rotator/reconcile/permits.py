"""What is known of our permissions: by checks, and by what calls were refused.

A refusal is remembered for a while only, for somebody may repair it unasked; a
call that succeeds, or a check that says so, ends it at once. What was never
refused and never checked is tried.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from rotator.core.ids import Instant
from rotator.core.permissions import Finding, Missing, State, findings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from rotator.core.ids import AccountId
    from rotator.core.permissions import Actions
    from rotator.ports.clock import Clock

MEMORY: Final = timedelta(hours=1)
"""How long one refusal counts for a whole account."""


@dataclass(slots=True)
class _Known:
    """What is known of one account; `met` says until when each refusal counts."""

    met: dict[str, Instant] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    unknown: frozenset[str] = frozenset()


class PermissionBook:
    """The `Permits` of a process; safe for threads."""

    def __init__(
        self,
        clock: Clock,
        accounts: Sequence[AccountId],
        wanted: Callable[[AccountId], Mapping[str, Actions]],
        *,
        for_destinations: frozenset[str] = frozenset(),
    ) -> None:
        """Know of no refusal yet.

        Args:
            clock: The time.
            accounts: Every account.
            wanted: The actions of each feature that is switched on in an account.
            for_destinations: The actions that any destination needs.
        """
        self._clock = clock
        self._wanted = wanted
        self._for_destinations = for_destinations
        self._lock = threading.Lock()
        self._known = {account: _Known() for account in accounts}

    def heard(self, account: AccountId, action: str, *, is_allowed: bool) -> None:
        """Take note of what a call met."""
        with self._lock:
            known = self._known[account]
            if is_allowed:
                known.met.pop(action, None)
                known.denied.discard(action)
            else:
                known.met[action] = Instant(self._clock.now() + MEMORY)

    def checked(self, account: AccountId, missing: Missing) -> tuple[Finding, ...]:
        """Take note of what a check found; what it found allowed is tried again."""
        with self._lock:
            known = self._known[account]
            known.denied, known.unknown = set(missing.denied), missing.unknown
            known.met = {
                action: until for action, until in known.met.items() if action in missing.unknown
            }
        return self.findings(account)

    def denied(
        self, account: AccountId, features: Collection[str], *, is_home: bool = False
    ) -> tuple[str, ...]:
        """Name the actions of some features that are known to be denied, in order."""
        if account not in self._known:
            # Such as a workspace: nobody asks it for permissions.
            return ()
        wanted = self._wanted(account)
        actions = [action for name in wanted if name in features for action in wanted[name]]
        refused = self._refused(account)
        if is_home:
            refused &= self._for_destinations
        return tuple(dict.fromkeys(action for action in actions if action in refused))

    def findings(self, account: AccountId) -> tuple[Finding, ...]:
        """Say of each feature how it stands in an account now."""
        refused = self._refused(account)
        with self._lock:
            unknown = self._known[account].unknown - refused
        missing = Missing(denied=refused, unknown=unknown)
        return findings(account, self._wanted(account), missing)

    def lacks(self) -> Mapping[tuple[str, str], bool]:
        """Say of each account and feature whether the feature is off."""
        return {
            (account, finding.feature.name): finding.state is State.OFF
            for account in self._known
            for finding in self.findings(account)
        }

    def _refused(self, account: AccountId) -> frozenset[str]:
        now = self._clock.now()
        with self._lock:
            known = self._known[account]
            # One that counts for longer was met by a clock that has been set back since.
            met = {action for action, until in known.met.items() if now < until <= now + MEMORY}
            return frozenset(known.denied | met)
