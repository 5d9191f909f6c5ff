"""What the shell is handed: ports, and the terms that apply."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotator.core.terms import Limits
from rotator.reconcile.late import LateRecords

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import timedelta

    from rotator.core.events import ProviderCall
    from rotator.core.ids import AccountId
    from rotator.core.rotation import Credential
    from rotator.core.secret import Secret
    from rotator.core.terms import Terms
    from rotator.ports.clock import Chance, Clock
    from rotator.ports.consumers import Consumers
    from rotator.ports.destination import Destination
    from rotator.ports.evidence import AuditGate, CallTrail, Fingerprints, Telemetry
    from rotator.ports.journal import Journal
    from rotator.ports.permissions import Permits
    from rotator.ports.provider import KeyProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How fast an account's destinations may be written.

    Attributes:
        rate: Writes per second that are allowed in the long run.
        burst: Writes that may come at once; at least `per_rotation`.
        per_rotation: Writes that one rotation needs until it is promoted; they
            are reserved before the mint, for a key that cannot be stored is lost.
    """

    rate: float = 10.0
    burst: int = 30
    per_rotation: int = 3


@dataclass(frozen=True, slots=True)
class NothingDenied:
    """A `Permits` that knows of no refusal, so that everything is tried."""

    def denied(
        self, account: AccountId, features: Collection[str], *, is_home: bool = False
    ) -> tuple[str, ...]:
        """Name nothing."""
        del account, features, is_home
        return ()


@dataclass(frozen=True, slots=True)
class NoCalls:
    """A `CallTrail` of somebody who is told of no call."""

    def taken(self) -> tuple[ProviderCall, ...]:
        """Name none."""
        return ()

    def has_change(self) -> bool:
        """Know of none."""
        return False


@dataclass(frozen=True, slots=True)
class NoFingerprints:
    """A `Fingerprints` without a key."""

    def of(self, secret: Secret) -> str | None:
        """Make none."""
        del secret
        return None


def _ignore_skew(provider: str, skew: timedelta) -> None:
    del provider, skew


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The outside, as ports.

    Attributes:
        providers: By provider name; the journal may know more than are configured.
        destinations: By destination kind.
        terms_for: Policy, traits and limits for a credential, as of now.
        lease_period: How long a claim lasts until its first commit.
        on_skew: Is told how far a provider's clock is ahead of ours, with its name.
        permits: What our own identity is known not to be allowed.
        calls: Which requests were sent, for the records that tell of them.
        fingerprints: Recognises a secret that we made.
        consumers: Who reads the destinations in a cluster; None where none is configured.
        late: What was done and could not be written yet.
    """

    journal: Journal
    providers: Mapping[str, KeyProvider]
    destinations: Mapping[str, Destination]
    clock: Clock
    chance: Chance
    terms_for: Callable[[Credential], Terms]
    gate: AuditGate
    telemetry: Telemetry
    budget: Budget = Budget()
    lease_period: timedelta = Limits().lease_period
    on_skew: Callable[[str, timedelta], None] = _ignore_skew
    permits: Permits = NothingDenied()
    calls: CallTrail = NoCalls()
    fingerprints: Fingerprints = NoFingerprints()
    consumers: Consumers | None = None
    late: LateRecords = field(default_factory=LateRecords)
