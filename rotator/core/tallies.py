"""What the journal holds, as numbers: for metrics, whose cost must not grow with the keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotator.core.ids import Instant
from rotator.core.policy import DEFAULT_RULE, merged
from rotator.core.rotation import Action, Role

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from rotator.core.accounts import Account
    from rotator.core.notices import Delivery
    from rotator.core.policy import Policy
    from rotator.core.reasons import Reason
    from rotator.core.rotation import Phase

MANAGED_ROLES = (Role.CURRENT, Role.PREVIOUS, Role.PENDING)
"""Roles of keys that consumers read, still use or are about to read."""

LIVE_ROLES: tuple[Role, ...] = tuple(role for role in Role if role is not Role.GONE)
"""Roles of keys that exist at their provider."""

TRUSTED_INSPECTIONS = 3
"""A key that no listing showed for so many inspection intervals is not vouched for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeLimits:
    """How old keys may get, by the rule that their credential is under.

    Attributes:
        by_rule: The limit of each rule of the policy in force, and of its defaults.
        otherwise: The limit under any other name, which an older policy gave.
    """

    by_rule: Mapping[str, timedelta]
    otherwise: timedelta

    def of(self, rule: str) -> timedelta:
        """Return the limit under one rule."""
        return self.by_rule.get(rule, self.otherwise)


def age_limits(policy: Policy) -> AgeLimits:
    """Collect the limits of a policy.

    Which limit a credential under a rule that is gone has depends on the principal and
    its tags, and is known after the next scan. Until then the shortest one counts:
    rather one alarm too many than one too few.
    """
    by_rule = {
        rule.name: merged(policy.defaults, rule.overrides)[0].max_age for rule in policy.rules
    }
    by_rule.setdefault(DEFAULT_RULE, merged(policy.defaults)[0].max_age)
    return AgeLimits(by_rule=by_rule, otherwise=min(by_rule.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """By what to count.

    Attributes:
        now: The present.
        limits: How old keys may get.
        stale_after: A key that a listing last showed so long ago is not vouched for.
        ages: Ages to count the keys by, ascending.
    """

    now: Instant
    limits: AgeLimits
    stale_after: timedelta
    ages: tuple[timedelta, ...] = ()

    def born_before(self, rule: str) -> Instant:
        """Return the birth of a key that is exactly as old as a rule lets it get."""
        return Instant(self.now - self.limits.of(rule))

    @property
    def stale_before(self) -> Instant:
        """Return the latest time of a listing that is too long ago."""
        return Instant(self.now - self.stale_after)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceTally:
    """The credentials of one account that one rule is about.

    Keys are *managed* if they are enabled, exist, and have one of `MANAGED_ROLES`.

    Attributes:
        credentials: How many there are.
        failing: Of how many the last try failed.
        keyless: Of how many a look showed that they have no enabled key at all.
        keys: How many keys exist, by role; roles without any may be missing.
        enabled: How many of those are enabled, in the same way.
        managed: How many keys are managed.
        overaged: How many of these are older than the limit.
        unvouched: How many of the others no listing has shown for too long.
        older: How many are older than each of the question's ages.
        oldest_at: When the oldest managed key was made.
        due_at: When the earliest next rotation is due.
        expires_at: When a provider ends the first current key by itself, also if it is
            listed no more.
    """

    provider: str
    account: str
    rule: str
    action: Action
    credentials: int
    failing: int = 0
    keyless: int = 0
    keys: Mapping[Role, int] = field(default_factory=dict)
    enabled: Mapping[Role, int] = field(default_factory=dict)
    managed: int = 0
    overaged: int = 0
    unvouched: int = 0
    older: tuple[int, ...] = ()
    oldest_at: Instant | None = None
    due_at: Instant | None = None
    expires_at: Instant | None = None

    @property
    def is_promised(self) -> bool:
        """Whether rotator is to keep these keys young."""
        return self.action is Action.ROTATE

    @property
    def unknown(self) -> int:
        """How many keys are not vouched for; a credential without a working one is one.

        Not so one that has no key at all: nothing of it gets older.
        """
        without = self.credentials - self.enabled.get(Role.CURRENT, 0) - self.keyless
        return self.unvouched + max(without, 0)

    @property
    def compliant(self) -> int:
        """How many managed keys are surely as young as policy wants them."""
        return self.managed - self.overaged - self.unvouched


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldTally:
    """How many of a provider's credentials are held for one reason."""

    provider: str
    reason: Reason
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseTally:
    """How many of a provider's open rotations are in one phase, and since when the first is."""

    provider: str
    phase: Phase
    count: int
    since: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeTally:
    """How many notices stand how on one channel, and since when the oldest of them does."""

    channel: str
    delivery: Delivery
    count: int
    oldest_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The journal in numbers, all of one moment; groups without anything in them are missing.

    Attributes:
        places: Of which credentials there are; at most one for each rule, account,
            provider and action.
        holds: Credentials on hold.
        phases: Open rotations.
        accounts: What people said about accounts.
        notices: Notices that nobody was told of yet, or for good.
        sealed: How many records the audit chain has.
        unsealed: How many records wait for their place in it.
    """

    places: tuple[PlaceTally, ...] = ()
    holds: tuple[HoldTally, ...] = ()
    phases: tuple[PhaseTally, ...] = ()
    accounts: tuple[Account, ...] = ()
    notices: tuple[NoticeTally, ...] = ()
    sealed: int = 0
    unsealed: int = 0
