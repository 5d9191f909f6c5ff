"""What applies to one credential: policy's periods, the provider's traits, our limits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from rotator.core.consumers import Consumers

if TYPE_CHECKING:
    from rotator.core.facts import DestinationRef


class Mode(StrEnum):
    """Whether anything may be changed at all."""

    PLAN = "plan"
    ENFORCE = "enforce"


class IfStillUsed(StrEnum):
    """What to do with an old key that is used past the longest grace."""

    HOLD = "hold"
    DISABLE = "disable"


class IfDrifted(StrEnum):
    """What to do about a destination that no longer carries a current key that works."""

    REPORT = "report"
    REPAIR = "repair"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grace:
    """How the old key is let go.

    Attributes:
        min_period: Both keys stay enabled at least this long after promotion.
        unused_for: The old key must have been quiet this long.
        max_period: After this a key that is still used is a finding.
        quarantine_period: From disabled until deleted.
        if_still_used: What `max_period` leads to.
        accept_blind: Policy stands in for a provider that tells no last use.
    """

    min_period: timedelta = timedelta(hours=24)
    unused_for: timedelta = timedelta(hours=24)
    max_period: timedelta = timedelta(days=7)
    quarantine_period: timedelta = timedelta(hours=48)
    if_still_used: IfStillUsed = IfStillUsed.HOLD
    accept_blind: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a rotation starts; `core.before` holds the arithmetic (I9).

    Attributes:
        max_age: No key that we manage gets older.
        rotate_after: A rotation starts at this age, plus its jitter.
        jitter: Width of the spread after `rotate_after`; greater than zero.
    """

    max_age: timedelta = timedelta(days=90)
    rotate_after: timedelta = timedelta(days=67)
    jitter: timedelta = timedelta(days=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a provider is like; facts of its API, not policy.

    Attributes:
        max_keys: Keys that a principal may have; None without a limit.
        can_disable: Whether a key can be switched off reversibly.
        can_report_use: Whether a key's last use can be read.
        can_tell_minter: Whether the provider's log tells whose call made a key.
        marks_keys: Whether the provider carries our rotation id on the key from
            birth, so that attribution is exact.
        has_grants: Whether each key is granted things of its own, which its
            successor needs, too.
        keys_expire: Whether the provider ends keys by itself, and lists when.
        signature_window: How long after its making a signed request may land; of a
            credential, one to its provider or to where its key is published.
        list_lag: How stale a listing may be.
        use_quantum: Coarseness of the last use; later uses inside it are not shown.
    """

    max_keys: int | None = 2
    can_disable: bool = True
    can_report_use: bool = True
    can_tell_minter: bool = False
    marks_keys: bool = False
    has_grants: bool = False
    keys_expire: bool = False
    signature_window: timedelta = timedelta(minutes=5)
    list_lag: timedelta = timedelta(minutes=1)
    use_quantum: timedelta = timedelta(minutes=15)

    def landing_within(self, window: timedelta) -> Traits:
        """Return them beside a place of publication where requests may land so late, too."""
        return replace(self, signature_window=max(self.signature_window, window))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Our own patience; settings with safe defaults, so that tests can be quick.

    Attributes:
        clock_skew: Largest difference to the provider's clock that we act under.
        lease_period: How long one replica may drive a credential without a commit.
        mint_budget: How long after its intent a mint may still be sent; the
            shorter, the sooner a lost answer can be judged.
        check_interval: How often a hold, a grace or a quarantine is looked at.
        inspect_interval: How often an idle credential is looked at.
        verify_timeout: How long a new key may take to be accepted.
        verify_successes: Acceptances in a row that prove a key.
        verify_attempts: Failed verifications after which a key is discarded.
        suspect_observation: How long a suspect is only watched.
        suspect_quarantine: How long a suspect stays disabled before it is deleted.
        audit_lag: Age of the oldest unwritten audit record that stops new starts.
    """

    clock_skew: timedelta = timedelta(minutes=5)
    lease_period: timedelta = timedelta(seconds=120)
    mint_budget: timedelta = timedelta(seconds=30)
    check_interval: timedelta = timedelta(hours=1)
    inspect_interval: timedelta = timedelta(hours=6)
    verify_timeout: timedelta = timedelta(seconds=120)
    verify_successes: int = 3
    verify_attempts: int = 3
    suspect_observation: timedelta = timedelta(hours=24)
    suspect_quarantine: timedelta = timedelta(days=7)
    audit_lag: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Everything but facts that a decision about one credential rests on.

    Attributes:
        owner: This installation's name; the owner tag of its destinations.
        policy: SHA-256 of the policy that they are from; None where nobody said.
        if_drifted: Whether drift is only told or repaired, too.
        can_read_back: Whether a staged secret can be read again after a restart.
        is_rule_known: Whether policy's rule for it is; until its tags are read it may not be.
        followers: The credential's other places, which are kept like the first one.
        consumers: Who reads it, and what they must have shown before the old key goes.
    """

    rule: str = "defaults"
    owner: str = "rotator"
    policy: str | None = None
    mode: Mode = Mode.ENFORCE
    if_drifted: IfDrifted = IfDrifted.REPORT
    schedule: Schedule = field(default_factory=Schedule)
    grace: Grace = field(default_factory=Grace)
    traits: Traits = field(default_factory=Traits)
    limits: Limits = field(default_factory=Limits)
    can_read_back: bool = True
    is_rule_known: bool = True
    followers: tuple[DestinationRef, ...] = ()
    consumers: Consumers = field(default_factory=Consumers)
