"""What really is at a fake provider: keys with their histories, and its habits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rotator.core.ids import Instant, KeyId, RotationId
    from rotator.testing.wire import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How slow, coarse and wrong a fake provider is.

    Attributes:
        name: The provider's name in its principals.
        max_keys: Keys that a principal may have; None without a limit.
        list_lag: How old the truth is that a listing shows.
        activation_lag: How long a new or re-enabled key is not accepted yet.
        revocation_lag: How long a disabled or deleted key is still accepted.
        report_lag: How long a use is not reported yet.
        trail_lag: How long the vendor's log does not show a mint yet.
        use_quantum: A use this soon after the last recorded one is not recorded.
        signature_window: How long after its making a request may land.
        clock_offset: The provider's clock minus the true time.
        marks_keys: Whether keys carry their rotation from birth.
    """

    name: str = "fake"
    max_keys: int | None = 2
    list_lag: timedelta = timedelta(0)
    activation_lag: timedelta = timedelta(0)
    revocation_lag: timedelta = timedelta(0)
    report_lag: timedelta = timedelta(0)
    trail_lag: timedelta = timedelta(0)
    use_quantum: timedelta = timedelta(minutes=15)
    signature_window: timedelta = timedelta(minutes=5)
    clock_offset: timedelta = timedelta(0)
    marks_keys: bool = False

    @property
    def slowest(self) -> timedelta:
        """The time after which all that was done is visible everywhere but in the log."""
        lags = (self.list_lag, self.activation_lag, self.revocation_lag, self.report_lag)
        return max(lags) + timedelta(seconds=1)


@dataclass(slots=True, kw_only=True)
class FakeKey:
    """One key as it really is; every instant is the true time.

    Attributes:
        owner_uid: The uid of the principal that it belongs to.
        minter: Whose hand made it.
        minted_for: The rotation whose request made it, as the vendor's log has it.
        switches: When it was switched on or off, oldest first.
        uses: Every accepted use.
        recorded: The uses that the provider keeps for its reports.
    """

    key_id: KeyId
    secret: str
    owner_uid: str
    minter: Actor
    created_at: Instant
    rotation: RotationId | None = None
    minted_for: RotationId | None = None
    switches: list[tuple[Instant, bool]] = field(default_factory=list)
    deleted_at: Instant | None = None
    uses: list[Instant] = field(default_factory=list)
    recorded: list[tuple[Instant, str]] = field(default_factory=list)

    def exists_at(self, at: Instant) -> bool:
        """Whether it was made and not yet deleted."""
        return self.created_at <= at and (self.deleted_at is None or at < self.deleted_at)

    def is_enabled_at(self, at: Instant) -> bool:
        """Whether it was switched on; a key is born on."""
        return next((on for when, on in reversed(self.switches) if when <= at), True)

    def is_accepted_at(self, at: Instant, habits: Habits) -> bool:
        """Whether the provider lets it in, with all that has not spread yet."""
        if at < self.created_at + habits.activation_lag:
            return False
        if self.deleted_at is not None and at >= self.deleted_at + habits.revocation_lag:
            return False
        accepted = True
        for when, on in self.switches:
            lag = habits.activation_lag if on else habits.revocation_lag
            if when + lag <= at:
                accepted = on
        return accepted

    def record_use(self, at: Instant, service: str, quantum: timedelta) -> None:
        """Keep a use, as coarsely as the provider does."""
        self.uses.append(at)
        if not self.recorded or at - self.recorded[-1][0] >= quantum:
            self.recorded.append((at, service))
