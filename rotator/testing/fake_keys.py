"""What really is at a fake provider: keys with their histories, and its habits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.facts import LastUsed, Minter
from rotator.core.ids import Instant
from rotator.testing.wire import Actor

if TYPE_CHECKING:
    from rotator.core.ids import KeyId, RotationId


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
        lifetime: How long a key lives that we mint; None without an end.
        lifetime_by_hand: How long one lives that a human mints.
        unlists_expired: Whether a key that has ended by itself is listed no more.
        reuses_ids: Whether a new key is given the id of the newest that is gone, as by
            a database that counts on from what it holds.
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
    lifetime: timedelta | None = None
    lifetime_by_hand: timedelta | None = None
    unlists_expired: bool = False
    reuses_ids: bool = False

    @property
    def slowest(self) -> timedelta:
        """The time after which all that was done is visible everywhere but in the log."""
        lags = (self.list_lag, self.activation_lag, self.revocation_lag, self.report_lag)
        return max(lags) + timedelta(seconds=1)

    @property
    def keys_expire(self) -> bool:
        """Whether any keys end by themselves."""
        return bool(self.lifetime or self.lifetime_by_hand)

    def end_of(self, made_at: Instant, *, by_hand: bool) -> Instant | None:
        """Say when a key ends by itself that is made now."""
        life = self.lifetime_by_hand if by_hand else self.lifetime
        return Instant(made_at + life) if life else None


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
    expires_at: Instant | None = None
    uses: list[Instant] = field(default_factory=list)
    recorded: list[tuple[Instant, str]] = field(default_factory=list)

    def exists_at(self, at: Instant) -> bool:
        """Whether it was made and not yet deleted."""
        return self.created_at <= at and (self.deleted_at is None or at < self.deleted_at)

    def is_kept_at(self, at: Instant, habits: Habits) -> bool:
        """Whether the provider still knows it; some forget a key that has ended by itself."""
        return self.exists_at(at) and not (habits.unlists_expired and self.has_expired_at(at))

    def end_by(self, offset: timedelta) -> Instant | None:
        """Say when it ends by itself, by a clock that is so far ahead."""
        return Instant(self.expires_at + offset) if self.expires_at else None

    def has_expired_at(self, at: Instant) -> bool:
        """Whether it has ended by itself."""
        return self.expires_at is not None and at >= self.expires_at

    def is_enabled_at(self, at: Instant) -> bool:
        """Whether it was switched on; a key is born on."""
        return next((on for when, on in reversed(self.switches) if when <= at), True)

    def is_accepted_at(self, at: Instant, habits: Habits) -> bool:
        """Whether the provider lets it in, with all that has not spread yet."""
        if at < self.created_at + habits.activation_lag:
            return False
        if self.deleted_at is not None and at >= self.deleted_at + habits.revocation_lag:
            return False
        if self.has_expired_at(at):
            return False
        accepted = True
        for when, on in self.switches:
            lag = habits.activation_lag if on else habits.revocation_lag
            if when + lag <= at:
                accepted = on
        return accepted

    def last_use_at(self, at: Instant, habits: Habits) -> LastUsed:
        """Tell the last recorded use that is old enough to be reported."""
        shown_at = at - habits.report_lag
        uses = [item for item in self.recorded if item[0] <= shown_at]
        if not uses:
            return LastUsed(at=None)
        when, service = uses[-1]
        return LastUsed(
            at=Instant(when + habits.clock_offset), service=service, region="eu-central-1"
        )

    def minter_at(
        self, at: Instant, habits: Habits, rotation: RotationId, span: tuple[Instant, Instant]
    ) -> Minter:
        """Tell who minted it inside a span of the vendor's time, once the log shows it."""
        made_at = Instant(self.created_at + habits.clock_offset)
        if not span[0] <= made_at <= span[1] or at < self.created_at + habits.trail_lag:
            return Minter.UNKNOWN
        if self.minter is Actor.HUMAN:
            return Minter.SOMEBODY_ELSE
        return Minter.OURS if self.minted_for == rotation else Minter.UNKNOWN

    def record_use(self, at: Instant, service: str, quantum: timedelta) -> None:
        """Keep a use, as coarsely as the provider does."""
        self.uses.append(at)
        if not self.recorded or at - self.recorded[-1][0] >= quantum:
            self.recorded.append((at, service))
